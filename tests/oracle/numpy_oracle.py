"""Plays sequences of operations on NumPy's arrays.

Reads a sequence from each line, its operations separated by ";", and prints the results, in the same way. What is made
goes into a register with a number; an operation on a register with nothing in it is "skip". "!IndexError" stands for an
index that is out of bounds, "!" for any other exception: whether something is refused is compared, not in which words.
"""

import sys
import zlib

import numpy
from numpy.lib.stride_tricks import as_strided


def numbers(word):
    if word == "-":
        return None
    return () if word == "()" else tuple(int(number) for number in word.split(","))


def key(word):
    if word == "...":
        return Ellipsis
    if word == "new":
        return numpy.newaxis
    if ":" in word:
        return slice(*(None if end == "-" else int(end) for end in word.split(":")))
    return int(word)


def keys(word):
    """Subscripts that give an array, also where there is an integer for each axis."""
    keys = () if word == "()" else tuple(map(key, word.split(",")))
    return keys if Ellipsis in keys else keys + (Ellipsis,)


def joined(entries):
    return ",".join(map(str, entries)) if entries else "()"


class Memory:
    def __init__(self, content):
        self.bytes = numpy.frombuffer(bytearray(content), dtype=numpy.uint8)
        self.address = self.bytes.__array_interface__["data"][0]

    def crc(self):
        return zlib.crc32(self.bytes)


class Player:
    def __init__(self):
        self.registers = {}

    def play(self, line):
        return ";".join(self.step(*operation.split(" ")) for operation in line.split(";"))

    def step(self, name, *arguments):
        try:
            return str(getattr(self, "do_" + name)(*arguments))
        except KeyError:
            return "skip"
        except IndexError as error:
            return "!IndexError" if type(error) is IndexError and "out of bounds" in str(error) else "!"
        except (TypeError, ValueError, AttributeError, MemoryError):
            return "!"

    def make(self, to, of, array):
        self.registers[to] = array, of
        return self.look(to)

    def look(self, register):
        array, memory = self.registers[register]
        steps = [stride if length > 1 and array.size else "_" for length, stride in zip(array.shape, array.strides)]
        offset = array.__array_interface__["data"][0] - memory.address if array.size else "_"
        # Without axes of one item: before 2.3 that takes no more than 32.
        items = "many" if array.size > 4096 else "x" + array.squeeze().tobytes().hex()
        return "%s %s %s %s" % (joined(array.shape), joined(steps), offset, items)

    def do_memory(self, to, exporter, readonly, content, pointers, origin, length, itemsize, format, ndim, *axes):
        memory = Memory(bytes.fromhex(content[1:]))
        shape, strides, _ = map(numbers, axes)
        first = numpy.ndarray((), "V" + itemsize, memory.bytes, int(origin))
        return self.make(to, memory, as_strided(first, shape, strides, writeable=readonly == "0"))

    def do_part(self, to, of, word):
        array, memory = self.registers[of]
        return self.make(to, memory, array[keys(word)])

    def do_permute(self, to, of, axes):
        array, memory = self.registers[of]
        return self.make(to, memory, array.transpose(numbers(axes)))

    def do_flip(self, to, of, axis):
        array, memory = self.registers[of]
        return self.make(to, memory, numpy.flip(array, int(axis)))

    def do_broadcast(self, to, of, shape):
        array, memory = self.registers[of]
        wide = numpy.broadcast_to(array, numbers(shape))
        before = (1,) * (wide.ndim - array.ndim) + array.shape
        if all(length in (0, old) for length, old in zip(wide.shape, before)):
            # No axis is repeated. NumPy makes it read-only all the same.
            wide = as_strided(array, wide.shape, wide.strides, writeable=array.flags.writeable)
        return self.make(to, memory, wide)

    def do_reshape(self, to, of, shape, order):
        array, memory = self.registers[of]
        shape = numbers(shape)
        if min(shape, default=0) < -1:
            raise ValueError("NumPy takes every negative number for -1, this library does not")
        return self.make(to, memory, array.reshape(shape, order=order, copy=False))

    def do_iter(self, to, of):
        array, memory = self.registers[of]
        len(array)
        self.registers[to] = iter([array[place, ...] for place in range(min(len(array), 40))]), memory
        return "ok"

    def do_row(self, to, of):
        rows, memory = self.registers[of]
        for row in rows:
            return self.make(to, memory, row)
        return "end"

    def do_assign(self, of, word, source):
        array, memory = self.registers[of]
        source, _ = self.registers[source]
        part = array[keys(word)]
        if part.shape != source.shape:
            raise ValueError("this library does not broadcast the source")
        # Not the source itself: NumPy 2.4 gets x[::2] = x[:4] wrong.
        array[keys(word)] = source.copy()
        return "%d %s" % (memory.crc(), self.look(of))

    def do_fill(self, of, word, item):
        array, memory = self.registers[of]
        item = bytes.fromhex(item[1:])
        array[keys(word)] = numpy.frombuffer(item, array.dtype)[0]
        return "%d %s" % (memory.crc(), self.look(of))


for line in sys.stdin:
    print(Player().play(line.rstrip("\n")))
