"""Item descriptions as those who emit formats mean them: what tests/oracle/dtype.rs compares this library with.

    dtype_oracle.py numpy SEED COUNT     random NumPy dtypes; needs NumPy 2
    dtype_oracle.py ctypes SEED COUNT    random ctypes types; needs CPython 3.12 or newer, which emits padding
    dtype_oracle.py parse                reads lines "FORMAT FORMAT" (hex), and says for each whether NumPy's own parser
                                         gives the same dtype for both: "same", "different", "neither", "first", "second"
                                         (which of them it understands)

For every type these lines, separated by blanks:

    case TAGS FORMAT SIZE REALSIZE
    item DEPTH NAME KIND ORDER OFFSET ITEMSIZE LENGTH SHAPE        in preorder, the item as a whole first
    data BYTES MASK                                                an item; which of its bits belong to values
    values VALUE...                                                in the order of the items

Texts are hexadecimal, "-" is nothing. Where the emitter contradicts itself or PEP 3118, TAGS says how (the table KNOWN in
dtype_oracle.rs says why), and the items are what the format says; else they are the emitter's own fields. ORDER is "|" where
it does not matter.
"""

import ctypes
import platform
import random
import struct
import sys

POINTER_SIZE = ctypes.sizeof(ctypes.c_void_p)
NATIVE, SWAPPED = ("<", ">") if sys.byteorder == "little" else (">", "<")
# Elsewhere a long double is something else, and left out. And the bytes of one that hold its value.
HAS_EXTENDED = platform.machine() == "x86_64"
EXTENDED = 10


def hexed(data):
    return data.hex() or "-"


def double(value):
    return "nan" if value != value else struct.pack(">d", value).hex()


class Leaf:
    """The bytes of random values of one code, and the bits of them that count."""

    def __init__(self, rng):
        self.rng = rng

    def fill(self, kind, itemsize, order):
        """The bytes of an element and the mask of its value."""
        mask = b"\xff" * itemsize
        if kind == "bool":
            return bytes([self.rng.randrange(2)]), mask
        if kind == "float":
            return self.float(itemsize, order)
        if kind == "text":
            # Packing takes only code points.
            units = [self.rng.choice([0, 65, self.rng.randrange(0x110000)]) for _ in range(itemsize // 4)]
            return struct.pack(f"{order}{len(units)}I", *units), mask
        if kind == "complex":
            # Exactly doubles: values of this library hold no more of a complex number.
            parts = [self.float(itemsize // 2, order, of_double=True) for _ in range(2)]
            return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
        return self.rng.randbytes(itemsize), mask

    def float(self, size, order, of_double=False):
        if size == 16:
            data = self.extended(of_double) + self.rng.randbytes(16 - EXTENDED)
            return data, b"\xff" * EXTENDED + bytes(16 - EXTENDED)
        code = {2: "e", 4: "f", 8: "d"}[size]
        data = self.rng.randbytes(size)
        value = struct.unpack(order + code, data)[0]
        if value != value:
            data = struct.pack(order + code, float("nan"))
        elif self.rng.random() < 0.1:
            data = struct.pack(order + code, self.rng.choice([0.0, -0.0, 1.0, float("inf"), float("-inf")]))
        return data, b"\xff" * size

    def extended(self, of_double):
        """A valid x87 number, near the range of doubles."""
        sign = self.rng.randrange(2) << 15
        choice = self.rng.random()
        if choice < 0.1:
            return bytes(8) + struct.pack("<H", sign)
        if choice < 0.15:
            return struct.pack("<QH", 1 << 63, sign | 0x7FFF)
        exponent = self.rng.randrange(16383 - 1022, 16383 + 1023)
        fraction = self.rng.getrandbits(63)
        if of_double:
            fraction &= ~0x7FF
        elif choice < 0.3:
            # Just at, above or below the middle between two doubles, and beyond the range of doubles at both ends.
            fraction = fraction & ~0x7FF | self.rng.choice([0x3FF, 0x400, 0x401])
            exponent = self.rng.choice([exponent, 16383 + 1023, 16383 + 1024, 16383 - 1023, 16383 - 1060, 16383 - 1076])
        return struct.pack("<QH", 1 << 63 | fraction, sign | exponent)


def show(tags, text, items, real_size, data, mask, values):
    size = items[0][5]
    print("case", ",".join(sorted(tags)) or "-", hexed(text.encode()), size, real_size)
    for depth, name, kind, order, offset, itemsize, length, shape in items:
        name = "-" if name is None else hexed(name.encode()) if name else "''"
        shape = ",".join(map(str, shape)) or "-"
        print("item", depth, name, kind, order, offset, itemsize, length, shape)
    if data is not None:
        print("data", hexed(bytes(data)), hexed(bytes(mask)))
        print("values", *values)


# ---- NumPy ----------------------------------------------------------------------------------------------------------

NAMES = ["a", "b", "field", "x y", "é", "名", "}", "T{", "(2)", "<i", "0", "a.b", "f0", "\n", "'", '"']


class Dtypes:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.leaf = Leaf(self.rng)

    def scalar(self):
        rng = self.rng
        code = rng.choice("?bBhHiIlLqQefd?bBhHiIlLqQefdFDFDSUVO" + "ggGG" * HAS_EXTENDED)
        if code in "SUV":
            code += str(rng.choice([1, 1, 2, 3, 7, 30]) if rng.random() < 0.95 else 0)
        return np.dtype(rng.choice("<<>") + code if code not in "gG" or rng.random() < 0.1 else code)

    def names(self, count):
        rng = self.rng
        names = [rng.choice(NAMES) + (str(rng.randrange(99)) if rng.random() < 0.5 else "") for _ in range(count)]
        return [name if name not in names[:i] else f"{name}_{i}" for i, name in enumerate(names)]

    def shape(self):
        rng = self.rng
        if rng.random() < 0.7:
            return ()
        return tuple(0 if rng.random() < 0.03 else rng.randrange(1, 4) for _ in range(rng.randrange(1, 4)))

    def field(self, depth):
        dtype = self.dtype(depth)
        if dtype.itemsize == 0:
            return dtype
        # Rarely a sub-array of sub-arrays, which NumPy emits as one shape behind the other.
        for _ in range(self.rng.choice([1, 1, 1, 1, 2, 3])):
            if dtype.itemsize != 0:
                dtype = np.dtype((dtype, self.shape()))
        return dtype

    def record(self, depth):
        rng = self.rng
        count = rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 8]) if rng.random() < 0.5 else rng.randrange(1, 5)
        formats = [self.field(depth - 1) for _ in range(count)]
        names = self.names(count)
        way = rng.randrange(3)
        if way < 2:
            titled = [("title of " + name, name) if rng.random() < 0.05 else name for name in names]
            return np.dtype(list(zip(titled, formats)), align=way == 1)
        offsets, end = [], 0
        for format in formats:
            if rng.random() < 0.4:
                end += rng.randrange(9)
            if rng.random() < 0.4:
                end += -end % format.alignment
            offsets.append(end)
            end += format.itemsize
        # NumPy does not tell of padding at the end, so rarely any.
        end += rng.choice([1, 3, 4, 8]) if rng.random() < 0.05 else 0
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": end})

    def dtype(self, depth):
        return self.scalar() if depth == 0 or self.rng.random() < 0.4 else self.record(depth)

    def fill(self, data, mask, offset, dtype):
        if dtype.names is not None:
            for name in dtype.names:
                field, at = dtype.fields[name][:2]
                self.fill(data, mask, offset + at, field)
        elif dtype.subdtype is not None:
            base, shape = dtype.subdtype
            for i in range(int(np.prod(shape, dtype=int))):
                self.fill(data, mask, offset + i * base.itemsize, base)
        else:
            end = offset + dtype.itemsize
            data[offset:end], mask[offset:end] = self.leaf.fill(kind_of(dtype), dtype.itemsize, order_of(dtype))

    def case(self):
        """A dtype that NumPy can export, an array of it, and its format."""
        rng = self.rng
        while True:
            dtype = self.scalar() if rng.random() < 0.1 else self.record(rng.randrange(1, 4))
            if dtype.itemsize > 3000:
                continue
            length = rng.choice([1, 2, 2, 2])
            if rng.random() < 0.1 and dtype.itemsize > 0 and not dtype.hasobject:
                # Not aligned in memory: NumPy then emits other prefixes.
                start = rng.randrange(1, 16)
                memory = np.zeros(start + length * dtype.itemsize, "u1")
                array = memory[start:].view(dtype)
            else:
                array = np.zeros(length, dtype)
            try:
                return array.dtype, memoryview(array).format
            except ValueError as error:
                if not any(reason in str(error) for reason in ("native-only", "overlapping or out-of-order")):
                    raise

    def show_next(self):
        dtype, text = self.case()
        items, tags = numpy_items(dtype), set()
        # It does not read all shapes that it emits.
        reparsed = numpy_items(internal._dtype_from_pep3118(text.replace(")(", ",")))
        if reparsed != items and not (dtype.names is None and dtype.kind == "V"):
            # The format says something else than what it was made from, also to NumPy. (It takes the padding that it emits
            # for a void, '3x', for a record without fields.)
            tags.add("numpy-tail")
            return show(tags, text, reparsed, dtype.itemsize, None, None, None)
        if dtype.hasobject or dtype.itemsize == 0:
            return show(tags, text, items, dtype.itemsize, None, None, None)
        data, mask = bytearray(self.rng.randbytes(dtype.itemsize)), bytearray(dtype.itemsize)
        self.fill(data, mask, 0, dtype)
        values = list(numpy_values(np.frombuffer(bytes(data), dtype)))
        show(tags, text, items, dtype.itemsize, data, mask, values)


def kind_of(dtype):
    if dtype.names is not None:
        return "record"
    return {"b": "bool", "i": "signed", "u": "unsigned", "f": "float", "c": "complex", "S": "bytes", "U": "text",
            "V": "pad", "O": "object"}[dtype.kind]


def order_of(dtype):
    return NATIVE if dtype.byteorder == "=" or dtype.kind == "O" else dtype.byteorder


def numpy_items(dtype, depth=0, name=None, offset=0):
    base, shape = dtype, ()
    while base.subdtype is not None:
        base, more = base.subdtype
        shape += more
    length = {"S": base.itemsize, "V": base.itemsize, "U": base.itemsize // 4}.get(base.kind, 1)
    kind = kind_of(base)
    length = 1 if kind == "record" else length
    items = [(depth, name, kind, order_of(base), offset, base.itemsize, length, shape)]
    for field in base.names or ():
        field_type, at = base.fields[field][:2]
        items += numpy_items(field_type, depth + 1, field, at)
    return items


def numpy_values(array):
    dtype = array.dtype
    kind = kind_of(dtype)
    if kind == "record":
        for index in np.ndindex(array.shape):
            for name in dtype.names:
                yield from numpy_values(array[name][index + (...,)])
    elif kind in ("bytes", "pad"):
        data = array.tobytes()
        for i in range(array.size):
            yield "s:" + data[i * dtype.itemsize:(i + 1) * dtype.itemsize].hex()
    elif kind == "text":
        for unit in np.frombuffer(array.tobytes(), order_of(dtype) + "u4"):
            yield f"u:{unit}"
    else:
        for value in array.ravel():
            if kind == "complex":
                yield f"c:{double(float(value.real))}:{double(float(value.imag))}"
            elif kind == "float" and dtype.itemsize == 16:
                yield f"g:{double(float(value))}:{value.tobytes()[:EXTENDED].hex()}"
            elif kind == "float":
                yield "f:" + double(float(value))
            else:
                yield {"bool": "b", "signed": "i", "unsigned": "u"}[kind] + f":{int(value)}"


def compare_parses():
    for line in sys.stdin:
        dtypes = []
        for text in line.rstrip("\n").split(" "):
            try:
                dtypes.append(numpy_items(internal._dtype_from_pep3118(bytes.fromhex(text).decode())))
            except (ValueError, NotImplementedError, KeyError, TypeError, RuntimeError):
                dtypes.append(None)
        first, second = dtypes
        if first is None or second is None:
            print("neither" if first is second else "second" if first is None else "first")
        else:
            print("same" if first == second else "different")


# ---- ctypes ---------------------------------------------------------------------------------------------------------

SIMPLE = {
    ctypes.c_bool: "bool", ctypes.c_char: "char", ctypes.c_byte: "signed", ctypes.c_ubyte: "unsigned",
    ctypes.c_short: "signed", ctypes.c_ushort: "unsigned", ctypes.c_int: "signed", ctypes.c_uint: "unsigned",
    ctypes.c_long: "signed", ctypes.c_ulong: "unsigned", ctypes.c_longlong: "signed", ctypes.c_ulonglong: "unsigned",
    ctypes.c_float: "float", ctypes.c_double: "float", ctypes.c_longdouble: "float", ctypes.c_wchar: "text",
    ctypes.c_char_p: "pointer", ctypes.c_wchar_p: "pointer", ctypes.c_void_p: "pointer", ctypes.py_object: "object",
}
if not HAS_EXTENDED:
    del SIMPLE[ctypes.c_longdouble]
KINDS = dict(SIMPLE)
for plain, its_kind in SIMPLE.items():
    for other in ("__ctype_le__", "__ctype_be__"):
        if hasattr(plain, other):
            KINDS[getattr(plain, other)] = its_kind
INTEGERS = [t for t, kind in SIMPLE.items() if kind in ("signed", "unsigned")]


def order_of_ctype(ctype):
    swapped = hasattr(ctype, "__ctype_be__") and ctype is (ctype.__ctype_be__ if NATIVE == "<" else ctype.__ctype_le__)
    return SWAPPED if swapped else NATIVE


class Layout:
    """A type as ctypes emits it."""

    def __init__(self, kind, size, order="|", length=1, shape=(), fields=(), tail=0, tags=(), real=None):
        self.kind, self.size, self.order, self.length, self.shape = kind, size, order, length, shape
        # Name, padding before it, and layout of the fields, and the padding after them; what a pointer points to.
        self.fields, self.tail = fields, tail
        self.tags = set(tags)
        self.real = size if real is None else real

    def array(self, length, real):
        return Layout(self.kind, self.size, self.order, self.length, (length, *self.shape), self.fields, self.tail,
                      self.tags, real)

    def read(self, mode):
        """Size and alignment of an element, and the items below it, by the rules of PEP 3118.

        ctypes writes '<' or '>' before each simple type, but nothing before '&', 'X{}', 'T{}' and the 'B' of unions. So
        what stands before the first prefix is aligned natively: `mode["aligned"]`.
        """
        items = []
        if self.kind == "record":
            size, align = 0, 1
            for name, padding, layout in self.fields:
                size += padding
                element, its_align, below = layout.read(mode)
                size += -size % its_align
                items.append(layout.item(0, name, size, element))
                items += [(depth + 1, *rest) for depth, *rest in below]
                for length in layout.shape:
                    element *= length
                size, align = size + element, max(align, its_align)
            size += self.tail
            if mode["aligned"]:
                return size + -size % align, align, items
            return size, 1, items
        if self.kind in ("pointer", "function") and not self.prefixed():
            for _, _, target in self.fields:
                element, _, below = target.read(dict(mode))
                items = [target.item(0, None, 0, element), *((depth + 1, *rest) for depth, *rest in below)]
            return self.size, self.size if mode["aligned"] else 1, items
        mode["aligned"] = mode["aligned"] and not self.prefixed()
        return 2 if self.kind == "text" and not mode["wide"] else self.size, 1, items

    def prefixed(self):
        """Whether the code has a prefix of its own: the simple types, also the pointers among them."""
        return self.kind not in ("record", "function") and not self.fields and not self.is_opaque()

    def is_opaque(self):
        return bool(self.tags & {"ctypes-union", "ctypes-opaque"})

    def item(self, depth, name, offset, size):
        return depth, name, self.kind, self.order, offset, size, self.length, self.shape

    def items(self):
        """With a "u" of two bytes, unless it has four in the real type: then the sizes agree."""
        for wide in (True, False):
            size, _, below = self.read({"aligned": True, "wide": wide})
            narrow, _, _ = self.read({"aligned": True, "wide": False})
            if size == self.real != narrow or not wide:
                return [self.item(0, None, 0, size), *((depth + 1, *rest) for depth, *rest in below)]


class Ctypes:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.leaf = Leaf(self.rng)
        self.layouts = {ctype: self.simple_layout(ctype, kind) for ctype, kind in KINDS.items()}
        self.structures = []

    def simple_layout(self, ctype, kind):
        size, order = ctypes.sizeof(ctype), order_of_ctype(ctype)
        return Layout(kind, size, "|" if kind in ("bool", "char") or size == 1 else order)

    def array(self, ctype):
        rng, layout = self.rng, self.layouts[ctype]
        for _ in range(rng.randrange(1, 4)):
            length = 0 if rng.random() < 0.03 else rng.randrange(1, 4)
            ctype = ctype * length
            layout = layout.array(length, ctypes.sizeof(ctype))
            self.layouts[ctype] = layout
        return ctype

    def pointer(self, target):
        """To a type, a function, or a structure that is not yet complete."""
        rng = self.rng
        choice = rng.random()
        if choice < 0.2:
            ctype = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_double] * rng.randrange(3))
            self.layouts[ctype] = Layout("function", POINTER_SIZE, NATIVE)
            return ctype
        if choice < 0.3:
            target = type("Opaque", (ctypes.Structure,), {})
            self.layouts[target] = Layout("unsigned", 1, tags=["ctypes-opaque"])
        if choice < 0.4:
            inner = ctypes.POINTER(target)
            self.layouts[inner] = self.pointer_layout(target)
            target = inner
        ctype = ctypes.POINTER(target)
        self.layouts[ctype] = self.pointer_layout(target)
        return ctype

    def pointer_layout(self, target):
        layout = self.layouts[target]
        return Layout("pointer", POINTER_SIZE, NATIVE, fields=[(None, 0, layout)], tags=layout.tags)

    def union(self):
        members = [("abc"[i], self.rng.choice(list(SIMPLE))) for i in range(self.rng.randrange(1, 4))]
        ctype = type("U", (ctypes.Union,), {"_fields_": members})
        self.layouts[ctype] = Layout("unsigned", 1, tags=["ctypes-union"], real=ctypes.sizeof(ctype))
        return ctype

    def member(self, depth):
        rng = self.rng
        choice = rng.random()
        if choice < 0.55 or depth == 0:
            ctype = rng.choice(list(SIMPLE))
        elif choice < 0.6:
            ctype = self.union()
        elif choice < 0.7 and self.structures:
            ctype = rng.choice(self.structures[-20:])
        else:
            ctype = self.structure(depth - 1)
        if rng.random() < 0.25:
            ctype = self.array(ctype)
        if rng.random() < 0.12:
            ctype = self.pointer(ctype)
            if rng.random() < 0.25:
                ctype = self.array(ctype)
        return ctype

    def structure(self, depth):
        """A structure with its layout by the format, which is made of the emitter's own rules where it is wrong."""
        rng = self.rng
        big = rng.random() < 0.25
        base = ctypes.BigEndianStructure if big else ctypes.Structure
        namespace, tags = {}, set()
        derived = not big and self.structures and rng.random() < 0.03
        if derived:
            base = rng.choice(self.structures[-20:])
            tags.add("ctypes-base")
        elif rng.random() < 0.2:
            namespace["_pack_"] = rng.choice([1, 2, 4])
        fields = []
        for i in range(rng.choice([0, 1, 2, 3, 4, 5, 6]) if rng.random() < 0.3 else rng.randrange(1, 6)):
            name = rng.choice(["a", "b", "field", "é", "_x"]) + str(i)
            if rng.random() < 0.02 and not derived:
                ctype = rng.choice(INTEGERS)
                fields.append((name, ctype, rng.randrange(1, 8 * ctypes.sizeof(ctype) + 1)))
                tags.add("ctypes-bits")
            else:
                fields.append((name, self.member(depth)))
        namespace["_fields_"] = fields
        try:
            ctype = type("S", (base,), namespace)
        except TypeError:
            # A big-endian structure takes only members that can be swapped.
            return self.structure(depth)
        read, end = [], ctypes.sizeof(base) if derived else 0
        for name, _, *_ in fields:
            member = self.field_type(ctype, name)
            layout = self.layouts[member]
            start = getattr(ctype, name).offset
            # Padding is what lies between the real fields.
            read.append((name, max(0, start - end), layout))
            end = start + ctypes.sizeof(member)
            tags |= layout.tags
        real = ctypes.sizeof(ctype)
        layout = Layout("record", real, fields=read, tail=max(0, real - end), tags=tags, real=real)
        self.layouts[ctype] = layout
        self.structures.append(ctype)
        return ctype

    def check(self, size, items, ctype):
        """Without tags the items are the fields where they really are."""
        assert size == ctypes.sizeof(ctype), ctype._fields_
        real = [(name, getattr(ctype, name).offset) for name, *_ in getattr(ctype, "_fields_", ())]
        assert real == [(name, offset) for depth, name, _, _, offset, *_ in items if depth == 1], ctype._fields_

    def field_type(self, ctype, name):
        """The type of a field in this structure: swapped in a big-endian one."""
        for field, member, *_ in ctype._fields_:
            if field == name:
                self.learn(member)
                return member
        raise AssertionError(name)

    def learn(self, ctype):
        """The layout of an array of swapped elements, which ctypes made itself."""
        if ctype not in self.layouts:
            self.learn(ctype._type_)
            self.layouts[ctype] = self.layouts[ctype._type_].array(ctype._length_, ctypes.sizeof(ctype))

    def fill(self, data, mask, offset, ctype):
        layout = self.layouts[ctype]
        if issubclass(ctype, ctypes.Structure):
            for name, member in ctype._fields_:
                self.fill(data, mask, offset + getattr(ctype, name).offset, member)
        elif issubclass(ctype, ctypes.Array):
            for i in range(ctype._length_):
                self.fill(data, mask, offset + i * ctypes.sizeof(ctype._type_), ctype._type_)
        else:
            end = offset + layout.size
            data[offset:end], mask[offset:end] = self.leaf.fill(layout.kind, layout.size, layout.order)

    def values(self, data, offset, ctype):
        layout = self.layouts[ctype]
        if issubclass(ctype, ctypes.Structure):
            for name, member in ctype._fields_:
                yield from self.values(data, offset + getattr(ctype, name).offset, member)
        elif issubclass(ctype, ctypes.Array):
            for i in range(ctype._length_):
                yield from self.values(data, offset + i * ctypes.sizeof(ctype._type_), ctype._type_)
        elif layout.kind in ("pointer", "object", "function"):
            yield f"u:{int.from_bytes(data[offset:offset + layout.size], sys.byteorder)}"
        else:
            value = ctype.from_buffer_copy(data, offset).value
            if layout.kind == "char":
                yield "s:" + value.hex()
            elif layout.kind == "text":
                yield f"u:{ord(value)}"
            elif layout.kind == "float" and layout.size == 16:
                yield f"g:{double(value)}:{bytes(data[offset:offset + EXTENDED]).hex()}"
            elif layout.kind == "float":
                yield "f:" + double(value)
            else:
                yield {"bool": "b", "signed": "i", "unsigned": "u"}[layout.kind] + f":{int(value)}"

    def show_next(self):
        ctype = self.structure(self.rng.randrange(3))
        if self.rng.random() < 0.05:
            ctype = self.rng.choice(list(KINDS))
        layout = self.layouts[ctype]
        text = memoryview(ctype()).format
        if not layout.tags:
            self.check(layout.items()[0][5], layout.items(), ctype)
        if layout.tags - {"ctypes-opaque"} or layout.size == 0:
            return show(layout.tags, text, layout.items(), layout.real, None, None, None)
        data, mask = bytearray(self.rng.randbytes(layout.size)), bytearray(layout.size)
        self.fill(data, mask, 0, ctype)
        show(layout.tags, text, layout.items(), layout.real, data, mask, list(self.values(data, 0, ctype)))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="ascii")
    if sys.argv[1] != "ctypes":
        import numpy as np
        from numpy._core import _internal as internal
    if sys.argv[1] == "parse":
        compare_parses()
    else:
        source = (Dtypes if sys.argv[1] == "numpy" else Ctypes)(int(sys.argv[2]))
        for _ in range(int(sys.argv[3])):
            source.show_next()
