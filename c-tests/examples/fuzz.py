"""Runs an example on files that are changed at random: it must not crash, and must refuse with a sentence if it does.

fuzz.py COUNT SEED FILE PROGRAM [ARGUMENT...] -- ORIGINAL...    in the arguments {} stands for FILE, the changed one
"""

import pathlib
import random
import re
import subprocess
import sys

NUMBERS = [0, 1, 2, 3, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 36]
TEXTS = [b"0", b"9", b"-1", b"18446744073709551615", b"9223372036854775807", b"4294967296", b"()", b"(0,)", b"[", b"{",
         b"'", b"\\x", b"u'", b"2L", b"#", b"\r", b"\0", b"T{", b":", b"|V0", b"<U9", b"data", b"fmt ", b"RIFF"]


def change(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        # Mostly in the header.
        place = rng.randrange(min(len(data), rng.choice((48, 200, 1 << 30))) + 1)
        kind = rng.randrange(7)
        if kind == 0 and data:
            data[min(place, len(data) - 1)] = rng.randrange(256)
        elif kind == 1:
            size = rng.choice((2, 4))
            data[place:place + size] = (rng.choice(NUMBERS) % 256**size).to_bytes(size, rng.choice(("little", "big")))
        elif kind == 2:
            data[place:place + rng.choice((0, 1, 4))] = rng.choice(TEXTS)
        elif kind == 3:
            del data[place:]
        elif kind == 4:
            del data[place:place + rng.randrange(1, 9)]
        elif kind == 5:
            start = rng.randrange(len(data) + 1)
            data[place:place] = data[start:start + rng.randrange(1, 40)]
        elif kind == 6:
            numbers = list(re.finditer(rb"\d+", data[:200]))
            if numbers:
                span = rng.choice(numbers).span()
                data[slice(*span)] = str(rng.choice(NUMBERS + [2**62, 2**63 - 1, 2**64])).encode()
    return bytes(data)


def main(count, seed, changed, *rest):
    split = rest.index("--")
    command = [str(changed) if part == "{}" else part for part in rest[:split]]
    originals = [pathlib.Path(path).read_bytes() for path in rest[split + 1:]]
    rng = random.Random(int(seed))
    refusals = 0
    for number in range(int(count)):
        pathlib.Path(changed).write_bytes(change(rng, rng.choice(originals)))
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        sentence = re.fullmatch(rb"(MemoryError|\w+Error: [^\n]+|pybuffer: [^\n]+)\n", result.stderr)
        if result.returncode not in (0, 1) or (result.returncode == 1) != bool(sentence):
            sys.exit(f"file {number}, status {result.returncode}: {result.stderr.decode(errors='replace')[:3000]}")
        refusals += result.returncode
    print(f"{count} files, {refusals} refused")
    # Else the changes would be none.
    sys.exit(0 if int(count) / 20 < refusals < int(count) else "too few or too many were refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
