"""Conversions of numbers as NumPy's astype makes them: what tests/model/numbers.rs compares this library with.

    numbers_oracle.py SEED COUNT

Prints lines "FORMAT TYPE ITEMS NUMBERS DIRECTION", where ITEMS are COUNT items of the format, and NUMBERS the same of a
type of C's, both hexadecimal. DIRECTION is "to" where NUMBERS were made of ITEMS, "from" where ITEMS were made of NUMBERS.
Only numbers that both types have room for are made: what NumPy makes of others depends on the machine.
"""

import platform
import random
import sys

import numpy as np

NATIVE = {code: np.dtype(code) for code in "?bBhHiIlLqQefd"}
NATIVE["n"], NATIVE["N"] = np.dtype(np.intp), np.dtype(np.uintp)
if platform.machine() == "x86_64":
    NATIVE["g"] = np.dtype("g")
STANDARD = {"?": "?", "b": "i1", "B": "u1", "h": "i2", "H": "u2", "i": "i4", "I": "u4", "l": "i4", "L": "u4", "q": "i8",
            "Q": "u8", "e": "f2", "f": "f4", "d": "f8"}
TYPES = {"double": np.dtype("f8"), "float": np.dtype("f4"), "int64": np.dtype("i8"), "uint64": np.dtype("u8")}


def formats():
    for code, dtype in NATIVE.items():
        yield code, dtype
        yield "@" + code, dtype
    for prefix, order in (("=", "="), ("<", "<"), (">", ">"), ("!", ">")):
        for code, name in STANDARD.items():
            yield prefix + code, np.dtype(name).newbyteorder(order)
        if "g" in NATIVE:
            yield prefix + "g", NATIVE["g"].newbyteorder(order)


def integer_range(dtype):
    """The least and the greatest integer of a type; what is a float has them all."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return int(info.min), int(info.max)
    return (0, 1) if dtype.kind == "b" else (-2**64, 2**64)


def number(rng, source, target):
    """A Python number that a source has room for, and a target too once it is converted."""
    least = max(integer_range(source)[0], integer_range(target)[0])
    most = min(integer_range(source)[1], integer_range(target)[1])
    if source.kind == "f" and source.itemsize == 2:
        least, most = max(least, -65504), min(most, 65504)
    if target.kind == "b":
        least, most = integer_range(source)
    if source.kind != "f":
        bits = rng.randrange(most.bit_length() + 1)
        value = rng.choice([least, most, rng.randrange(least, most + 1), rng.randrange(2**bits), -rng.randrange(2**bits)])
        return min(max(value, least), most)
    if target.kind in "iu":
        value = rng.uniform(-1, 1) * 2.0 ** rng.randrange(-2, 66)
        # A float of 16 bits, or of 32, next to the bounds may round beyond them.
        return value if least <= value <= most * (1 - 2.0**-8) else rng.choice([0.0, 0.75, 1.5, 7.0])
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice([0.0, -0.0, 1.0, float("inf"), float("-inf"), 65504.0, 65519.0, 65520.0, 5e-324, 1e-7])
    if kind == 1:
        return rng.uniform(-70000, 70000)
    return rng.uniform(-1, 1) * 2.0 ** (rng.randrange(-1070, 1020) if kind == 2 else rng.randrange(-160, 130))


def main():
    rng = random.Random(int(sys.argv[1]))
    count = int(sys.argv[2])
    np.seterr(all="ignore")
    for format, dtype in formats():
        for name, ctype in TYPES.items():
            for direction, source, target in (("to", dtype, ctype), ("from", ctype, dtype)):
                numbers = np.array([number(rng, source, target) for _ in range(count)], dtype=source)
                if source.kind == "f" and source.itemsize == 16:
                    # Digits that a double has not.
                    numbers = (numbers * (1 + np.longdouble(2) ** -60)).astype(source)
                converted = numbers.astype(target)
                items, array = (numbers, converted) if direction == "to" else (converted, numbers)
                print(format, name, items.tobytes().hex(), array.tobytes().hex(), direction)


main()
