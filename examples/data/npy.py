"""Writes planets.npy and chelsea-brightness.npy beside this file, from what stands here and from chelsea.ppm. Needs NumPy."""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent

# Mass in 10^24 kg, diameter in km; distance from the Sun with its least and largest in 10^6 km, period in days,
# eccentricity; mean temperature in degrees Celsius; moons; rings.
PLANETS = [
    ("Mercury", 0.330, 4879, (57.9, (46.0, 69.8), 88.0, 0.206), 167, 0, False),
    ("Venus", 4.87, 12104, (108.2, (107.5, 108.9), 224.7, 0.007), 464, 0, False),
    ("Earth", 5.97, 12756, (149.6, (147.1, 152.1), 365.2, 0.017), 15, 1, False),
    ("Mars", 0.642, 6792, (228.0, (206.7, 249.3), 687.0, 0.094), -65, 2, False),
    ("Jupiter", 1898, 142984, (778.5, (740.6, 816.4), 4331, 0.049), -110, 95, True),
    ("Saturn", 568, 120536, (1432.0, (1357.6, 1506.5), 10747, 0.052), -140, 146, True),
    ("Uranus", 86.8, 51118, (2867.0, (2732.7, 3001.4), 30589, 0.047), -195, 28, True),
    ("Neptune", 102, 49528, (4515.0, (4471.1, 4558.9), 59800, 0.010), -200, 16, True),
]

# Both byte orders, text, a record in the record, an array in that, and padding.
ORBIT = np.dtype([("distance", "<f8"), ("range", "<f4", (2,)), ("period", ">f8"), ("eccentricity", "<f4")], align=True)
PLANET = np.dtype([("name", "<U8"), ("mass", "<f8"), ("diameter", ">u4"), ("orbit", ORBIT), ("temperature", "<i2"),
                   ("moons", "u1"), ("rings", "?")], align=True)


def main():
    np.save(HERE / "planets.npy", np.array(PLANETS, PLANET))

    header, size, _, pixels = (HERE / "chelsea.ppm").read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    picture = np.frombuffer(pixels, "u1").reshape(height, width, 3)[:300, :450]
    brightness = picture @ np.array([0.299, 0.587, 0.114])
    blocks = brightness.reshape(20, 15, 30, 15).mean(axis=(1, 3)).astype(">f4")
    np.save(HERE / "chelsea-brightness.npy", np.asfortranarray(blocks))


if __name__ == "__main__":
    main()
