"""The extension module beside the interpreter's own memoryviews."""
import ctypes

import fields


class City(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 12), ("latitude", ctypes.c_float), ("population", ctypes.c_int)]


cities = (City * 3)((b"Oslo", 59.9, 709), (b"Quito", -0.2, 2011), (b"Suva", -18.1, 93))
populations = memoryview(fields.doubles(cities, "population")).cast("d").tolist()
print(*map(int, populations))
for arguments, wanted in (((cities, "height"), ValueError), ((3, "x"), TypeError)):
    try:
        fields.doubles(*arguments)
    except wanted:
        pass
    else:
        raise SystemExit(f"{arguments} is accepted")
