"""Random fields, elements, subscripts and conversions of NumPy's arrays, and what comes out.

Prints a line for each case, whose words are hexadecimal where they may contain blanks:

    ACTION ITEMSIZE FORMAT MEMORY OFFSET SHAPE STRIDES ARGUMENT = OFFSET SHAPE STRIDES FORMAT ITEMS

The items are those in C order. "= !" stands for what NumPy refuses. Of a conversion, offset and strides are those of a new array.
"""

import random
import sys

import numpy

ROOM = 3000


def hexed(text):
    return (text.encode() if isinstance(text, str) else text).hex() or "-"


def joined(numbers):
    return ",".join(map(str, numbers)) or "()"


def random_shape(most):
    shape = [random.choice((1, 2, 2, 3, 4, 5)) for _ in range(random.randrange(most + 1))]
    if shape and random.random() < 0.05:
        shape[random.randrange(len(shape))] = 0
    return shape


def random_array(dtype, most=3):
    """Items at any distance from each other in memory, which is filled by the caller."""
    shape, strides, step, low = random_shape(most), [], dtype.itemsize, 0
    for axis in random.sample(range(len(shape)), len(shape)):
        step += random.choice((0, 0, random.randrange(9)))
        strides.append((axis, step * random.choice((1, 1, 1, -1))))
        step *= max(shape[axis], 1)
    strides = [stride for _, stride in sorted(strides)]
    low = -sum((length - 1) * stride for length, stride in zip(shape, strides) if stride < 0 and length > 0)
    if step > ROOM and most > 0:
        return random_array(dtype, most - 1)
    memory = numpy.frombuffer(bytearray(random.randbytes(2 * step + 1)), numpy.uint8)
    return memory, numpy.ndarray(shape, dtype, memory, low, strides)


CODES = "? b B h H i I l L q Q e f d F D S3 S1 U1 U4 >i2 >u4 >i8 >f4 >f8 >c8 >U3 <u2 <f8".split()


def record_of(fields, depth=0):
    """Aligned now and then. NumPy does not write the padding at the end of a record into its format, nor within others."""
    if any(kind.names for _, kind, *_ in fields):
        return numpy.dtype(fields)
    plain, aligned = numpy.dtype(fields), numpy.dtype(fields, align=True)
    ends = [offset + kind.itemsize for kind, offset, *_ in aligned.fields.values()]
    return aligned if depth == 0 and max(ends) == aligned.itemsize and random.random() < 0.5 else plain


def random_record(depth=0):
    fields = []
    for number in range(random.randrange(1, 4)):
        nested = depth < 3 and random.random() < 0.4
        kind = random_record(depth + 1) if nested else numpy.dtype(random.choice(CODES))
        shape = tuple(random.randrange(1, 4) for _ in range(random.choice((0, 0, 0, 1, 2))))
        fields.append((random.choice("abc") + str(number), kind, shape))
    return record_of(fields, depth)


def place(memory, array):
    return array.__array_interface__["data"][0] - memory.__array_interface__["data"][0]


def described(memory, array):
    return f"{place(memory, array)} {joined(array.shape)} {joined(array.strides)}"


def report(action, memory, array, argument, answer):
    question = f"{hexed(memoryview(array).format)} {hexed(memory.tobytes())} {described(memory, array)}"
    if answer is None:
        right = "!"
    elif action in ("field", "select", "elements"):
        right = f"{described(memory, answer)} {hexed(memoryview(answer).format)} {hexed(answer.tobytes())}"
    else:
        right = f"0 {joined(answer.shape)} {joined(answer.strides)} {hexed(memoryview(answer).format)} {hexed(answer.tobytes())}"
    print(action, array.itemsize, question, hexed(argument), "=", right)


def field():
    dtype = random_record()
    memory, array = random_array(dtype)
    if len(dtype.names) > 1 and random.random() < 0.3:
        # Some of the fields, where they are: with gaps. NumPy exports no fields in another order, nor such as overlap.
        array = array[sorted(random.sample(dtype.names, random.randrange(1, len(dtype.names) + 1)), key=dtype.names.index)]
    part, path = array, []
    while part.dtype.names and (not path or random.random() < 0.7):
        name = random.choice(part.dtype.names)
        path.append(name if random.random() < 0.7 else "#" + str(part.dtype.names.index(name)))
        part = part[name]
    report("field", memory, array, ".".join(path), part)


def elements():
    kind = random.randrange(4)
    base = numpy.dtype(random.choice("b h i q e f d >i2 >f8".split()))
    if kind == 0:
        count, dtype = 2, numpy.dtype(random.choice(("F", "D", ">c8", ">c16")))
        base = numpy.dtype(dtype.byteorder + "f" + str(dtype.itemsize // 2))
    elif kind == 1:
        count = random.randrange(1, 6)
        dtype, base = numpy.dtype(f"U{count}"), numpy.dtype("U1")
    elif kind == 2:
        count = random.randrange(1, 5)
        dtype = numpy.dtype([(f"f{i}", base) for i in range(count)])
    else:
        count = random.randrange(1, 4)
        dtype = numpy.dtype([("x", base, (count,)), ("y", [("z", base), ("w", base)], (2,))])
        count += 4
    memory, array = random_array(dtype)
    if kind == 1 and count == 1:
        answer = array
    else:
        answer = numpy.ndarray(array.shape + (count,), base, memory, place(memory, array), array.strides + (base.itemsize,))
    report("elements", memory, array, "", answer)


def end(length):
    kind = random.randrange(6)
    return "" if kind < 2 else "None" if kind == 2 else str(random.randint(-length - 2, length + 2))


def select():
    memory, array = random_array(numpy.dtype(random.choice(("B", "<h", "d"))), 4)
    words = []
    for length in array.shape[: random.randrange(array.ndim + 1)]:
        kind = random.randrange(8)
        if kind < 2 and length:
            words.append(str(random.randint(-length, length - 1)))
        elif kind == 2:
            words.append(str(random.randint(-length - 1, length)))
        else:
            words.append(end(length) + ":" + end(length) + random.choice(("", ":", ":1", ":-1", ":2", ":-3", ": - 2", ":+1")))
    for word in ("...", "None"):
        if random.random() < 0.3:
            words.insert(random.randrange(len(words) + 1), word)
    if not words:
        words = ["..."]
    text = random.choice((",", ", ", " , ")).join(words) + random.choice(("", "", ","))
    try:
        indexed = eval(f"array[{text}{'' if '...' in text else (',' if not text.endswith(',') else '') + '...'}]")
    except (IndexError, ValueError):
        indexed = None
    report("select", memory, array, text, indexed)


def numbers(dtype, other, shape):
    """Numbers that both have."""
    low, high, kinds = -100, 100, dtype.kind + other.kind
    if "u" in kinds:
        low = 0
    if "b" in kinds:
        low, high = 0, 1
    values = numpy.random.randint(low, high + 1, shape)
    if dtype.kind in "fc" and other.kind in "fc":
        values = numpy.random.normal(0, 1000, shape)
    return values


def converted():
    codes = "? b B h H i I l L q Q e f d >i2 >u4 >i8 >u8 >f4 >f8 >e".split()
    count = random.randrange(1, 5)
    pairs = []
    for _ in range(count):
        pair = [numpy.dtype(random.choice(codes)), numpy.dtype(random.choice(codes))]
        if random.random() < 0.15:
            pair = [numpy.dtype(random.choice(("F", "D", ">c8", "f", ">i4"))), numpy.dtype(random.choice(("F", "D", ">c16")))]
        elif random.random() < 0.1:
            pair = [numpy.dtype("S3")] * 2
        elif random.random() < 0.1:
            pair = [numpy.dtype(random.choice(("U3", ">U3"))), numpy.dtype(random.choice(("U3", ">U3")))]
        pairs.append(pair)
    one = count == 1 and random.random() < 0.8
    source, dest = (
        pairs[0][i] if one else record_of([(f"f{n}", pair[i]) for n, pair in enumerate(pairs)])
        for i in (0, 1)
    )
    memory, array = random_array(source)
    for number, (of_source, of_dest) in enumerate(pairs):
        part = array if one else array[f"f{number}"]
        if of_source.kind in "SU":
            part[...] = numpy.random.choice(["abc", "xyz", "\u0107\u010d"] if of_source.kind == "U" else [b"abc", b"xyz"], part.shape)
        else:
            part[...] = numbers(of_source, of_dest, part.shape).astype(of_source)
    answer = numpy.zeros(array.shape, dest)
    numpy.copyto(answer, array.astype(dest), casting="unsafe")
    if not one:
        # What belongs to no value is 0.
        clean = numpy.zeros(array.shape, dest)
        for name in dest.names:
            clean[name] = answer[name]
        answer = clean
    report("astype", memory, array, memoryview(answer).format, answer)


seed = int(sys.argv[1])
random.seed(seed)
numpy.random.seed(seed)
numpy.seterr(all="ignore")
for _ in range(int(sys.argv[2])):
    random.choice((field, field, elements, select, converted, converted))()
