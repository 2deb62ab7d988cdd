// pybuffer.hpp, in C++17, 20 and 23: values, parts, typed views, owners, exporters, records, errors; and that nothing leaks, whichever
// allocation fails.
#include "hpp_unit.hpp"

#include "tap.h"

#include "hooks.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <sstream>
#include <thread>

// For conditions with commas in them.
#define HOLDS(...) CHECK((__VA_ARGS__))

namespace pb = pybuffer;

PYBUFFER_RECORD(Shared, number, weight)

// ---- allocations of C++, which fail when they are told to -----------------------------------------------------------------

namespace {

long new_calls, new_fails_at, new_alive;

void *allocate(std::size_t size)
{
    if (++new_calls == new_fails_at) throw std::bad_alloc();
    void *memory = std::malloc(size != 0 ? size : 1);
    if (memory == nullptr) throw std::bad_alloc();
    __atomic_fetch_add(&new_alive, 1, __ATOMIC_RELAXED);
    return memory;
}

void deallocate(void *memory) noexcept
{
    if (memory != nullptr) __atomic_fetch_sub(&new_alive, 1, __ATOMIC_RELAXED);
    std::free(memory);
}

} // namespace

// Not inlined: valgrind has all of them or none.
#define APART __attribute__((__noinline__))
APART void *operator new(std::size_t size) { return allocate(size); }
APART void *operator new[](std::size_t size) { return allocate(size); }
APART void operator delete(void *memory) noexcept { deallocate(memory); }
APART void operator delete[](void *memory) noexcept { deallocate(memory); }
APART void operator delete(void *memory, std::size_t) noexcept { deallocate(memory); }
APART void operator delete[](void *memory, std::size_t) noexcept { deallocate(memory); }

// ---- records --------------------------------------------------------------------------------------------------------------

enum class Color : unsigned char { red, green };

struct Orbit {
    double radius;
    float speed;
};

struct Planet {
    char name[8];
    double mass;
    Orbit orbits[2];
    unsigned short moons;
    Color color;
};

PYBUFFER_RECORD(Orbit, radius, speed)
PYBUFFER_RECORD(Planet, name, mass, orbits, moons, color)

namespace {

using shape_of = std::initializer_list<Py_ssize_t>;

template <class Error, class Act> bool throws(Act act, const char *message = nullptr)
{
    try {
        act();
    } catch (const Error &thrown) {
        return PyErr_Occurred() == nullptr && (message == nullptr || CHECK_STR(thrown.what(), message));
    } catch (...) {
        return false;
    }
    return false;
}

pb::memoryview counting(Py_ssize_t rows, Py_ssize_t columns)
{
    std::vector<float> numbers(static_cast<std::size_t>(rows * columns));
    std::iota(numbers.begin(), numbers.end(), 0.0f);
    return pb::own(std::move(numbers)).reshape({rows, columns});
}

void a_memoryview_is_a_counted_reference()
{
    pb::memoryview first = counting(3, 4);
    const Py_ssize_t before = Py_REFCNT(first.get());
    {
        const pb::memoryview second = first;
        CHECK_PTR(second.get(), first.get());
        CHECK_INT(Py_REFCNT(first.get()), before + 1);
    }
    CHECK_INT(Py_REFCNT(first.get()), before);
    PyObject *object = first.get();
    pb::memoryview moved = std::move(first);
    HOLDS(!first && moved);
    CHECK_PTR(moved.get(), object);
    CHECK_INT(Py_REFCNT(object), before);
    moved = pb::memoryview(moved); // itself, over a temporary
    CHECK_INT(Py_REFCNT(object), before);
    pb::memoryview other = counting(1, 1);
    swap(moved, other);
    CHECK_PTR(other.get(), object);
    PyObject *released = other.release();
    HOLDS(!other);
    Py_DECREF(released);
    static_assert(std::is_nothrow_move_constructible_v<pb::memoryview>);
    static_assert(std::is_nothrow_copy_constructible_v<pb::memoryview>);
    static_assert(std::is_nothrow_swappable_v<pb::object>);
    static_assert(sizeof(pb::memoryview) == sizeof(void *));
}

void an_empty_memoryview_says_so()
{
    const pb::memoryview none;
    HOLDS(throws<pb::system_error>([&] { none.shape(); }, "this pybuffer::memoryview is empty"));
    HOLDS(throws<pb::system_error>([&] { none.transpose(); }));
    HOLDS(throws<pb::system_error>([&] { none.select("0"); }));
    HOLDS(throws<pb::system_error>([&] { none[0]; }));
    HOLDS(throws<pb::system_error>([&] { none.as<float, 1>(); }));
    HOLDS(throws<pb::system_error>([&] { static_cast<void>(none == none); }));
    HOLDS(throws<pb::system_error>([] { pb::memoryview(pb::object()); }));
    std::ostringstream out;
    out << none;
    CHECK_STR(out.str().c_str(), "<no memoryview>");
}

void attributes_are_those_of_the_view()
{
    const pb::memoryview view = counting(3, 4).transpose();
    CHECK_INT(view.ndim(), 2);
    HOLDS(view.shape() == (shape_of{4, 3}));
    HOLDS(view.strides() == (shape_of{4, 16}));
    HOLDS(view.suboffsets().empty());
    CHECK_INT(view.shape()[1], 3);
    HOLDS(throws<pb::index_error>([&] { view.shape().at(2); }));
    CHECK_STR(view.format().c_str(), "f");
    CHECK_INT(view.itemsize(), 4);
    CHECK_INT(view.nbytes(), 48);
    CHECK_INT(view.count(), 12);
    CHECK_INT(view.size(), 4);
    HOLDS(!view.readonly() && view.toreadonly().readonly());
    HOLDS(view.is_contiguous(pb::order::fortran) && !view.is_contiguous());
    HOLDS(throws<pb::type_error>([&] { view[{0, 0}].size(); }));
}

void parts_are_selected_as_in_python()
{
    const pb::memoryview view = counting(3, 4);
    const std::size_t first = 1, last = 3;
    CHECK_STR((view[{pb::slice(1, 3), 0}].text().c_str()), "[4.0, 8.0]");
    CHECK_STR((view[{pb::slice(static_cast<Py_ssize_t>(first), static_cast<Py_ssize_t>(last)), first}].text().c_str()), "[5.0, 9.0]");
    CHECK_STR((view[{pb::all, -1}].text().c_str()), "[3.0, 7.0, 11.0]");
    CHECK_STR((view[{pb::ellipsis, 0}].text().c_str()), "[0.0, 4.0, 8.0]");
    HOLDS((view[{pb::newaxis, 0}].shape() == shape_of{1, 4}));
    CHECK_STR((view[pb::slice(std::nullopt, std::nullopt, -1)][0].text().c_str()), "[8.0, 9.0, 10.0, 11.0]");
    CHECK_STR(view[2].text().c_str(), "[8.0, 9.0, 10.0, 11.0]");
    CHECK_STR(view.select("::2, 1:3").text().c_str(), "[[1.0, 2.0], [9.0, 10.0]]");
    CHECK_STR((view[{}].text() == view.text() ? "the whole" : ""), "the whole");
    HOLDS(throws<pb::index_error>([&] { view[3]; }));
    HOLDS(throws<pb::index_error>([&] { view[std::numeric_limits<std::size_t>::max()]; }));
    HOLDS(throws<pb::type_error>([&] { view[{0, 0, 0}]; }));
    HOLDS(throws<pb::value_error>([&] { view.select("1:x"); },
                                  "expected ',' at byte 2 of the subscripts"));
    HOLDS(view.flip(0)[0] == view[2]);
    HOLDS((view.transpose({1, 0}) == view.transpose()));
    HOLDS((view[0].broadcast({2, 4})[1] == view[0]));
    HOLDS((view.cast<unsigned char>().shape() == shape_of{48}));
    HOLDS((view.cast("B").cast<float>({4, 3}).shape() == shape_of{4, 3}));
    HOLDS(throws<pb::type_error>([&] { view.cast<double>(); }));
}

void rows_are_a_range()
{
    const pb::memoryview view = counting(3, 4);
    std::string text;
    for (const pb::memoryview &row : view) text += row.text();
    CHECK_STR(text.c_str(), "[0.0, 1.0, 2.0, 3.0][4.0, 5.0, 6.0, 7.0][8.0, 9.0, 10.0, 11.0]");
    CHECK_INT(std::distance(view.begin(), view.end()), 3);
}

void elements_are_values()
{
    const pb::memoryview view = counting(3, 4);
    pb::array_view<float, 2> numbers = view.as<float, 2>();
    numbers(1, 2) = 0.5f;
    HOLDS(numbers.at(-2, -2) == 0.5f && numbers[1][2] == 0.5f);
    HOLDS(throws<pb::index_error>([&] { numbers.at(3, 0); }, "index 3 is out of bounds for axis 0 with 3 items"));
    HOLDS(throws<pb::index_error>([&] { numbers.at(0, -5); }, "index -5 is out of bounds for axis 1 with 4 items"));
    CHECK_INT(numbers.size(), 3);
    CHECK_INT(numbers.count(), 12);
    float sum = 0;
    for (const auto row : numbers) {
        for (const float number : row) sum += number;
    }
    HOLDS(sum == 60.5f);
    const pb::array_ref<const float, 2> turned = view.transpose().as<const float, 2>();
    HOLDS(turned(2, 1) == 0.5f && !turned.is_contiguous() && numbers.is_contiguous());
    std::vector<float> seen;
    turned.for_each([&seen](float number) { seen.push_back(number); });
    HOLDS(seen == turned.to_vector() && seen[1] == 4);
    HOLDS(*std::max_element(numbers[2].begin(), numbers[2].end()) == 11);
    std::sort(numbers[0].begin(), numbers[0].end(), std::greater<float>());
    HOLDS(numbers(0, 0) == 3 && numbers(0, 3) == 0);
    const auto last = numbers.end()[-1];
    HOLDS(last(1) == 9 && numbers.end() - numbers.begin() == 3);
    numbers[1].fill(7);
    HOLDS((numbers(1, 3) == 7 && numbers(2, 0) == 8));
    HOLDS((view[{1, 2}].as<float, 0>()() == 7));
    const pb::array_view<const float, 1> repeated = view[0][pb::slice(0, 1)].broadcast({5}).as<const float, 1>();
    HOLDS(repeated.to_vector() == std::vector<float>(5, 3.0f));
#if defined(__cpp_lib_span)
    CHECK_INT(numbers.span().size(), 12);
    HOLDS(throws<pb::buffer_error>([&] { turned.span(); }));
#endif
#if defined(__cpp_lib_mdspan)
    HOLDS(numbers.mdspan()[1, 3] == 7);
    HOLDS(throws<pb::buffer_error>([&] { view.flip(0).as<float, 2>().mdspan(); }));
#endif
}

void a_typed_view_keeps_the_memory()
{
    const pb::array_view<float, 1> numbers = counting(2, 2)[1].as<float, 1>();
    HOLDS(numbers[1] == 3);
    pb::array_view<float, 1> copy = numbers;
    HOLDS(copy.view() == numbers.view());
}

void a_typed_view_is_checked()
{
    const pb::memoryview view = counting(3, 4);
    HOLDS(throws<pb::type_error>([&] { view.as<double, 2>(); }, "the items have the format 'f', not 'd'"));
    HOLDS(throws<pb::type_error>([&] { view.as<int, 2>(); }));
    HOLDS(throws<pb::buffer_error>([&] { view.as<float, 3>(); }, "the view has 2 axes, not 3"));
    HOLDS(throws<pb::type_error>([&] { view.toreadonly().as<float, 2>(); }, "cannot modify read-only memory"));
    HOLDS((view.toreadonly().as<const float, 2>()(0, 0) == 0));
    HOLDS(throws<pb::buffer_error>([&] { view.cast("B")[pb::slice(1, 5)].cast<float>().as<float, 1>(); }));
    HOLDS(throws<pb::type_error>([&] { view.astype(">f").as<float, 2>(); }));
    HOLDS((view.astype("<f").as<float, 2>()(0, 1) == 1 || PYBUFFER_VERSION_NUMBER == 0));
    // `l` and `q` are one type to memory; bytes are bytes.
    HOLDS((view.astype<long>().as<long long, 2>()(2, 3) == 11));
    HOLDS((view.cast("B").as<const char, 1>().size() == 48));
    const float numbers[4] = {1, 2, 3, 5};
    const Py_ssize_t shape[2] = {2, 2};
    const pb::memoryview pointers{
        pb::object::steal(pybuffer_ndarray_new(numbers, sizeof numbers, "f", 2, shape, nullptr, 0, PYBUFFER_ND_PIL))};
    HOLDS(!pointers.suboffsets().empty());
    HOLDS(throws<pb::buffer_error>([&] { pointers.as<const float, 2>(); }));
    HOLDS((pointers.copy().as<float, 2>()(1, 1) == 5));
    const pb::memoryview gone = counting(1, 1);
    gone.release_memory();
    HOLDS(gone.is_released());
    HOLDS(throws<pb::value_error>([&] { gone.as<float, 2>(); }, "operation forbidden on released memoryview object"));
}

void values_are_converted()
{
    const pb::memoryview view = counting(2, 3);
    HOLDS(view.to_vector<double>() == (std::vector<double>{0, 1, 2, 3, 4, 5}));
    HOLDS(view.transpose().to_vector<short>() == (std::vector<short>{0, 3, 1, 4, 2, 5}));
    HOLDS(view[pb::slice(0, 0)].to_vector<int>().empty());
    HOLDS((view.to_vector<std::complex<double>>()[5] == std::complex<double>(5, 0)));
    HOLDS(throws<pb::overflow_error>([&] { (pb::wrap(std::array<int, 1>{{300}}.data(), {1})).to_vector<unsigned char>(); }));
    const pb::memoryview target("i", {2, 3}, pb::order::fortran);
    target.convert(view);
    HOLDS(target.text() == "[[0, 1, 2], [3, 4, 5]]" && target.is_contiguous(pb::order::fortran));
    HOLDS(throws<pb::value_error>([&] { target.convert(view.transpose()); },
                                  "the shape of the source is (3, 2), that of the destination (2, 3)"));
    HOLDS(throws<pb::value_error>([&] { target.assign(view); }));
    target.assign(target.flip(0).copy());
    HOLDS(target.text() == "[[3, 4, 5], [0, 1, 2]]");
    CHECK_INT(view.to_bytes().size(), 24);
    HOLDS(view.equal(view.astype<std::complex<float>>()));
}

void owners_move_in()
{
    const long before = new_alive;
    {
        const pb::memoryview vector = pb::own(std::vector<int>{1, 2, 3});
        const pb::memoryview part = vector[pb::slice(1, 3)];
        const pb::memoryview text = pb::own(std::string("a text that is longer than what a string holds in itself"));
        const pb::memoryview array = pb::own(std::array<long, 2>{{4, 5}});
        const pb::memoryview unique = pb::own(std::make_unique<double[]>(3), 3);
        const auto kept = std::make_shared<int>(7);
        const pb::memoryview shared = pb::own(kept, 1);
        CHECK_INT(kept.use_count(), 2);
        HOLDS(part.text() == "[2, 3]" && text.format() == "c" && array.text() == "[4, 5]" && unique.count() == 3);
        HOLDS(shared.text() == "[7]");
        const pb::memoryview empty = pb::own(std::vector<int>());
        CHECK_INT(empty.nbytes(), 0);
    }
    CHECK_INT(new_alive, before);
}

void memory_is_lent()
{
    float matrix[3][4] = {{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}};
    const pb::memoryview all = pb::wrap(&matrix[0][0], {3, 4}), crop = pb::wrap(&matrix[1][1], {2, 2}, {16, 4});
    HOLDS(crop == (all[{pb::slice(1, 3), pb::slice(1, 3)}]));
    const std::vector<short> fixed{1, 2};
    HOLDS(pb::wrap(fixed).readonly() && pb::wrap(fixed).format() == "h");
    std::vector<Color> colors{Color::green};
    HOLDS(pb::wrap(colors).format() == "B");
    std::vector<std::array<float, 3>> points(2);
    HOLDS(pb::wrap(points).format() == "(3)f" && (pb::wrap(points).elements().shape() == shape_of{2, 3}));
    HOLDS(throws<pb::value_error>([&] { pb::wrap(&matrix[0][0], {3, 4}, {16}); }));
    HOLDS(throws<pb::value_error>([&] { pb::wrap(&matrix[0][0], {-1}); }, "shape must not be negative"));
}

void records_have_formats()
{
    static_assert(!pb::has_format_v<std::string> && pb::has_format_v<Planet> && pb::has_format_v<const Planet>);
    CHECK_INT(PyBuffer_SizeFromFormat(pb::format_of<Planet>::text()), sizeof(Planet));
    std::vector<Planet> planets(3);
    std::strcpy(planets[1].name, "Mars");
    planets[1].mass = 0.5;
    planets[2].orbits[1] = {7.5, 2};
    planets[0].moons = 3;
    planets[0].color = Color::green;
    const pb::memoryview view = pb::wrap(planets);
    HOLDS(view.field("mass").to_vector<double>() == (std::vector<double>{0, 0.5, 0}));
    HOLDS((view.field("orbits.radius").shape() == shape_of{3, 2}));
    HOLDS((view.field("orbits.speed").as<float, 2>()(2, 1) == 2));
    HOLDS(view.field("name")[1].text() == "b'Mars\\x00\\x00\\x00\\x00'");
    HOLDS(view.field("color").to_vector<int>() == (std::vector<int>{1, 0, 0}));
    pb::array_view<Planet, 1> typed = view.as<Planet, 1>();
    typed[1].moons = 2;
    CHECK_INT(planets[1].moons, 2);
    HOLDS(view.field("orbits").as<Orbit, 2>()(2, 1).radius == 7.5);
    HOLDS(throws<pb::type_error>([&] { view.as<Orbit, 1>(); }));
    HOLDS(throws<pb::value_error>([&] { view.field("orbit"); }, "the record has no field 'orbit'"));
    CHECK_INT(pybuffer_check_exporter(view.get(), nullptr, nullptr), 0);
}

// ---- exporters ------------------------------------------------------------------------------------------------------------

struct Image {
    Image(Py_ssize_t height, Py_ssize_t width)
        : pixels(static_cast<std::size_t>(height * width)), shape{height, width}
    {
        if (width == 0) throw std::invalid_argument("no width");
    }
    pb::description describe()
    {
        if (fault == 1) throw std::runtime_error("the image is being painted");
        if (fault == 2) throw pb::buffer_error("the image is locked");
        if (fault == 3) throw std::bad_alloc();
        if (fault == 4) throw 4;
        return pb::describe(pixels.data(), {shape[0], shape[1]});
    }
    std::vector<float> pixels;
    Py_ssize_t shape[2];
    int fault = 0;
};

void a_class_becomes_an_exporter()
{
    const pb::object image = pb::make_exporter<Image>(2, 3);
    const pb::memoryview view(image);
    view.as<float, 2>().fill(2);
    HOLDS(pb::value_of<Image>(image).pixels[5] == 2 && (view.shape() == shape_of{2, 3}));
    CHECK_INT(pybuffer_check_exporter(image.get(), nullptr, nullptr), 0);
    HOLDS(throws<pb::type_error>([&] { pb::value_of<Shown>(image); }));
    HOLDS(throws<pb::type_error>([&] { pb::value_of<Image>(view); }));
    HOLDS(throws<std::invalid_argument>([] { pb::make_exporter<Image>(2, 0); }));
}

void what_a_description_throws_comes_back()
{
    const pb::object image = pb::make_exporter<Image>(2, 3);
    Image &value = pb::value_of<Image>(image);
    const auto fails = [&](int fault) {
        value.fault = fault;
        pb::memoryview{image};
    };
    HOLDS(throws<pb::error>([&] { fails(1); }, "the image is being painted"));
    HOLDS(throws<pb::buffer_error>([&] { fails(2); }, "the image is locked"));
    HOLDS(throws<pb::memory_error>([&] { fails(3); }));
    HOLDS(throws<pb::error>([&] { fails(4); }, "an exception that is no std::exception"));
    value.fault = 0;
    HOLDS((pb::memoryview(image).count() == 6));
}

void both_units_have_the_same_types()
{
    const pb::memoryview records = shared_records();
    HOLDS((records.as<Shared, 1>()[1].weight == 1.5));
    CHECK_STR(format_of_shared(), pb::format_of<Shared>::text());
    CHECK_INT(pb::value_of<Shown>(shared_exporter()).numbers[2], 3);
}

void errors_keep_their_type()
{
    try {
        counting(1, 1).field("x");
        HOLDS(0);
    } catch (const pb::error &thrown) {
        CHECK_STR(thrown.name(), "TypeError");
        CHECK_PTR(thrown.type(), PyExc_TypeError);
        const pb::error copy = thrown;
        CHECK_STR(copy.what(), thrown.what());
    }
    HOLDS(throws<std::runtime_error>([] { counting(1, 1).flip(5); }));
}

void threads_share_what_they_copy()
{
    const pb::memoryview view = counting(64, 64);
    std::vector<std::thread> threads;
    std::array<double, 4> sums{};
    for (std::size_t i = 0; i < sums.size(); i++) {
        threads.emplace_back([i, &sums, mine = view[pb::slice(static_cast<Py_ssize_t>(16 * i), static_cast<Py_ssize_t>(16 * i + 16))]] {
            for (int round = 0; round < 50; round++) {
                const pb::memoryview copy = mine;
                sums[i] = 0;
                copy.as<const float, 2>().for_each([&](float number) { sums[i] += double{number}; });
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    HOLDS(sums[0] + sums[1] + sums[2] + sums[3] == 4095.0 * 4096 / 2);
}

// ---- whichever allocation fails -------------------------------------------------------------------------------------------

void everything()
{
    pb::memoryview view = counting(3, 4);
    const pb::memoryview part = view[{pb::slice(1, 3), pb::all}].transpose();
    const std::vector<short> numbers = part.to_vector<short>();
    const pb::memoryview converted = part.astype<std::complex<double>>(pb::order::fortran);
    static_cast<void>(converted.equal(part));
    const pb::memoryview planets = pb::own(std::vector<Planet>(2));
    planets.field("orbits.radius").as<double, 2>().fill(1);
    const pb::object image = pb::make_exporter<Image>(2, 3);
    const pb::memoryview shown(image);
    static_cast<void>(shown.text());
    static_cast<void>(pb::own(std::make_unique<int[]>(3), 3));
}

void nothing_leaks_whichever_allocation_fails()
{
    everything(); // what is made once
    const long cxx = new_alive, library = hooks.outstanding;
    long failures[2] = {0, 0};
    for (int which = 0; which < 2; which++) {
        for (long call = 1;; call++) {
            bool done = false;
            new_calls = 0;
            new_fails_at = which == 0 ? call : 0;
            hooks_fail_at(which == 0 ? 0 : call, 0);
            try {
                everything();
                done = true;
            } catch (const std::bad_alloc &) {
                failures[which]++;
            } catch (const pb::memory_error &) {
                failures[which]++;
            }
            new_fails_at = 0;
            hooks_fail_at(0, 0);
            if (!CHECK_INT(new_alive, cxx) || !CHECK_INT(hooks.outstanding, library) || done) break;
            if (!HOLDS(call < 10000)) break;
        }
    }
    new_calls = 0;
    delete new int;
    // Under valgrind the operators are valgrind's, and none fails.
    HOLDS(failures[0] > 5 || new_calls == 0);
    HOLDS(failures[1] > 20);
    CHECK_INT(hooks.wrong, 0);
}

} // namespace

int main()
{
    hooks_install();
    RUN(a_memoryview_is_a_counted_reference);
    RUN(an_empty_memoryview_says_so);
    RUN(attributes_are_those_of_the_view);
    RUN(parts_are_selected_as_in_python);
    RUN(rows_are_a_range);
    RUN(elements_are_values);
    RUN(a_typed_view_keeps_the_memory);
    RUN(a_typed_view_is_checked);
    RUN(values_are_converted);
    RUN(owners_move_in);
    RUN(memory_is_lent);
    RUN(records_have_formats);
    RUN(a_class_becomes_an_exporter);
    RUN(what_a_description_throws_comes_back);
    RUN(both_units_have_the_same_types);
    RUN(errors_keep_their_type);
    RUN(threads_share_what_they_copy);
    RUN(nothing_leaks_whichever_allocation_fails);
    return tap_end();
}
