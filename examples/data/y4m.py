"""Makes chelsea.y4m beside this file: two pictures of a film that FFmpeg's MPEG-4 encoder has made of parts of chelsea.ppm, as its
decoder hands them out. Needs PyAV and NumPy; the versions of chelsea.y4m are in ORIGIN.md.
"""

import io
import pathlib

import av
import numpy as np

directory = pathlib.Path(__file__).parent
photograph = np.frombuffer((directory / "chelsea.ppm").read_bytes()[-300 * 451 * 3:], np.uint8).reshape(300, 451, 3)
file = io.BytesIO()
with av.open(file, "w", format="mp4") as film:
    stream = film.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 176, 144, "yuv420p", 2_000_000
    for number in range(2):
        top, left = 6 + 6 * number, 40 + 8 * number
        picture = np.ascontiguousarray(photograph[top:top + 288:2, left:left + 352:2])
        film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    film.mux(stream.encode())
file.seek(0)
with open(directory / "chelsea.y4m", "wb") as made, av.open(file) as film:
    made.write(b"YUV4MPEG2 W176 H144 F25:1 Ip A1:1 C420mpeg2\n")
    for frame in film.decode(video=0):
        assert frame.format.name == "yuv420p", frame.format
        made.write(b"FRAME\n" + frame.to_ndarray().tobytes())
