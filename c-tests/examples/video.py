"""The oracle of video.sh: what examples/video.c must make of a file, by NumPy.

video.py expect FILE DIRECTORY    writes the files that video.c must write
video.py make FILE DIRECTORY      writes files of many kinds into the directory, of parts of the pictures of a 4:2:0 file
video.py opencv FILE DIRECTORY    OpenCV makes the same colours of what video.c has written there as of the file itself
"""

import pathlib
import re
import sys

import numpy as np

# Columns and rows of pixels for a chroma sample; the number of planes.
LAYOUTS = {"420": (2, 2, 3), "422": (2, 1, 3), "444": (1, 1, 3), "411": (4, 1, 3), "mono": (1, 1, 1), "444alpha": (1, 1, 4)}


def layout(color):
    """Columns, rows, planes, type."""
    name, bits = re.fullmatch(r"(420|422|444alpha|444|411|mono)(?:jpeg|mpeg2|paldv|p?(9|1[0-6]))?", color).groups()
    return *LAYOUTS[name], np.dtype("<u2" if bits else "u1")


def shapes(color, width, height):
    across, down, count, dtype = layout(color)
    for number in range(count):
        chroma = number in (1, 2)
        yield (-(-height // down), -(-width // across)) if chroma else (height, width)


def read(path):
    """The header's words, and the planes of each frame."""
    data = path.read_bytes()
    header, data = data.split(b"\n", 1)
    words = header.decode().split()[1:]
    width, height = (int(word[1:]) for letter in "WH" for word in words if word[0] == letter)
    color = ([word[1:] for word in words if word[0] == "C"] or ["420jpeg"])[-1]
    dtype = layout(color)[3]
    frames = []
    while data:
        line, data = data.split(b"\n", 1)
        assert line.split(b" ")[0] == b"FRAME"
        planes = []
        for shape in shapes(color, width, height):
            size = shape[0] * shape[1] * dtype.itemsize
            planes.append(np.frombuffer(data[:size], dtype).reshape(shape))
            data = data[size:]
        frames.append(planes)
    rest = [word for word in words if word[0] not in "WHCX"]
    return width, height, color, rest, frames


def write(path, width, height, color, rest, frames):
    words = ["YUV4MPEG2", f"W{width}", f"H{height}", *rest, f"C{color}"]
    path.write_bytes(" ".join(words).encode() + b"\n" + b"".join(
        b"FRAME\n" + b"".join(plane.tobytes() for plane in planes) for planes in frames))


def expect(source, directory):
    width, height, color, rest, frames = read(source)
    bits = re.search(r"(?:p|mono)(9|1[0-6])$", color)
    write(directory / "gray.y4m", width, height, "mono" + (bits[1] if bits else ""), rest, [planes[:1] for planes in frames])
    write(directory / "flipped.y4m", width, height, color, rest, [[plane[::-1] for plane in planes] for planes in frames])
    if len(frames[0]) == 3 and color != "411":
        (directory / "interleaved.yuv").write_bytes(
            b"".join(y.tobytes() + np.stack((u, v), axis=-1).tobytes() for y, u, v in frames))


def make(source, directory):
    _, _, color, rest, frames = read(source)
    assert layout(color)[:3] == (2, 2, 3)
    whole = [np.kron(plane, np.ones((2, 2), "u1")) if number else plane for number, plane in enumerate(frames[0])]

    def saved(name, color, width, height, count=2, rest=rest):
        across, down, planes, dtype = layout(color)
        made = []
        for number in range(count):
            made.append([])
            for index, shape in enumerate(shapes(color, width, height)):
                steps = (down, across) if index in (1, 2) else (1, 1)
                part = whole[index % 3][number::steps[0], 2 * number::steps[1]][:shape[0], :shape[1]]
                part = part.astype(dtype) * (1 if dtype.itemsize == 1 else 3)
                assert part.shape == shape
                made[-1].append(part)
        write(directory / f"{name}.y4m", width, height, color, rest, made)
        return directory / f"{name}.y4m"

    for color in ("420", "420jpeg", "420paldv", "422", "444", "411", "mono", "444alpha", "420p10", "422p12", "444p16", "420p9", "mono16",
                  "mono10"):
        for width, height in ((64, 48), (33, 21)):
            saved(f"{color}-{width}x{height}", color, width, height)
    for width, height in ((1, 1), (2, 1), (1, 2), (3, 5), (31, 2)):
        saved(f"420mpeg2-{width}x{height}", "420mpeg2", width, height, 3)
    saved("one-frame", "420", 16, 16, 1)
    saved("many-frames", "422", 6, 4, 9)
    path = saved("no-color", "420jpeg", 16, 16, rest=[])
    path.write_bytes(path.read_bytes().replace(b" C420jpeg", b"", 1))
    path = saved("comments", "420", 16, 16)
    path.write_bytes(path.read_bytes().replace(b" C420", b" XYSCSS=420JPEG C420 XCOLORRANGE=FULL", 1)
                     .replace(b"FRAME\n", b"FRAME Ip XSOMETHING\n"))


def opencv(source, directory):
    import cv2
    width, height, _, _, frames = read(source)
    interleaved = np.frombuffer((directory / "interleaved.yuv").read_bytes(), "u1").reshape(len(frames), height * 3 // 2, width)
    flipped, gray = (read(directory / name)[4] for name in ("flipped.y4m", "gray.y4m"))
    for number, planes in enumerate(frames):
        packed = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(height * 3 // 2, width)
        wanted = cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420)
        assert (cv2.cvtColor(interleaved[number], cv2.COLOR_YUV2BGR_NV12) == wanted).all()
        turned = np.concatenate([plane.reshape(-1) for plane in flipped[number]]).reshape(height * 3 // 2, width)
        assert (cv2.cvtColor(turned, cv2.COLOR_YUV2BGR_I420)[::-1] == wanted).all()
        assert (gray[number][0] == cv2.cvtColor(packed, cv2.COLOR_YUV2GRAY_I420)).all()


if __name__ == "__main__":
    {"expect": expect, "make": make, "opencv": opencv}[sys.argv[1]](pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
