// Out of memory in the C++ header: each operation, with C++'s first allocation failing, then the second, and so on until the
// operation succeeds; then the same with the library's allocations. Where C++'s fails it throws std::bad_alloc, where the library's
// does pybuffer::memory_error. Each time nothing may be leaked, no error pending, and what it works on must be what it was.
#include <pybuffer/pybuffer.hpp>

#include "dlpack.h"

#include "arrow.h"

#include "failing.hpp"
#include "throws.hpp"

#include <numeric>
#include <sstream>

struct Moon {
    std::int32_t number;
    double radius;
};
PYBUFFER_RECORD(Moon, number, radius);

namespace {

/** Exports a matrix, and allocates when it describes it. */
struct Sheet {
    explicit Sheet(std::size_t rows) : numbers(rows * 3, 1.5f) {}
    pb::description describe() { return pb::describe(numbers.data(), {numbers.size() / 3, 3}, {12, 4}); }
    std::vector<float> numbers;
};

// ---- what the operations work on ------------------------------------------------------------------------------------------

struct {
    float numbers[12];
    unsigned char bytes[24];
    Moon moons[3];
    pb::memoryview grid, line, read_only, target, wide, records, sheet_view;
    pb::object sheet;
    PyObject *all[8];
} on;

void build()
{
    std::iota(std::begin(on.numbers), std::end(on.numbers), 0.0f);
    std::iota(std::begin(on.bytes), std::end(on.bytes), static_cast<unsigned char>(1));
    on.grid = pb::wrap(on.numbers, {3, 4});
    on.line = pb::wrap(on.bytes);
    on.read_only = on.line.toreadonly();
    on.target = pb::memoryview::zeros<float>({3, 4});
    on.wide = pb::memoryview::zeros<double>({3, 4});
    on.records = pb::wrap(on.moons);
    on.sheet = pb::make_exporter<Sheet>(std::size_t{2});
    on.sheet_view = pb::memoryview(on.sheet);
    int i = 0;
    for (const pb::object *one : {static_cast<const pb::object *>(&on.grid), static_cast<const pb::object *>(&on.line),
                                  static_cast<const pb::object *>(&on.read_only), static_cast<const pb::object *>(&on.target),
                                  static_cast<const pb::object *>(&on.wide), static_cast<const pb::object *>(&on.records),
                                  static_cast<const pb::object *>(&on.sheet_view), static_cast<const pb::object *>(&on.sheet)}) {
        on.all[i++] = one->get();
    }
}

void clear()
{
    on.grid = on.line = on.read_only = on.target = on.wide = on.records = on.sheet_view = pb::memoryview();
    on.sheet = pb::object();
}

struct State {
    long cxx, library;
    Py_ssize_t references[8];
    unsigned char contents[sizeof(on.numbers) + sizeof(on.bytes) + sizeof(on.moons) + 48 + 96];

    State() : cxx(new_alive), library(hooks.outstanding)
    {
        std::memset(contents, 0, sizeof(contents));
        for (int i = 0; i < 8; i++) references[i] = Py_REFCNT(on.all[i]);
        unsigned char *to = contents;
        const auto keep = [&to](const void *from, std::size_t size) {
            std::memcpy(to, from, size);
            to += size;
        };
        keep(on.numbers, sizeof(on.numbers));
        keep(on.bytes, sizeof(on.bytes));
        keep(on.moons, sizeof(on.moons));
        keep(on.target.data(), 48);
        keep(on.wide.data(), 96);
    }
    bool operator==(const State &other) const
    {
        return cxx == other.cxx && library == other.library && std::equal(references, references + 8, other.references) &&
               std::memcmp(contents, other.contents, sizeof(contents)) == 0;
    }
};

// ---- the operations -------------------------------------------------------------------------------------------------------

/** Drops what an operation has made. */
template <class T> void drop(T &&) {}

/** A tensor of this program's. */
template <class Tensor> pb::dlpack<Tensor> produced()
{
    static float numbers[6];
    static std::int64_t shape[2] = {2, 3};
    static Tensor tensor;
    tensor = Tensor();
    if constexpr (std::is_same_v<Tensor, DLManagedTensorVersioned>) tensor.version = {1, 0};
    tensor.dl_tensor.data = numbers;
    tensor.dl_tensor.device = {kDLCPU, 0};
    tensor.dl_tensor.ndim = 2;
    tensor.dl_tensor.dtype = {kDLFloat, 32, 1};
    tensor.dl_tensor.shape = shape;
    tensor.deleter = [](Tensor *) {};
    return pb::dlpack<Tensor>(&tensor);
}

/** Whether an operation throws an error that it should throw, of which the message may find no memory. */
template <class Error, class Act> void refused(Act act)
{
    bool thrown = false;
    try {
        act();
    } catch (const Error &) {
        thrown = true;
    }
    CHECK(thrown);
}

enum { CALLS_BACK = 1, CHANGES = 2 };

struct Operation {
    const char *name;
    void (*run)();
    int traits; // CALLS_BACK: C++ that the library calls fails as the library does. CHANGES: a success writes to what it works on
};

#define IS(name, ...) {name, [] { __VA_ARGS__; }, 0}
#define OF(traits, name, ...) {name, [] { __VA_ARGS__; }, traits}

const std::string long_path = "a path to a field that is not there, and longer than short strings are";

const Operation operations[] = {
    IS("object::steal", pb::object::steal(PyBytes_FromString("bytes"))),
    IS("object::borrow", pb::object::borrow(on.sheet.get())),
    IS("a copy of an object", pb::object copy(on.sheet); copy = on.grid),
    OF(CALLS_BACK, "memoryview of an exporter", pb::memoryview{on.sheet}),
    IS("memoryview of a memoryview", pb::memoryview{static_cast<const pb::object &>(on.grid)}),
    IS("memoryview of a format", pb::memoryview("T{<i:number:<d:a name that is longer than short strings:}", {2, 3})),
    IS("memoryview::zeros", pb::memoryview::zeros<double>({2, 3}, pb::order::fortran)),
    IS("memoryview::steal", pb::memoryview::steal(PyMemoryView_FromObject(on.grid.get()))),
    IS("shape, strides, suboffsets", drop(on.grid.transpose().shape()); drop(on.grid.transpose().strides()); drop(on.grid.suboffsets())),
    IS("format, itemsize and so on", drop(on.records.format()); drop(on.grid.itemsize() + on.grid.nbytes() + on.grid.count() + on.grid.size());
       drop(on.grid.buffer().len + static_cast<Py_ssize_t>(on.grid.ndim())); drop(on.grid.data()); drop(on.grid.readonly() || on.grid.is_contiguous())),
    IS("axes::at", refused<pb::index_error>([] { static_cast<void>(on.grid.shape().at(2)); })),
    IS("axes <<", std::ostringstream out; out << on.grid.shape()),
    IS("[] with a list", on.grid[{pb::slice(1, 3), pb::all}]),
    IS("[] with a vector", on.grid[std::vector<pb::subscript>{0, pb::newaxis, pb::ellipsis}]),
    IS("[] with an index", on.grid[1]),
    IS("select", on.grid.select("1:3, ..., 0")),
    IS("field", on.records.field("radius")),
    IS("elements", on.records.field("radius").elements()),
    IS("flip", on.grid.flip(0)),
    IS("transpose", on.grid.transpose()),
    IS("transpose with a list", on.grid.transpose({1, 0})),
    IS("transpose with a vector", on.grid.transpose(std::vector<int>{1, 0})),
    IS("broadcast", on.grid[0].broadcast({5, 4})),
    IS("reshape", on.grid.reshape({2, 6}, pb::order::c)),
    IS("cast", on.line.cast("i")),
    IS("cast to a shape", on.line.cast("i", {2, 3})),
    IS("cast to a type", on.line.cast<std::int16_t>()),
    IS("cast to a type and a shape", on.line.cast<std::int16_t>({3, 4})),
    IS("toreadonly", on.grid.toreadonly()),
    IS("copy", on.grid.transpose().copy(pb::order::fortran)),
    IS("astype", on.grid.astype("<i")),
    IS("astype of a type", on.grid.astype<std::complex<double>>(pb::order::fortran)),
    OF(CHANGES, "assign", on.target.assign(on.grid.flip(1))),
    OF(CHANGES | CALLS_BACK, "assign of an exporter", on.target.select(":2, :3").assign(on.sheet)),
    OF(CHANGES, "convert", on.wide.convert(on.grid)),
    OF(CHANGES | CALLS_BACK, "convert of an exporter", on.wide.select(":2, :3").convert(on.sheet)),
    IS("to_vector of a memoryview", on.grid.to_vector<double>()),
    IS("to_bytes", on.grid.transpose().to_bytes()),
    IS("==", drop(on.grid == on.grid.transpose().copy())),
    IS("!=", drop(on.grid.transpose().copy() != on.grid)),
    OF(CALLS_BACK, "equal", drop(on.grid.equal(on.sheet))),
    IS("hash", drop(pb::memoryview(pb::object::steal(PyBytes_FromString("bytes"))).hash())),
    IS("text", on.grid.text()),
    IS("memoryview <<", std::ostringstream out; out << on.grid),
    IS("release_memory", const pb::memoryview other = on.grid.flip(0); other.release_memory(); drop(other.is_released())),
    IS("rows", for (const pb::memoryview &row : on.grid) drop(row[0])),
    IS("wrap of an address", pb::wrap(on.numbers, {2, 2}, {24, 8})),
    IS("wrap of a container", pb::wrap(on.moons)),
    IS("wrap of an array_ref", const pb::array_ref<float, 2> view(on.numbers, {3, 4}, {16, 4}); pb::wrap(view)),
    IS("wrap of an array_view", pb::wrap(on.grid.as<const float, 2>())),
    IS("own of a container", pb::own(std::vector<double>(3))),
    IS("own of elements", pb::own(std::make_tuple(1, std::string("an owner of elements anywhere")), on.numbers, {2, 2})),
    IS("own of a unique_ptr", pb::own(std::make_unique<int[]>(3), 3)),
    IS("own of a shared_ptr", pb::own(std::shared_ptr<int[]>(new int[3]), 3)),
    IS("array_view", pb::array_view<float, 2>(on.grid)),
    IS("as", on.grid.as<const float, 2, pb::unit_stride>()),
    IS("a copy of an array_view", const pb::array_view<float, 2> one = on.grid.as<float, 2>(); const pb::array_view<const float, 2> two = one; drop(two)),
    IS("array_view::view", on.grid.as<float, 2>().view()),
    IS("to_vector of elements", on.grid.as<const float, 2>().to_vector()),
    IS("at", refused<pb::index_error>([] { static_cast<void>(on.grid.as<float, 2>().at(3, 0)); })),
    OF(CHANGES, "fill", on.target.as<float, 2>().fill(2)),
    IS("to_dlpack", on.grid.to_dlpack()),
    IS("to_dlpack, unversioned", on.grid.to_dlpack<DLManagedTensor>()),
    IS("from_dlpack", pb::from_dlpack(produced<DLManagedTensorVersioned>())),
    IS("from_dlpack, unversioned", pb::from_dlpack(produced<DLManagedTensor>().release())),
    IS("dlpack there and back", pb::from_dlpack(on.grid.to_dlpack())),
    IS("to_arrow", on.grid.to_arrow()),
    IS("from_arrow", pb::from_arrow(on.grid.to_arrow())),
    IS("to_array_interface", on.grid.to_array_interface()),
    IS("from_array_interface", pb::array_interface made = on.grid.to_array_interface(); pb::from_array_interface(*made)),
    IS("from_array_interface of an owner", pb::array_interface made = on.grid.to_array_interface();
       pb::from_array_interface(*made, std::string("an owner that is no short string"))),
    IS("array_interface there and back", pb::from_array_interface(on.grid.to_array_interface())),
    IS("describe", drop(pb::describe(on.numbers, {3, 4}, {16, 4}))),
    OF(CALLS_BACK, "make_exporter", pb::memoryview(pb::make_exporter<Sheet>(std::size_t{4}))),
    IS("value_of", drop(pb::value_of<Sheet>(on.sheet).numbers.size())),
    IS("value_of another object", refused<pb::type_error>([] { pb::value_of<Sheet>(on.grid); })),
    IS("format_of a record", drop(std::string(pb::format_of<Moon>::text()))),
    IS("an error with a message of the library's", refused<pb::value_error>([] { on.records.field(long_path); })),
    IS("an error with a message of C++'s", refused<pb::value_error>([] { on.grid.select(std::string("0\0 and more text than fits", 27)); })),
    IS("errors of the program", drop(pb::error(PyExc_LookupError, long_path)); drop(pb::buffer_error(long_path)); drop(pb::value_error(long_path));
       drop(pb::type_error(long_path)); drop(pb::index_error(long_path)); drop(pb::overflow_error(long_path)); drop(pb::memory_error(long_path));
       drop(pb::not_implemented_error(long_path)); drop(pb::system_error(long_path))),
    IS("an error of an empty memoryview", refused<pb::system_error>([] { pb::memoryview().transpose(); })),
    IS("a copy of an error", refused<pb::error>([] {
           try {
               on.records.field(long_path);
           } catch (const pb::error &thrown) {
               const pb::error copy = thrown;
               throw copy;
           }
       })),
};

// ---- running them ---------------------------------------------------------------------------------------------------------

enum Failing { CXX, LIBRARY };

/** What an operation throws where the allocation fails that `failing` says. */
enum Outcome { DONE, BAD_ALLOC, MEMORY_ERROR, OTHER };

Outcome run(const Operation &operation, Failing failing, long call)
{
    Outcome outcome = DONE;
    new_calls = 0;
    new_fails_at = failing == CXX ? call : 0;
    hooks_fail_at(failing == LIBRARY ? call : 0, 0);
    try {
        operation.run();
    } catch (const std::bad_alloc &) {
        outcome = BAD_ALLOC;
    } catch (const pb::memory_error &) {
        outcome = MEMORY_ERROR;
    } catch (...) {
        outcome = OTHER;
    }
    new_fails_at = 0;
    hooks_fail_at(0, 0);
    return outcome;
}

/** Returns how many allocations have failed. */
long fails(const Operation &operation, Failing failing)
{
    long failures = 0;
    for (long call = 1; call < 1000; call++) {
        std::memset(on.target.data(), 0, 48);
        std::memset(on.wide.data(), 0, 96);
        const State before;
        const Outcome outcome = run(operation, failing, call);
        if (!CHECK(PyErr_Occurred() == nullptr)) PyErr_Clear();
        if (outcome == DONE) {
            CHECK_INT(new_alive, before.cxx);
            CHECK_INT(hooks.outstanding, before.library);
            CHECK((operation.traits & CHANGES) != 0 || State() == before);
            return failures;
        }
        failures++;
        CHECK(outcome == (failing == CXX ? BAD_ALLOC : MEMORY_ERROR) ||
              (failing == CXX && (operation.traits & CALLS_BACK) != 0 && outcome == MEMORY_ERROR));
        if (!CHECK(State() == before)) return failures;
    }
    CHECK(!"it ends");
    return failures;
}

void each_operation_fails_as_if_it_had_not_been_called()
{
    long of_cxx = 0, of_library = 0;
    for (const Operation &operation : operations) {
        std::printf("# %s\n", operation.name);
        operation.run(); // what is made once
        of_library += fails(operation, LIBRARY);
        of_cxx += fails(operation, CXX);
    }
    new_calls = 0;
    delete new int;
    // Under valgrind the operators are valgrind's, and none fails.
    CHECK(of_cxx > 40 || new_calls == 0);
    CHECK(of_library > 100);
    std::printf("# %ld allocations of C++ and %ld of the library have failed\n", of_cxx, of_library);
}

void two_fail_at_once()
{
    // The message of an error may find no memory while the library has none either.
    for (const Operation &operation : operations) {
        for (long call = 1; call < 1000; call++) {
            const State before;
            new_calls = 0;
            new_fails_at = 1;
            hooks_fail_at(call, 1);
            bool done = false;
            try {
                operation.run();
                done = true;
            } catch (const std::bad_alloc &) {
            } catch (const pb::memory_error &) {
            }
            new_fails_at = 0;
            const bool failed = hooks.failed != 0;
            hooks_fail_at(0, 0);
            if (!CHECK(PyErr_Occurred() == nullptr)) PyErr_Clear();
            CHECK_INT(new_alive, before.cxx);
            CHECK_INT(hooks.outstanding, before.library);
            if (done || !failed) break;
        }
    }
}

} // namespace

int main()
{
    hooks_install();
    const long library = hooks.outstanding;
    build();
    RUN(each_operation_fails_as_if_it_had_not_been_called);
    RUN(two_fail_at_once);
    clear();
    CHECK_INT(hooks.outstanding, library);
    CHECK_INT(hooks.wrong, 0);
    return tap_end();
}
