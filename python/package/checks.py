"""The checker of exporters."""

import dataclasses
import functools
import gc

from . import _core
from .isolation import Crashed, isolated

# From the worst on.
SEVERITIES = ("crash", "wrong-bytes", "protocol", "cosmetic")

# What is asked of the memory, from the most that is taken on; the names of the requests.
_STRUCTURES = [
    (getattr(_core, f"PyBUF_{name}"), f"PyBUF_{name}")
    for name in "INDIRECT STRIDES ANY_CONTIGUOUS F_CONTIGUOUS C_CONTIGUOUS ND SIMPLE".split()
]
_WITH = [
    (_core.PyBUF_FORMAT, "|PyBUF_FORMAT"),
    (0, ""),
    (_core.PyBUF_WRITABLE | _core.PyBUF_FORMAT, "|PyBUF_WRITABLE|PyBUF_FORMAT"),
    (_core.PyBUF_WRITABLE, "|PyBUF_WRITABLE"),
]
# With one of these findings the memory may be smaller than an answer says.
_SIZES = ("len-of-shape", "differs-len", "differs-itemsize", "differs-ndim", "differs-shape", "differs-strides")
# Memory of more bytes is not read.
_LIMIT = 1 << 26


@dataclasses.dataclass(frozen=True)
class Finding:
    """A rule of the buffer protocol that an exporter breaks."""

    rule: str
    severity: str
    # The first request that shows it; "" and -1 where it concerns the answers as a whole.
    request: str
    flags: int
    message: str
    expected: str
    reference: str

    def as_dict(self):
        return dataclasses.asdict(self)

    def __str__(self):
        return f"{self.severity}: {self.message} [{self.rule}]\n    expected: {self.expected} ({self.reference})"


def _worst_first(findings):
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _without_collector(function):
    """Reference counts are compared, so nothing else may drop references meanwhile."""

    @functools.wraps(function)
    def wrapped(*arguments):
        enabled = gc.isenabled()
        gc.disable()
        try:
            return function(*arguments)
        finally:
            if enabled:
                gc.enable()

    return wrapped


def _contents(obj):
    """What each request reads: the bytes by the name of the request; and whether any answer may be written. None where two of
    the same read different bytes, or the exporter has no answer to compare with."""
    full = _core.content(obj, _core.PyBUF_FULL_RO, _LIMIT)
    if full is None or full != _core.content(obj, _core.PyBUF_FULL_RO, _LIMIT):
        return None
    read = {}
    for flags, name in _STRUCTURES:
        answer = _core.content(obj, flags, _LIMIT)
        if answer is not None:
            read[name, flags] = answer[0]
    return full[0], read, full[1]


@_without_collector
def _check(obj):
    found = [
        Finding(rule, severity, request, flags, message, expected, reference)
        for rule, severity, flags, request, message, expected, reference in _core.find_faults(obj)
    ]
    if any(finding.severity == "crash" or finding.rule in _SIZES for finding in found):
        # Nothing that it answers can be read safely.
        return _worst_first(found)
    try:
        contents = _contents(obj)
    except Exception:
        # Not an answer that can be walked, which has been found.
        contents = None
    if contents is None:
        return _worst_first(found)
    full, read, writable = contents
    wrong = [(name, flags) for (name, flags), content in read.items() if content != full]
    if not wrong and not writable:
        # Bytes that are made for each request, and nobody can write: the address says nothing.
        found = [finding for finding in found if finding.rule != "differs-buf"]
    if wrong and not any(finding.severity == "wrong-bytes" for finding in found):
        name, flags = wrong[0]
        found.append(
            Finding(
                "contents",
                "wrong-bytes",
                name,
                flags,
                f"{name}: reads other bytes than the request for everything",
                "the items of the same array, in C order",
                "PEP 3118, The new buffer protocol",
            )
        )
    return _worst_first(found)


def _first_crash(obj):
    """The first request that ends the process by itself, or whose answer does so when it is read."""
    requests = [
        (structure | with_flags, (name + more).replace("PyBUF_SIMPLE|", ""))
        for structure, name in _STRUCTURES
        for with_flags, more in _WITH
    ]
    for flags, name in requests:
        try:
            isolated(lambda flags: _core.content(obj, flags, _LIMIT), flags)
        except Crashed:
            return name, flags
        except Exception:
            pass
    return "", -1


def _crash(how, request="", flags=-1):
    return Finding(
        "crash",
        "crash",
        request,
        flags,
        (f"{request}: " if request else "") + f"the process has {how}",
        "an answer or BufferError",
        "Python/C API, Type Objects, bf_getbuffer",
    )


def check(obj, *, isolate=False, ignore=()):
    """The rules of the buffer protocol that `obj` breaks, the worst first; an empty list for a correct exporter.

    All requests are sent, alone and while other views are held. `isolate` does so in a copy of the process, and reports a crash
    like any other finding. `ignore` has names of rules and severities that are left out. TypeError where `obj` exports nothing.
    """
    if not _core.is_exporter(obj):
        raise TypeError(f"a bytes-like object is required, not '{type(obj).__name__}'")
    if isolate:
        try:
            found = isolated(_check, obj)
        except Crashed as error:
            found = [_crash(str(error), *_first_crash(obj))]
    else:
        found = _check(obj)
    return [finding for finding in found if finding.rule not in ignore and finding.severity not in ignore]



def assert_exporter_ok(obj, *, isolate=False, ignore=()):
    """AssertionError with all findings where `obj` breaks a rule."""
    __tracebackhide__ = True
    found = check(obj, isolate=isolate, ignore=ignore)
    if found:
        name = type(obj).__name__
        raise AssertionError(f"{name} breaks {len(found)} rules of the buffer protocol:\n" + "\n".join(map(str, found)))
