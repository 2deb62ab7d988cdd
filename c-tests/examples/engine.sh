#!/usr/bin/env bash
# The example engine.c: what it prints, and that it makes no object of the library. See example.sh. Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" engine.c

expected() {
    cat <<'END'
shorts       'h' of 2 axes: 0 10 20 30 40 50 60 70 80 90 100 110
transposed   'h' of 2 axes: 0 40 80 10 50 90 20 60 100 30 70 110
row          'h' of 1 axes: 40 50 60 70
backwards    'h' of 1 axes: 70 60 50 40
row          'h' of 1 axes: 70 60 50 40
doubles      'd' of 1 axes: 70 60 50 40
equal by value: 1
masses       'd' of 1 axes: 1.5 1.5 1.5
a value of the interpreter: 1.5
errors
  IndexError: index out of bounds on dimension 1
  IndexError: index out of bounds on dimension 2
  TypeError: memoryview: casts are restricted to C-contiguous views
  ValueError: the record has no field 'charge'
everything
  ndim 2, shape given, strides given, format h
Fortran order
  ndim 2, shape given, strides given, format none
bytes
  BufferError: toy.memoryview: underlying buffer is not C-contiguous
bytes of a row
  ndim 1, shape none, strides none, format none
The table is empty.
END
}

prints_that() {
    diff <(expected) <(both)
}

# Objects of the library in the program's source: none is named, and none is needed.
names_no_object() {
    ! grep -nE 'PyMemoryView_|PyObject_|PyBytes_|PyByteArray_|pybuffer_memoryview_|Py_(INC|DEC)REF' "$root/examples/engine.c"
}

test_that "it prints what it is to" prints_that
test_that "it uses no object of the library" names_no_object

tap_end
