"""Writes arrays of many kinds, as NumPy saves them, and as Python 2's did, and beside each the CSV that npy.c must make of it:
npy.py DIRECTORY"""

import pathlib
import sys

import numpy as np


def number(value, itemsize):
    if -1e15 < value < 1e15 and value == int(value):
        return f"{value:.0f}"
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if np.float32(text) == np.float32(value) if itemsize <= 4 else float(text) == float(value):
            break
    return text


def text_of(value):
    return '"' + value.replace('"', '""') + '"'


def cells(dtype, value):
    """The cells of one item, from left to right."""
    if dtype.subdtype:
        base = dtype.base
        return [cell for part in value.reshape(-1) for cell in cells(base, part)]
    if dtype.names:
        return [cell for name in dtype.names for cell in cells(dtype[name], value[name])]
    match dtype.kind:
        case "b":
            return ["true" if value else "false"]
        case "i" | "u":
            return [str(int(value))]
        case "M" | "m":
            return [str(value.astype("i8"))]
        case "f":
            return [number(float(value), dtype.itemsize)]
        case "c":
            size = 4 if dtype.itemsize <= 8 else 8
            return [number(float(part), size) for part in (value.real, value.imag)]
        case "U":
            return [text_of(str(value))]
        case "S" | "V":
            data = bytes(value) if dtype.kind == "S" else value.tobytes()
            return [text_of("".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in data))]


def csv(array):
    """A line for each item of one axis, or for each row of several."""
    if array.size == 0:
        return ""
    rows = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(-1, 1)
    return "".join(",".join(cell for item in row for cell in cells(array.dtype, item)) + "\n" for row in rows)


def arrays():
    numbers = np.arange(-12, 12).reshape(4, 6)
    for kind in ("i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8"):
        yield "integers-" + kind.replace("<", "little-").replace(">", "big-"), (numbers * 7).astype(kind)
    for kind in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16", "g", "G"):
        values = numbers / 7 * (1 if np.dtype(kind).kind == "f" else 1 + 0.1j)
        yield "floats-" + kind.replace("<", "little-").replace(">", "big-"), values.astype(kind)
    yield "no-numbers", np.array([np.inf, -np.inf, 1e300, 5e-324, -0.0, 1e15, 123456789.125])
    yield "truth", np.array([[True, False], [False, True]])
    yield "text", np.array(["", "a", 'q"uote', "caf\xe9", "\u20ac", "\U0001f40d", "a\0b"])
    yield "text-big", np.array(["one", "zwei", "\u20ac"], ">U5")
    yield "bytes", np.array([b"", b"a", b'q"', b"\xff\x01", b"a\0b"])
    yield "void", np.frombuffer(b"abc\0\xff\"ghi\0\0\0", "V4")
    yield "void-of-one", np.frombuffer(b"a\0b", "V1")
    yield "dates", np.array(["2024-02-29", "1969-12-31"], "<M8[s]")
    yield "spans", np.array([[1, -2]], ">m8[25us]")
    yield "no-axes", np.array(42, "<i2")
    yield "one-axis", np.arange(5.0)
    yield "three-axes", np.arange(24, dtype="<u2").reshape(2, 3, 4)
    yield "fortran", np.asfortranarray(np.arange(24, dtype="<u2").reshape(2, 3, 4))
    yield "fortran-text", np.asfortranarray(np.array([["a", "b", "c"], ["d", "e", "f"]]))
    yield "empty", np.zeros(0, "<i4")
    yield "empty-rows", np.zeros((3, 0), "<i4")
    yield "no-rows", np.zeros((0, 3), "<f8")
    inner = np.dtype([("a", "<i2"), ("b", ">f8", (2,))], align=True)
    records = np.zeros(3, np.dtype([("first", "?"), ("inner", inner), ("raw", "V3"), ("name", "U2"), ("last", "S3")],
                                   align=True))
    records["first"] = [True, False, True]
    records["inner"]["a"] = [1, -2, 3]
    records["inner"]["b"] = [[0.1, 0.2], [0.3, 4], [-5, 1e20]]
    records["raw"] = [b"abc", b"d\0\0", b"\0\0\0"]
    records["name"] = ["x", "\xe9\xe9", ""]
    records["last"] = [b"", b"abc", b"\n"]
    yield "records", records
    yield "records-fortran", np.asfortranarray(np.array([[(1, 2.5), (3, 4.5)], [(5, 6.5), (7, 8.5)]], "<i4,>f4"))
    yield "records-in-arrays", np.array([([(1, 2), (3, 4)],), ([(5, 6), (7, 8)],)], [("pairs", "u1,<i2", (2,))])
    yield "names", np.array([(1, 2)], [("caf\xe9", "u1"), ("\u20ac", "u1")])
    yield "titles", np.array([(1, 2)], [(("a title", "x"), "u1"), (("another", "y"), "<i2")])
    yield "dots", np.array([(1,), (2,)], [("a.b", "<i2")])
    yield "voids-in-records", np.array([(b"ab", 1), (b"\0c", 2)], [("raw", "V2"), ("number", "u1")])
    yield "voids-in-arrays", np.frombuffer(b"abcdefgh", [("raw", "V2", (2,))])


# Headers that NumPy does not write any more, or never did, and the array that follows them.
HEADERS = {
    "long-shape": ("{'descr': '<i2', 'fortran_order': False, 'shape': (2L, 3L), }", "<i2", (2, 3)),
    "long-sub-array": ("{'descr': [('a', '<i2', (2L,))], 'fortran_order': False, 'shape': (3L,), }", [("a", "<i2", 2)], (3,)),
    "unicode-names": ("{u'descr': [(u'caf\\xe9', u'<i2'), (u'\\u20ac', '>i2')], u'fortran_order': False, u'shape': (3,)}",
                      "<i2,>i2", (3,)),
    "crlf": ("{'descr': '<i2',\r\n 'fortran_order': False,\r\n 'shape': (6,),\r\n}\r\n", "<i2", (6,)),
    "tabs": ("{'descr':\t'<i2', 'fortran_order':\tFalse, 'shape': (6,),\f}", "<i2", (6,)),
    "double-quotes": ('{"shape":(6),"fortran_order":False,"descr":"<i2"}', "<i2", (6,)),
    "old-string-code": ("{'descr': '|a3', 'fortran_order': False, 'shape': (4,)}", "S3", (4,)),
    "raw-bytes": ("{'descr': '|V6', 'fortran_order': False, 'shape': (2,)}", "V6", (2,)),
    "padding": ("{'descr': [('a', '|u1'), ('', '|V1'), ('b', '<i2')], 'fortran_order': False, 'shape': (3,)}",
                {"names": ["a", "b"], "formats": ["u1", "<i2"], "offsets": [0, 2], "itemsize": 4}, (3,)),
}


def main(directory):
    for name, array in arrays():
        np.save(directory / f"{name}.npy", array)
        (directory / f"{name}.csv").write_text(csv(array), "utf-8", newline="\n")
    items = bytes(range(65, 77))
    for name, (header, dtype, shape) in HEADERS.items():
        data = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode("latin-1") + items
        (directory / f"{name}.npy").write_bytes(data)
        array = np.frombuffer(items, dtype).reshape(shape)
        (directory / f"{name}.csv").write_text(csv(array), "utf-8", newline="\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
