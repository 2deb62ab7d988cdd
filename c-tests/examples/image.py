"""The oracle of image.sh and threads.sh: what the examples must make of a picture, by NumPy.

image.py expect FILE DIRECTORY    writes the files that image.c must write
image.py blur FILE DIRECTORY      writes the file that threads.c must write
image.py make FILE DIRECTORY      writes pictures of many kinds into the directory, from a PPM
"""

import pathlib
import struct
import sys

import numpy as np

# ---- Reading and writing, apart from the examples' code -------------------------------------------------------------


def read(path):
    """The pixels as rows x columns x channels of integers, and the maximum."""
    data = path.read_bytes()
    if data[:2] == b"BM":
        offset, width, height = struct.unpack_from("<I4xii", data, 10)
        row = -(-width * 3 // 4) * 4
        rows = np.frombuffer(data, "u1", abs(height) * row, offset).reshape(abs(height), row)
        pixels = rows[:, :width * 3].reshape(abs(height), width, 3)[:, :, ::-1]
        return (pixels[::-1] if height > 0 else pixels), 255
    words, place = [], 0
    while len(words) < 4:
        word = b""
        while not data[place:place + 1].isspace():
            if data[place:place + 1] == b"#":
                while data[place:place + 1] not in (b"\r", b"\n"):
                    place += 1
                break
            word += data[place:place + 1]
            place += 1
        place += 1
        words += [word] if word else []
    width, height, maximum = map(int, words[1:])
    channels = 3 if words[0] == b"P6" else 1
    form = ">u2" if maximum > 255 else "u1"
    return np.frombuffer(data, form, width * height * channels, place).reshape(height, width, channels), maximum


def write(path, pixels, maximum):
    height, width, channels = pixels.shape
    header = f"P{6 if channels == 3 else 5}\n{width} {height}\n{maximum}\n".encode()
    path.with_suffix(".ppm" if channels == 3 else ".pgm").write_bytes(
        header + pixels.astype(">u2" if maximum > 255 else "u1").tobytes())


# ---- What the examples must make of a picture ----------------------------------------------------------------------


def expect(source, directory):
    pixels, maximum = read(source)
    height, width, channels = pixels.shape
    made = {
        "upside-down": pixels[::-1],
        "mirrored": pixels[:, ::-1],
        "cropped": pixels[height // 4:][:(height + 1) // 2, width // 4:][:, :(width + 1) // 2],
        "turned-right": np.rot90(pixels, -1),
    }
    if channels == 3:
        made |= {name: pixels[:, :, i:i + 1] for i, name in enumerate(("red", "green", "blue"))}
        made["gray"] = (pixels.astype(int) @ np.array([299, 587, 114]) + 500)[:, :, None] // 1000
    for name, picture in made.items():
        write(directory / name, picture, maximum)


def blur(source, directory):
    pixels, maximum = read(source)
    height, width = pixels.shape[:2]
    total, count = np.zeros(pixels.shape, int), np.zeros((height, width, 1), int)
    for y in range(-2, 3):
        for x in range(-2, 3):
            to = slice(max(-y, 0), height - max(y, 0)), slice(max(-x, 0), width - max(x, 0))
            of = slice(max(y, 0), height - max(-y, 0)), slice(max(x, 0), width - max(-x, 0))
            if to[0].stop > to[0].start and to[1].stop > to[1].start:
                total[to] += pixels[of]
                count[to] += 1
    write(directory / "blurred", (2 * total + count) // (2 * count), maximum)


# ---- Pictures of many kinds ----------------------------------------------------------------------------------------


def bmp(pixels, top_down=False, offset=54):
    height, width = pixels.shape[:2]
    rows = (pixels if top_down else pixels[::-1])[:, :, ::-1].reshape(height, width * 3)
    body = np.pad(rows, ((0, 0), (0, -width * 3 % 4)), constant_values=7).tobytes()
    head = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", offset + len(body), 0, 0, offset, 40, width,
                       -height if top_down else height, 1, 24, 0, len(body), 0, 0, 0, 0)
    return head.ljust(offset, b"\xee") + body


def make(source, directory):
    pixels = read(source)[0][100:130, 120:147]
    wide = pixels.astype(int) * 257 + np.arange(3)

    def netpbm(name, header, picture, form="u1"):
        (directory / name).write_bytes(header + picture.astype(form).tobytes())

    netpbm("plain.ppm", b"P6\n27 30\n255\n", pixels)
    netpbm("gray.pgm", b"P5 27 30 255 ", pixels[:, :, 1])
    netpbm("16-bit.ppm", b"P6 27 30 65535\n", wide % 65536, ">u2")
    netpbm("16-bit.pgm", b"P5 27 30 65535\n", wide[:, :, 0] % 65536, ">u2")
    netpbm("maximum-1.pgm", b"P5 27 30 1\n", pixels[:, :, 0] & 1)
    netpbm("maximum-100.ppm", b"P6 27 30 100\n", pixels // 3)
    netpbm("maximum-256.ppm", b"P6 27 30 256\n", pixels.astype(int) + 1, ">u2")
    netpbm("maximum-1023.ppm", b"P6 27 30 1023\n", wide // 65, ">u2")
    netpbm("comments.ppm", b"P6 # one\n#two\n\n27#three\n 30\t# 4 5\n#\n255\n", pixels)
    netpbm("comments-cr.ppm", b"P6\r# one\r# two 1 2 3\r27 30\r255\r", pixels)
    netpbm("comments-crlf.ppm", b"P6\r\n# one\r\n27 30\r\n255\n", pixels)
    netpbm("comment-last.ppm", b"P6 27 30 255# the end\n", pixels)
    netpbm("pixels-like-white-space.pgm", b"P5 3 2 255\n", np.frombuffer(b"\n \r#\n\n", "u1"))
    netpbm("one-pixel.ppm", b"P6 1 1 255\n", pixels[0, 0])
    netpbm("one-row.ppm", b"P6 27 1 255\n", pixels[0])
    netpbm("one-column.pgm", b"P5 1 30 255\n", pixels[:, 0, 0])
    netpbm("something-after.ppm", b"P6 27 30 255\n", np.concatenate([pixels.ravel(), pixels.ravel()[:50]]))
    for width in range(1, 5):
        (directory / f"bottom-up-{width}.bmp").write_bytes(bmp(pixels[:, :width]))
    (directory / "top-down.bmp").write_bytes(bmp(pixels, top_down=True))
    (directory / "offset.bmp").write_bytes(bmp(pixels, offset=150))


if __name__ == "__main__":
    {"expect": expect, "blur": blur, "make": make}[sys.argv[1]](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
