"""Python's buffer protocol (PEP 3118), checked: exporters, consumers, and a memoryview of any array.

check(obj) says which rules of the protocol an exporter breaks; try_consumer(function) feeds a consumer what exporters may export;
ndarray exports any array, faulty breaks one rule; memoryview reads and writes items of every format in any number of axes.
"""

from ._core import (
    cmp_contig,
    faults,
    faulty,
    from_dlpack,
    get_contiguous,
    get_pointer,
    is_contiguous,
    library_version,
    memoryview,
    ndarray,
    py_buffer_to_contiguous,
    zeros,
)
from . import _core
from .checks import SEVERITIES, Crashed, Finding, assert_exporter_ok, check
from .consumers import Case, Verdict, cases, try_consumer

_CONSTANTS = [name for name in dir(_core) if name.startswith(("PyBUF_", "ND_"))]
globals().update({name: getattr(_core, name) for name in _CONSTANTS})

__version__ = library_version

__all__ = [
    "SEVERITIES",
    "Case",
    "Crashed",
    "Finding",
    "Verdict",
    "assert_exporter_ok",
    "cases",
    "check",
    "cmp_contig",
    "faults",
    "faulty",
    "from_dlpack",
    "get_contiguous",
    "get_pointer",
    "is_contiguous",
    "library_version",
    "memoryview",
    "ndarray",
    "py_buffer_to_contiguous",
    "try_consumer",
    "zeros",
    *_CONSTANTS,
]
