"""Inputs of the fuzzer: a directory with a file for each, and one file with a line for each, in hexadecimal.

inputs.py unpack FILE DIRECTORY | pack DIRECTORY FILE
"""

import hashlib
import pathlib
import sys


def unpack(file, directory):
    for line in file.read_text().split() if file.exists() else []:
        data = bytes.fromhex(line)
        (directory / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(directory, file):
    inputs = sorted((path.read_bytes() for path in directory.iterdir()), key=lambda data: (len(data), data))
    file.write_text("".join(data.hex() + "\n" for data in inputs if data))


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](*map(pathlib.Path, sys.argv[2:]))
