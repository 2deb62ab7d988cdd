"""The oracle of wav.sh: what examples/wav.c must make of a file, by CPython's wave and array modules.

wav.py expect FILE DIRECTORY    writes the files that wav.c must write, and prints its table of peaks
wav.py make FILE DIRECTORY      writes files of many kinds into the directory, from the samples of a 16-bit stereo file;
                                for those that are broken, in clean/ files that say what must be made of them
"""

import array
import functools
import operator
import pathlib
import struct
import sys
import wave

CODES = {1: "B", 2: "h", 4: "i"}
FLOATS = {4: "f", 8: "d"}
FAMILY = bytes.fromhex("0000000010008000 00aa00389b71")


def decode(data, width, is_float=False):
    """The samples as numbers: 0 is silence."""
    if width == 3:
        return [int.from_bytes(data[i:i + 3], "little", signed=True) for i in range(0, len(data), 3)]
    numbers = array.array((FLOATS if is_float else CODES)[width], data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return [number - 128 for number in numbers] if width == 1 else list(numbers)


def encode(numbers, width, is_float=False):
    if width == 3:
        return b"".join(number.to_bytes(3, "little", signed=True) for number in numbers)
    data = array.array((FLOATS if is_float else CODES)[width], [number + 128 for number in numbers] if width == 1 else numbers)
    if sys.byteorder == "big":
        data.byteswap()
    return data.tobytes()


# ---- What wav.c must make of a file ---------------------------------------------------------------------------------


def read(path):
    """Channels, width, rate, numbers, and whether they are floats, which the wave module does not know."""
    data = path.read_bytes()
    channels, rate, bits = struct.unpack_from("<HI6xH", data, 22)
    if data[20] == 3:
        return channels, bits // 8, rate, decode(data[44:], bits // 8, True), True
    with wave.open(str(path)) as file:
        channels, width, rate, count = file.getparams()[:4]
        return channels, width, rate, decode(file.readframes(count), width), False


def write(path, numbers, channels, width, rate, is_float=False):
    if is_float:
        path.write_bytes(file_of(numbers, channels, width, rate, 3))
        return
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(encode(numbers, width))
    if len(numbers) * width % 2:  # RIFF wants chunks of even length; the wave module does not care
        data = bytearray(path.read_bytes()) + b"\0"
        struct.pack_into("<I", data, 4, len(data) - 8)
        path.write_bytes(data)


def mean(frame, is_float):
    total = functools.reduce(operator.add, frame)  # sum() is more exact for floats
    return total / len(frame) if is_float else abs(total) // len(frame) * (1 if total > 0 else -1)


def expect(source, directory):
    clean = source.parent / "clean" / source.name
    channels, width, rate, numbers, is_float = read(clean if clean.exists() else source)
    frames = [numbers[i:i + channels] for i in range(0, len(numbers), channels)]
    columns = [numbers[i::channels] for i in range(channels)]

    def saved(name, numbers, channels):
        write(directory / f"{name}.wav", numbers, channels, width, rate, is_float)

    for i, column in enumerate(columns):
        saved(f"channel-{i + 1}", column, 1)
    saved("reversed", sum(reversed(frames), []), channels)
    saved("swapped", sum((frame[::-1] for frame in frames), []), channels)
    saved("mixed", [mean(frame, is_float) for frame in frames], 1)

    lowest, highest = (-1, 1) if is_float else (-1 << 8 * width - 1, (1 << 8 * width - 1) - 1)
    for i, column in enumerate(columns):
        place = max(range(len(column)), key=lambda place: abs(column[place]), default=0)
        peak = column[place] if column else 0
        clipped = sum(number <= lowest or number >= highest for number in column)
        print(f"{i + 1} {peak:.10g} {100 * abs(peak) / -lowest:.1f}% {place} {place / rate:.4f} {clipped}")


# ---- Files of many kinds --------------------------------------------------------------------------------------------


def chunk(name, data, length=None, pad=True):
    return name + struct.pack("<I", len(data) if length is None else length) + data + b"\0" * (pad and len(data) % 2)


def file_of(numbers, channels, width, rate, tag=1, extensible=False, valid=None, before=b"", behind=b"", more=b"", riff=None,
            length=None, pad=True, cut=0):
    form = struct.pack("<HHIIHH", 0xfffe if extensible else tag, channels, rate, rate * channels * width, channels * width,
                       8 * width)
    if extensible:
        form += struct.pack("<HHIH", 22, 8 * width if valid is None else valid, (1 << channels) - 1, tag) + FAMILY
    data = chunk(b"data", encode(numbers, width, tag == 3), length, pad)
    body = b"WAVE" + before + chunk(b"fmt ", form + more) + data + behind
    whole = b"RIFF" + struct.pack("<I", len(body) if riff is None else riff) + body
    return whole[:len(whole) - cut]


def make(source, directory):
    with wave.open(str(source)) as file:
        assert file.getparams()[:2] == (2, 2)
        file.setpos(1500)
        frames = file.readframes(300)
    stereo = decode(frames, 2)
    halves = [number / 65536 for number in stereo]
    (directory / "clean").mkdir()

    def saved(name, *arguments, clean=None, **options):
        (directory / f"{name}.wav").write_bytes(file_of(*arguments, **options))
        if clean is not None:
            tag = options.get("tag", 1)
            (directory / "clean" / f"{name}.wav").write_bytes(file_of(clean, *arguments[1:], tag))

    saved("mono", stereo, 1, 2, 44100)
    saved("six-channels", stereo, 6, 2, 48000)
    saved("sixty-four-channels", stereo[:576], 64, 2, 48000)
    saved("one-frame", stereo[:2], 2, 2, 8000)
    saved("clipped", [max(-32768, min(4 * number, 32767)) for number in stereo], 2, 2, 96000)
    saved("8-bit", [max(-128, min(number // 150, 127)) for number in stereo], 2, 1, 11025)
    saved("8-bit-odd", [number // 256 for number in stereo[:599]], 1, 1, 11025)
    saved("24-bit", [number * 256 + i % 256 for i, number in enumerate(stereo)], 2, 3, 96000)
    saved("24-bit-clipped", [-1 << 23, (1 << 23) - 1, 0, -1, 255, -256], 2, 3, 96000)
    saved("32-bit", [number * 65536 + i for i, number in enumerate(stereo)], 3, 4, 192000)
    saved("32-bit-clipped", [-1 << 31, (1 << 31) - 1, 0, -1, 255, -256], 2, 4, 96000)
    saved("extensible", stereo, 2, 2, 96000, extensible=True)
    saved("tagged", stereo, 2, 2, 96000, before=chunk(b"LIST", b"INFOodd"), behind=chunk(b"id3 ", b"odd"))

    # Floats, which the wave module does not know.
    saved("float", halves, 2, 4, 48000, tag=3)
    saved("float-64", [number / 3 for number in halves], 3, 8, 48000, tag=3)
    saved("float-clipped", [1.0, -1.0, 1.5, -3e38, 0.99, 1e-40], 2, 4, 48000, tag=3)
    saved("float-not-finite", [0.5, float("inf"), float("-inf"), 0.25], 2, 4, 48000, tag=3)
    saved("float-as-it-should-be", halves, 2, 4, 48000, tag=3, more=b"\0\0", before=chunk(b"fact", struct.pack("<I", 300)),
          clean=halves)
    saved("float-extensible", halves, 2, 4, 48000, tag=3, extensible=True, clean=halves)
    saved("extensible-24-in-32", [number * 65536 for number in stereo], 2, 4, 96000, extensible=True, valid=24)
    saved("extensible-valid-0", stereo, 2, 2, 96000, extensible=True, valid=0)
    saved("more-format", stereo, 2, 2, 96000, more=b"\0\0")

    # Broken in ways that occur.
    everywhere = 0xffffffff
    saved("unknown-length", stereo, 2, 2, 48000, riff=everywhere, length=everywhere, clean=stereo)
    saved("unknown-length-of-half-a-frame", stereo[:-1], 2, 2, 48000, riff=everywhere, length=everywhere, clean=stereo[:-2])
    saved("length-never-written", stereo, 2, 2, 48000, riff=0, length=0, clean=stereo)
    saved("length-of-sox", stereo, 2, 2, 48000, riff=0x7fffffff, length=0x7fffffff - 36, clean=stereo)
    saved("riff-too-long", stereo, 2, 2, 48000, riff=100000, clean=stereo)
    saved("riff-too-short", stereo, 2, 2, 48000, riff=36, clean=stereo)
    saved("truncated", stereo, 2, 2, 48000, cut=400, clean=stereo[:-200])
    saved("truncated-in-a-frame", stereo, 2, 2, 48000, cut=397, clean=stereo[:-200])
    saved("truncated-before-the-first", stereo, 2, 2, 48000, cut=1200, clean=[])
    saved("half-a-frame", stereo[:-1], 2, 2, 48000, clean=stereo[:-2])
    saved("no-samples", [], 2, 2, 48000)
    saved("no-samples-8-bit", [], 1, 1, 48000)
    saved("no-samples-24-bit", [], 6, 3, 48000)
    saved("no-samples-float", [], 2, 4, 48000, tag=3)
    saved("no-pad-byte", [1, 2, 3], 1, 1, 8000, pad=False, clean=[1, 2, 3])
    saved("no-pad-byte-before-a-chunk", [1, 2, 3], 1, 1, 8000, pad=False, behind=chunk(b"LIST", b"INFO"), clean=[1, 2, 3])
    saved("no-pad-byte-before-the-data", stereo, 2, 2, 8000, before=chunk(b"LIST", b"INFOodd", pad=False), clean=stereo)
    saved("rest-of-a-chunk", stereo, 2, 2, 8000, behind=b"LIS", clean=stereo)
    saved("next-chunk-cut-off", stereo, 2, 2, 8000, behind=chunk(b"LIST", b"INFO", 1000), clean=stereo)


if __name__ == "__main__":
    {"expect": expect, "make": make}[sys.argv[1]](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
