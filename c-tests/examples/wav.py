"""The oracle of wav.sh: what examples/wav.c must make of a file, by CPython's wave and array modules.

wav.py expect FILE DIRECTORY    writes the files that wav.c must write, and prints its table of peaks
wav.py make FILE DIRECTORY      writes files of many kinds into the directory, from the samples of a 16-bit stereo file
"""

import array
import pathlib
import struct
import sys
import wave

CODES = {1: "B", 2: "h", 4: "i"}
PCM = bytes.fromhex("0100000000001000800000aa00389b71")


def decode(data, width):
    """The samples as numbers: 0 is silence."""
    if width == 3:
        return [int.from_bytes(data[i:i + 3], "little", signed=True) for i in range(0, len(data), 3)]
    numbers = array.array(CODES[width], data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return [number - 128 for number in numbers] if width == 1 else list(numbers)


def encode(numbers, width):
    if width == 3:
        return b"".join(number.to_bytes(3, "little", signed=True) for number in numbers)
    data = array.array(CODES[width], [number + 128 for number in numbers] if width == 1 else numbers)
    if sys.byteorder == "big":
        data.byteswap()
    return data.tobytes()


# ---- What wav.c must make of a file ---------------------------------------------------------------------------------


def write(path, numbers, channels, width, rate):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(encode(numbers, width))
    if len(numbers) * width % 2:  # RIFF wants chunks of even length; the wave module does not care
        data = bytearray(path.read_bytes()) + b"\0"
        struct.pack_into("<I", data, 4, len(data) - 8)
        path.write_bytes(data)


def expect(source, directory):
    with wave.open(str(source)) as file:
        channels, width, rate, count = file.getparams()[:4]
        numbers = decode(file.readframes(count), width)
    frames = [numbers[i:i + channels] for i in range(0, len(numbers), channels)]
    columns = [numbers[i::channels] for i in range(channels)]

    for i, column in enumerate(columns):
        write(directory / f"channel-{i + 1}.wav", column, 1, width, rate)
    write(directory / "reversed.wav", sum(reversed(frames), []), channels, width, rate)
    write(directory / "swapped.wav", sum((frame[::-1] for frame in frames), []), channels, width, rate)
    means = [abs(sum(frame)) // channels * (1 if sum(frame) > 0 else -1) for frame in frames]
    write(directory / "mixed.wav", means, 1, width, rate)

    full = 1 << 8 * width - 1
    for i, column in enumerate(columns):
        place = max(range(len(column)), key=lambda place: abs(column[place]))
        clipped = column.count(-full) + column.count(full - 1)
        print(f"{i + 1} {column[place]} {100 * abs(column[place]) / full:.1f}% {place} {place / rate:.4f} {clipped}")


# ---- Files of many kinds --------------------------------------------------------------------------------------------


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def file_of(numbers, channels, width, rate, extensible=False, before=b"", behind=b""):
    form = struct.pack("<HHIIHH", 0xfffe if extensible else 1, channels, rate, rate * channels * width, channels * width,
                       8 * width)
    if extensible:
        form += struct.pack("<HHI", 22, 8 * width, (1 << channels) - 1) + PCM
    body = b"WAVE" + before + chunk(b"fmt ", form) + chunk(b"data", encode(numbers, width)) + behind
    return b"RIFF" + struct.pack("<I", len(body)) + body


def make(source, directory):
    with wave.open(str(source)) as file:
        assert file.getparams()[:2] == (2, 2)
        file.setpos(1500)
        frames = file.readframes(300)
    stereo = decode(frames, 2)

    def saved(name, *arguments, **options):
        (directory / f"{name}.wav").write_bytes(file_of(*arguments, **options))

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
    saved("extensible", stereo, 2, 2, 96000, extensible=True)
    saved("tagged", stereo, 2, 2, 96000, before=chunk(b"LIST", b"INFOodd"), behind=chunk(b"id3 ", b"odd"))


if __name__ == "__main__":
    {"expect": expect, "make": make}[sys.argv[1]](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
