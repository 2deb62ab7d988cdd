"""What consumers are tried with."""

import dataclasses
import gc

from . import _core
from .isolation import Crashed, isolated_each

_PIL, _FORTRAN, _WRITABLE = _core.ND_PIL, _core.ND_FORTRAN, _core.ND_WRITABLE


@dataclasses.dataclass(frozen=True)
class Case:
    """An exporter to try a consumer with. `make` makes one; `content` is what it exports, in C order."""

    name: str
    make: object
    content: bytes
    # Whether it breaks a rule, such that a consumer that checks what it gets survives.
    hostile: bool = False


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a consumer did wrong: kind is "crash", "wrong-bytes", "leak" or "protocol"."""

    case: str
    kind: str
    message: str

    def as_dict(self):
        return dataclasses.asdict(self)

    def __str__(self):
        return f"{self.kind}: {self.case}: {self.message}"


def _numbers(count):
    return [n % 100 + 1 for n in range(count)]


def _arrays():
    """Names and the arguments of ndarrays that do everything right."""
    for code, value in [("B", 0), ("h", 0), (">i", 0), ("<q", 0), ("d", 0.5), ("?", 0), ("e", 0.5), ("c", b"x"), ("3s", b"abc"), ("hb", (1, 2))]:
        items = [value if isinstance(value, (bytes, tuple)) else n + value for n in _numbers(6)]
        if code == "?":
            items = [1, 0, 1, 1, 0, 0]
        yield f"items of format {code}", items, dict(shape=[6], format=code)
    for name, shape, strides, offset in [
        ("every other item", [6], [4], 0),
        ("reversed", [12], [-2], 22),
        ("the same item again and again", [6], [0], 2),
        ("a part of a matrix", [2, 2], [12, 2], 2),
        ("a part of a cube, backwards", [2, 2, 3], [-12, 6, 2], 12),
        ("two rows in reverse", [2, 3], [-12, 2], 12),
    ]:
        yield name, _numbers(12), dict(shape=shape, strides=strides, offset=offset, format="h")
    yield "Fortran order", _numbers(12), dict(shape=[3, 4], format="h", flags=_FORTRAN)
    yield "Fortran order, three axes", _numbers(12), dict(shape=[2, 3, 2], format="B", flags=_FORTRAN)
    yield "pointers", _numbers(12), dict(shape=[3, 4], format="h", flags=_PIL)
    yield "pointers, bytes", _numbers(12), dict(shape=[3, 4], format="B", flags=_PIL)
    yield "no axes", 7, dict(shape=[], format="i")
    yield "no items", [1] * 6, dict(shape=[0], format="h")
    yield "no items along one of two axes", [1] * 6, dict(shape=[3, 0], format="h")
    yield "axes of one item", [5], dict(shape=[1] * 8, format="B")
    yield "64 axes", [1, 2], dict(shape=[2] + [1] * 63, format="B")


def _make(items, arguments, flags):
    return _core.ndarray(items, **{**arguments, "flags": arguments.get("flags", 0) | flags})


def cases(hostile=True):
    """The exporters of try_consumer: Case objects. Without `hostile` only those that break no rule."""
    for name, items, arguments in _arrays():
        for flags, more in (_WRITABLE, ""), (0, ", read-only"):
            make = lambda items=items, arguments=arguments, flags=flags: _make(items, arguments, flags)
            yield Case(name + more, make, make().tobytes())
    plain = lambda **more: _core.ndarray(_numbers(6), shape=[2, 3], format="h", flags=_WRITABLE, **more)
    content = plain().tobytes()
    # Answers of an exporter that has less to say than it is asked for.
    for name in "SIMPLE ND STRIDES FORMAT|ND".split():
        request = 0
        for part in name.split("|"):
            request |= getattr(_core, f"PyBUF_{part}")
        base = plain()
        yield Case(f"an answer to PyBUF_{name}", lambda r=request, b=base: _core.ndarray(b, getbuf=r), content)
    yield Case(
        "refuses everything",
        lambda: _core.ndarray(_numbers(6), shape=[6], format="h", flags=_core.ND_GETBUF_FAIL | _WRITABLE),
        None,
    )
    if hostile:
        for fault in (
            "failure-without-error other-error nothing-answered outcome refused len-of-shape"
            " suboffsets-negative unasked-format unasked-shape unasked-strides missing-format format"
        ).split():
            yield Case(f"faulty: {fault}", lambda fault=fault: _core.faulty(plain(), fault), content, True)


def _read(obj):
    """The bytes of an exporter in C order; None of any other object, and of an array of objects, which holds the exporter."""
    if not _core.is_exporter(obj):
        return None
    try:
        with _core.memoryview(obj) as view:
            return None if view.format == "O" else view.tobytes()
    except Exception:
        return None


def _judge(result, case, expected, given):
    """What is wrong with a result, or None. An exporter is right with the bytes of the array, too, unless it is given what to
    expect: a consumer may copy them, or work something out."""
    read = _read(result)
    if not given and read == case.content:
        return None
    right = expected(case)
    if _core.is_exporter(result) and _core.is_exporter(right):
        if read is None or read == _read(right):
            return None
        return _short(read), _short(_read(right))
    if type(result).__eq__ is object.__eq__:
        raise TypeError(f"results of the type '{type(result).__name__}' cannot be compared; return bytes, or a number")
    return None if result == right else (_short(result), _short(right))


def _once(consumer, case, expected, given):
    """The verdict on one case, as (kind, message), or None. What is left of a call is judged by what is left of two."""
    left = []
    for _ in range(2):
        exporter = case.make()
        try:
            result = consumer(exporter)
        except SystemError as error:
            if not case.hostile:
                return "protocol", f"SystemError: {error}"
        except Exception:
            # Refused, which is always right.
            pass
        else:
            if case.content is None:
                if _core.is_exporter(result) and _read(result) is not None:
                    return "wrong-bytes", "reads an exporter that refuses every request"
            elif not case.hostile:
                wrong = _judge(result, case, expected, given)
                if wrong is not None:
                    return "wrong-bytes", "the result is {}, not {}".format(*wrong)
            result = None
        if exporter.exports:
            gc.collect()
        left.append(exporter.exports)
    if all(left) and not case.hostile:
        return "leak", f"{left[0]} views have not been released"
    return None


def _short(result):
    text = repr(result)
    return text if len(text) < 60 else text[:57] + "..."


def try_consumer(consumer, *, expected=None, only=None, hostile=True, isolate=True):
    """Calls `consumer(exporter)` with each of cases(hostile), and returns a Verdict for each that went wrong.

    A consumer may refuse an exporter with any exception but SystemError. What it returns must equal what it returns for the
    bytes that the array has in C order; where it is an exporter, it may also be these bytes. `expected(case)` says something else. Views that it still holds when its
    result is gone, both times that it is called, are a leak. `isolate` calls it in a copy of the process for each case, so
    that a crash is a verdict, too. `only` is a function of a Case, or None for all.
    """
    tried = [case for case in cases(hostile) if only is None or only(case)]
    try_one = lambda case: _once(consumer, case, expected or (lambda case: consumer(case.content)), expected is not None)
    if isolate:
        verdicts = isolated_each(try_one, tried)
    else:
        verdicts = list(map(try_one, tried))
    wrong = []
    for case, verdict in zip(tried, verdicts):
        if isinstance(verdict, Crashed):
            wrong.append(Verdict(case.name, "crash", f"the process has {verdict}"))
        elif isinstance(verdict, Exception):
            raise verdict
        elif verdict is not None:
            wrong.append(Verdict(case.name, *verdict))
    return wrong
