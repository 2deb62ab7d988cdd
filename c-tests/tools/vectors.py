"""The vectors of docs/format-vectors.json: what formats of PEP 3118 mean.

vectors.py write TOOL FILE     writes the file: what the library says, and where struct and NumPy differ
vectors.py check TOOL FILE     exits with a message where the library, the struct module or NumPy (if it is there) say something else
"""

import ast
import json
import pathlib
import struct
import subprocess
import sys

try:
    from numpy._core import _internal
    import numpy as np
except ImportError:
    np = None

# Formats by what they show, and the bytes of an item: hexadecimal, or None for bytes that count up from 1.
VECTORS = [
    ("numbers of the struct module, standard sizes", [
        ("<b", "ff"), ("<B", "ff"), ("<h", "feff"), (">h", "fffe"), ("<H", None), (">i", None), ("<I", "ffffffff"), ("<l", "01000000"), (">L", None),
        ("<q", "ffffffffffffff7f"), (">Q", "ffffffffffffffff"), ("?", "01"), ("<e", "003c"), ("<f", "0000c03f"), (">f", "3fc00000"), ("<d", "0000000000000440"),
        ("!h", "0102"), ("=i", "01000000"), ("c", "41"), ("5s", "68656c6c6f"), ("5p", "0261627a7a"), ("0s", "")]),
    ("native sizes", [
        ("b", "ff"), ("h", "0100"), ("i", "01000000"), ("l", "0100000000000000"), ("q", "ff00000000000000"), ("n", "0100000000000000"), ("N", "0100000000000000"),
        ("f", "0000c03f"), ("d", "0000000000000440"), ("@l", "0100000000000000"), ("^l", "0100000000000000"), ("P", "1000000000000000")]),
    ("alignment and padding", [
        ("bi", "01aaaaaa02000000"), ("ib", "0100000002"), ("=bi", "0102000000"), ("^bi", "0102000000"), ("bxi", "01aaaaaa02000000"), ("<b3xi", "01aaaaaa02000000"),
        ("i0d", "01000000aaaaaaaa"), ("bh", "01aa0200"), ("hhl", "0100020000000000"+"0300000000000000"), ("3x", "010203"), ("T{2x}", "0102"), ("<i2x", "01000000aaaa")]),
    ("counts and sub-arrays", [
        ("<3h", "010002000300"), ("(3)<h", "010002000300"), ("<(3)h", "010002000300"), ("(2,3)B", None), ("(2)(3)B", None), ("(2)3s", "616263646566"),
        ("<2i3h", None), ("(0)d", ""), ("<2ib", None), ("(1,1)b", "05")]),
    ("records", [
        ("T{<i:x:<d:y:}", "010000000000000000000440"), ("T{<i:x:d:y:}", "010000000000000000000440"), ("T{i:x:d:y:}", "01000000aaaaaaaa0000000000000440"),
        ("T{d:y:b:x:}", "000000000000044001aaaaaaaaaaaaaa"), ("T{^i:x:d:y:}", "010000000000000000000440"), ("T{b:a:T{h:x:b:y:}:in:}", "01aa020003aa"),
        ("T{T{<B:b:}:a:}", "07"), ("(2)T{<hB}:r:", None), ("T{<i:x:(2,3)d:y:}", None), ("T{3s:name:xB:n:}", "616263aa05"), ("T{4x:pad:B:n:}", None),
        ("T{<h:a b:}", "0100"), ("<i:x:", "01000000"), ("T{}", ""), ("T{>h:a:}<h:b:", "01000200"), ("T{>h:a:T{h:b:}:in:h:c:}", "000100020003")]),
    ("PEP 3118's own", [
        ("<Zf", "0000803f00000040"), ("Zd", "000000000000f03f0000000000000040"), ("<Ze", "003c0040"), ("F", "0000803f00000040"), ("D", None), ("<2w", "6100000062000000"),
        (">2w", "0000006100000062"), ("<3u", "610062006300"), ("3t5t", "0d"), (">3t5t", "2d"), ("(2)3t", "0d"), ("T{(9)t:a:b:b:}", "ff0105"), ("t", "01"), ("9t", "ff01"), ("3tB", "0502"), ("?t", "0101"),
        ("&<i", "1000000000000000"), ("&T{<i:x:}", "1000000000000000"), ("O", "1000000000000000"), ("X{}", "1000000000000000"), ("X{i->d}", "1000000000000000"),
        ("g", None), ("Zg", None)]),
    ("what ctypes and NumPy write", [
        ("<P", "1000000000000000"), ("<O", "1000000000000000"), ("<z", "1000000000000000"), ("Z", "1000000000000000"), ("<g", None), ("T{<i:x:<h:y:2x}", "010000000200aaaa"),
        ("T{<l:x:}", "01000000"), ("(3)<i", None), ("<u", "6100"), ("T{=i:x:}", "01000000"), ("3w", None), ("T{@i:x:@d:y:}", None)]),
    ("white space", [(" <i ", "01000000"), ("T{ <i:x: \n d:y: }", None), ("< i", "01000000")]),
]

INVALID = ["y", "T{i", "i}", "(2,3", "(2)", "(-1)i", "()i", ":x:", "i:x", "5", "Zi", "&", "T", "Tx", "X", "1" * 30 + "b", "(4294967296,4294967296)d", "T{" * 65 + "b" + "}" * 65,
           "ï", "i,", "{i}"]


def run(tool, *arguments):
    return subprocess.run([tool, "format", "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def of_struct(text, sample, expected):
    """What the struct module says: None where it agrees."""
    if sys.version_info >= (3, 14) and text in "FD":
        return "refuses"  # until 3.14
    try:
        size = struct.calcsize(text)
    except struct.error:
        return "refuses"
    if size != expected["itemsize"]:
        return f"{size} bytes"
    if "values" in expected:
        values = struct.unpack(text, sample)
        ours = list(flat(expected["values"]))
        theirs = [{"bytes": value.hex()} if isinstance(value, bytes) else value for value in values]
        if ours != theirs:
            return f"values {json.dumps(theirs)}"
    return None


def flat(value):
    if isinstance(value, list):
        for part in value:
            yield from flat(part)
    else:
        yield value


def of_numpy(text, sample, expected):
    try:
        dtype = _internal._dtype_from_pep3118(text)
    except Exception:  # pylint: disable=broad-except
        return "refuses"
    if dtype.itemsize != expected["itemsize"]:
        return f"{dtype.itemsize} bytes"
    if expected.get("numpy") is None:
        return "another type"
    ours = np.dtype(ast.literal_eval(expected["numpy"]))
    return None if ours == dtype else f"numpy.dtype({dtype})"


def make(tool, text, sample):
    described = run(tool, text)
    if described.returncode:
        sys.exit(f"{text}: {described.stderr.decode()}")
    made = json.loads(described.stdout)
    if sample is None:
        sample = bytes(i + 1 for i in range(made["itemsize"])).hex()
    if "g" not in text:
        with_values = run(tool, text, "--bytes", sample)
        if with_values.returncode:
            sys.exit(f"{text} of {sample}: {with_values.stderr.decode()}")
        made = json.loads(with_values.stdout)
    made["sample"] = sample
    differs = {"struct": of_struct(text, bytes.fromhex(sample), made)}
    if np is not None:
        differs["numpy"] = of_numpy(text, bytes.fromhex(sample), made)
    made["differs"] = {key: value for key, value in differs.items() if value is not None}
    return made


def make_all(tool):
    groups = [{"about": about, "vectors": [make(tool, text, sample) for text, sample in list_]} for about, list_ in VECTORS]
    invalid = []
    for text in INVALID:
        result = run(tool, text)
        if result.returncode != 1:
            sys.exit(f"{text} is no error")
        invalid.append(text)
    return {"about": "What formats of PEP 3118 mean: see formats.md. Native sizes and byte order are those of x86-64 and AArch64 Linux.",
            "groups": groups, "invalid": invalid}


def main(what, tool, path):
    made = make_all(tool)
    lines = ['{"about": ' + json.dumps(made["about"]) + ",", '"groups": [']
    for number, group in enumerate(made["groups"]):
        lines.append('{"about": ' + json.dumps(group["about"]) + ', "vectors": [')
        lines += [json.dumps(vector, ensure_ascii=False) + ("," if vector is not group["vectors"][-1] else "") for vector in group["vectors"]]
        lines.append("]}" + ("," if number + 1 < len(made["groups"]) else ""))
    lines += ["],", '"invalid": ' + json.dumps(made["invalid"], ensure_ascii=False) + "}"]
    text = "\n".join(lines) + "\n"
    if what == "write":
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return
    kept = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    if np is None:
        for group in kept["groups"]:
            for vector in group["vectors"]:
                vector["differs"].pop("numpy", None)
    for ours, theirs in zip(made["groups"], kept["groups"], strict=True):
        for one, other in zip(ours["vectors"], theirs["vectors"], strict=True):
            if one != other:
                sys.exit(f"{one}\nis, in the file,\n{other}")
    if made["invalid"] != kept["invalid"]:
        sys.exit("the invalid ones differ")
    print(sum(len(group["vectors"]) for group in kept["groups"]), "formats")


if __name__ == "__main__":
    main(*sys.argv[1:])
