// The header in C++11, 17 and 20, without a warning: a type of a C++ program exports memory, and each kind of macro and
// inline function is used once.
#include <pybuffer/pybuffer.h>
#include <pybuffer/pybuffer.h> // twice is once

#include "tap.h"

#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

namespace {

// ---- a grid of numbers, whose memory is a std::vector's -----------------------------------------------------------

struct Grid {
    PyObject_HEAD
    std::vector<std::int32_t> cells;
    Py_ssize_t shape[2];
    Py_ssize_t strides[2];
    int views;
};

int grids_alive;

Grid *grid_of(PyObject *op)
{
    return reinterpret_cast<Grid *>(op);
}

int grid_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    Grid *self = grid_of(op);
    if ((flags & PyBUF_ND) != PyBUF_ND) {
        view->obj = nullptr;
        PyErr_Format(PyExc_BufferError, "a grid has %d axes", 2);
        return -1;
    }
    view->buf = self->cells.data();
    view->obj = Py_NewRef(op);
    view->len = static_cast<Py_ssize_t>(self->cells.size() * sizeof(std::int32_t));
    view->itemsize = sizeof(std::int32_t);
    view->readonly = 0;
    view->ndim = 2;
    view->format = (flags & PyBUF_FORMAT) != 0 ? const_cast<char *>("i") : nullptr;
    view->shape = self->shape;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? self->strides : nullptr;
    view->suboffsets = nullptr;
    view->internal = nullptr;
    ++self->views;
    return 0;
}

void grid_releasebuffer(PyObject *op, Py_buffer *)
{
    --grid_of(op)->views;
}

void grid_dealloc(PyObject *op)
{
    grid_of(op)->cells.~vector();
    --grids_alive;
    Py_TYPE(op)->tp_free(op);
}

PyObject *grid_richcompare(PyObject *a, PyObject *b, int operation)
{
    if (Py_TYPE(a) != Py_TYPE(b) || (operation != Py_EQ && operation != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    if ((grid_of(a)->cells == grid_of(b)->cells) == (operation == Py_EQ)) {
        Py_RETURN_TRUE;
    }
    Py_RETURN_FALSE;
}

PyBufferProcs grid_procs = {grid_getbuffer, grid_releasebuffer};

// C++ has designated initializers from C++20 on, and warns of what they leave out.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#if __cplusplus >= 202002L
PyTypeObject Grid_Type = {
    .ob_base = PyVarObject_HEAD_INIT(nullptr, 0)
    .tp_name = "test.Grid",
    .tp_basicsize = sizeof(Grid),
    .tp_dealloc = grid_dealloc,
    .tp_as_buffer = &grid_procs,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_richcompare = grid_richcompare,
};
#else
PyTypeObject Grid_Type = {PyVarObject_HEAD_INIT(nullptr, 0) "test.Grid", sizeof(Grid), 0, grid_dealloc};
#endif
#pragma GCC diagnostic pop

int ready_grid()
{
    Grid_Type.tp_as_buffer = &grid_procs;
    Grid_Type.tp_richcompare = grid_richcompare;
    return PyType_Ready(&Grid_Type);
}

PyObject *new_grid(Py_ssize_t rows, Py_ssize_t columns)
{
    Grid *self = PyObject_New(Grid, &Grid_Type);
    if (self == nullptr) {
        return nullptr;
    }
    new (&self->cells) std::vector<std::int32_t>(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < self->cells.size(); ++i) {
        self->cells[i] = static_cast<std::int32_t>(i);
    }
    self->shape[0] = rows;
    self->shape[1] = columns;
    PyBuffer_FillContiguousStrides(2, self->shape, self->strides, sizeof(std::int32_t), 'C');
    self->views = 0;
    ++grids_alive;
    return _PyObject_CAST(self);
}

// ---- tests --------------------------------------------------------------------------------------------------------

void a_type_of_a_cxx_program_exports_its_memory()
{
    CHECK_INT(ready_grid(), 0);
    PyObject *grid = new_grid(2, 3), *same = new_grid(2, 3), *other = new_grid(3, 2);
    Py_buffer view;
    CHECK_INT(PyObject_CheckBuffer(grid), 1);
    CHECK_INT(PyObject_GetBuffer(grid, &view, PyBUF_FULL), 0);
    CHECK_INT(view.len, 24);
    CHECK_INT(*static_cast<const std::int32_t *>(view.buf), 0);
    const Py_ssize_t index[] = {1, 2};
    CHECK_INT(*static_cast<const std::int32_t *>(PyBuffer_GetPointer(&view, index)), 5);
    PyBuffer_Release(&view);
    CHECK_INT(grid_of(grid)->views, 0);
    CHECK_INT(PyObject_GetBuffer(grid, &view, PyBUF_SIMPLE), -1);
    CHECK_STR(pybuffer_error_message(), "a grid has 2 axes");
    PyErr_Clear();
    CHECK_INT(PyObject_RichCompareBool(grid, same, Py_EQ), 1);
    Py_SETREF(other, new_grid(1, 1));
    CHECK_INT(PyObject_RichCompareBool(grid, other, Py_EQ), 0);
    Py_CLEAR(same);
    CHECK_PTR(same, nullptr);
    Py_XDECREF(same);
    Py_DECREF(other);
    Py_DECREF(grid);
    CHECK_INT(grids_alive, 0);
}

void a_memoryview_keeps_a_cxx_object_alive()
{
    PyObject *grid = new_grid(2, 2), *memoryview = PyMemoryView_FromObject(grid);
    CHECK(PyMemoryView_Check(memoryview));
    CHECK_PTR(PyMemoryView_GET_BASE(memoryview), grid);
    Py_CLEAR(grid);
    CHECK_INT(grids_alive, 1);
    const Py_buffer *view = PyMemoryView_GET_BUFFER(memoryview);
    CHECK_INT(static_cast<const std::int32_t *>(view->buf)[3], 3);
    CHECK_INT(view->ndim, 2);
    Py_DECREF(memoryview);
    CHECK_INT(grids_alive, 0);
}

void macros_take_pointers_to_any_object()
{
    PyObject *bytes = PyBytes_FromString("bytes"), *bytearray = PyByteArray_FromObject(bytes);
    const PyObject *constant = bytes;
    auto *as_struct = reinterpret_cast<PyBytesObject *>(bytes);
    CHECK_INT(Py_SIZE(as_struct), 5);
    CHECK_PTR(Py_TYPE(constant), &PyBytes_Type);
    CHECK(Py_IS_TYPE(as_struct, &PyBytes_Type) && PyBytes_CheckExact(as_struct) && PyBytes_Check(bytes));
    CHECK(PyByteArray_Check(bytearray) && !PyPickleBuffer_Check(bytearray) && PyType_Check(&PyBytes_Type));
    CHECK_STR(PyBytes_AS_STRING(as_struct), "bytes");
    CHECK_STR(PyByteArray_AS_STRING(bytearray), "bytes");
    CHECK_INT(PyBytes_GET_SIZE(bytes), PyByteArray_GET_SIZE(bytearray));
    Py_INCREF(as_struct);
    CHECK_INT(Py_REFCNT(as_struct), 2);
    Py_XINCREF(as_struct);
    Py_DECREF(as_struct);
    Py_XDECREF(as_struct);
    PyObject *place = Py_XNewRef(bytes);
    Py_XSETREF(place, nullptr);
    CHECK_INT(Py_REFCNT(bytes), 1);
    CHECK(PyObject_TypeCheck(bytes, &PyBaseObject_Type) && Py_Is(bytes, bytes));
    PyObject memory;
    CHECK_PTR(PyObject_INIT(&memory, &PyBaseObject_Type), &memory);
    Py_SET_REFCNT(&memory, 7);
    Py_SET_TYPE(&memory, &PyBytes_Type);
    CHECK_INT(Py_REFCNT(&memory), 7);
    Py_DECREF(bytearray);
    Py_DECREF(bytes);
}

void subscripts_and_values_are_initialized_by_macros()
{
    const Py_ssize_t shape[] = {2, 3};
    PyObject *view = pybuffer_memoryview_new("<hd", 2, shape, 'C');
    const pybuffer_subscript rows[] = {PYBUFFER_SLICE(PYBUFFER_ABSENT, PYBUFFER_ABSENT, -1), PYBUFFER_AT(1)};
    const pybuffer_subscript whole[] = {PYBUFFER_ALL, PYBUFFER_ELLIPSIS, PYBUFFER_NEWAXIS};
    const pybuffer_value values[] = {PYBUFFER_INT(-7), PYBUFFER_REAL(0.5)};
    CHECK_INT(pybuffer_memoryview_fill(view, rows, 2, values, 2), 0);
    CHECK_INT(pybuffer_memoryview_count(view, values, 2), 2);
    PyObject *part = pybuffer_memoryview_subscript(view, whole, 3);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->ndim, 3);
    pybuffer_value item[2];
    const Py_ssize_t place[] = {1, 1, 0};
    CHECK_INT(pybuffer_memoryview_get_item(part, place, 3, item, 2), 0);
    CHECK_INT(item[0].as.i, -7);
    CHECK(item[1].as.real == 0.5);
    CHECK_INT(PYBUFFER_UINT(9).as.u, 9);
    CHECK_INT(PYBUFFER_BYTES("abc", 3).as.bytes.length, 3);
    CHECK(PYBUFFER_COMPLEX(1.0, 2.0).as.parts[1] == 2.0);
    Py_DECREF(part);
    Py_DECREF(view);
}

void subscripts_are_made_of_sizes_by_functions()
{
    static unsigned char pixels[8 * 10 * 3];
    const Py_ssize_t shape[] = {8, 10, 3};
    std::size_t x = 2, y = 3, width = 4, height = 5;
    PyObject *image = pybuffer_memoryview_wrap(pixels, "B", 3, shape, nullptr, 0, nullptr, nullptr);
    pybuffer_subscript crop[2];
    crop[0] = pybuffer_slice(y, y + height, 1);
    crop[1] = pybuffer_slice(x, x + width, 1);
    PyObject *part = pybuffer_memoryview_subscript(image, crop, 2);
    CHECK_PTR(PyMemoryView_GET_BUFFER(part)->buf, pixels + 3 * 30 + 2 * 3);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->shape[0], 5);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->shape[1], 4);
    Py_DECREF(part);
    const pybuffer_subscript channel[] = {pybuffer_ellipsis(), pybuffer_at(-1), pybuffer_newaxis()};
    part = pybuffer_memoryview_subscript(image, channel, 3);
    CHECK_PTR(PyMemoryView_GET_BUFFER(part)->buf, pixels + 2);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->ndim, 3);
    Py_DECREF(part);
    crop[0] = pybuffer_all();
    part = pybuffer_memoryview_subscript(image, crop, 1);
    CHECK_INT(PyMemoryView_GET_BUFFER(part)->len, 240);
    Py_DECREF(part);
    Py_DECREF(image);
}

void memory_macros_give_typed_pointers()
{
    double *numbers = PyMem_New(double, 4);
    CHECK(numbers != nullptr);
    PyMem_Resize(numbers, double, 400);
    CHECK(numbers != nullptr);
    PyMem_Del(numbers);
    CHECK_PTR(PyMem_New(double, PY_SSIZE_T_MAX), nullptr);
    PyMemAllocatorEx hooks;
    PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &hooks);
    CHECK(hooks.malloc != nullptr && hooks.free != nullptr);
}

void constants_are_of_use_in_constant_expressions()
{
    static_assert(PyBUF_FULL_RO == (PyBUF_INDIRECT | PyBUF_FORMAT), "flags");
    static_assert(PyBUF_MAX_NDIM == 64, "axes");
    static_assert(PY_SSIZE_T_MAX > 0 && PY_SSIZE_T_MIN < 0, "sizes");
    static_assert(sizeof(Py_ssize_t) == sizeof(void *), "sizes");
    CHECK_STR(pybuffer_version(), PYBUFFER_VERSION);
    CHECK_INT(pybuffer_version_number(), PYBUFFER_VERSION_NUMBER);
}

} // namespace

int main()
{
    RUN(a_type_of_a_cxx_program_exports_its_memory);
    RUN(a_memoryview_keeps_a_cxx_object_alive);
    RUN(macros_take_pointers_to_any_object);
    RUN(subscripts_and_values_are_initialized_by_macros);
    RUN(subscripts_are_made_of_sizes_by_functions);
    RUN(memory_macros_give_typed_pointers);
    RUN(constants_are_of_use_in_constant_expressions);
    return tap_end();
}
