// pybuffer.hpp, in C++17, 20 and 23: values, parts, typed views, owners, exporters, records, errors; and that nothing leaks, whichever
// allocation fails.
#include "hpp_unit.hpp"

#include "failing.hpp"
#include "order.h"
#include "throws.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <sstream>
#include <thread>
#include <type_traits>

PYBUFFER_RECORD(Shared, number, weight)

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
    HOLDS(throws<pb::system_error>([] { pb::memoryview{pb::object()}; }));
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
    /* Both ends throw where there is no range. */
    const pb::memoryview none, item = view[{0, 0}];
    HOLDS(throws<pb::system_error>([&] { none.begin(); }) && throws<pb::system_error>([&] { none.end(); }));
    HOLDS(throws<pb::type_error>([&] { item.begin(); }) && throws<pb::type_error>([&] { item.end(); }));
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
}

void a_typed_view_keeps_the_memory()
{
    const pb::array_view<float, 1> numbers = counting(2, 2)[1].as<float, 1>();
    HOLDS(numbers[1] == 3);
    pb::array_view<float, 1> copy = numbers;
    HOLDS(copy.view() == numbers.view());
    // What has been moved from is empty, and points nowhere.
    pb::array_view<float, 1> moved = std::move(copy);
    HOLDS(copy.data() == nullptr && copy.empty() && !copy.view() && moved[1] == 3);
    pb::array_view<float, 1> &same = moved;
    moved = std::move(same);
    HOLDS(moved.size() == 2 && moved[1] == 3);
    const pb::memoryview taken = std::move(moved).view();
    HOLDS(taken.text() == "[2.0, 3.0]");
    static_assert(std::is_nothrow_move_constructible_v<pb::array_view<float, 1>> && std::is_nothrow_copy_constructible_v<pb::array_view<float, 1>>);
    // More const, fewer promises: without a check. The other way round, not at all, or checked.
    const pb::array_view<const float, 1> reading = numbers;
    HOLDS(reading.data() == numbers.data() && reading.view().get() == numbers.view().get());
    static_assert(!std::is_constructible_v<pb::array_view<float, 1>, pb::array_view<const float, 1>>);
    static_assert(!std::is_constructible_v<pb::array_ref<float, 1>, pb::array_ref<const float, 1>>);
    static_assert(!std::is_constructible_v<pb::array_ref<int, 1>, pb::array_ref<float, 1>>);
    static_assert(!std::is_constructible_v<pb::array_ref<const double, 1>, pb::array_ref<float, 1>>);
    static_assert(std::is_same_v<decltype(reading[0]), const float &> && std::is_same_v<decltype(reading(0)), const float &>);
    static_assert(!std::is_convertible_v<pb::memoryview, pb::array_view<float, 1>>);
    std::ostringstream out;
    out << reading << pb::array_view<float, 1>();
    CHECK_STR(out.str().c_str(), "[2.0, 3.0]<no memoryview>");
}

void adjacent_elements_are_a_promise_of_the_type()
{
    const pb::memoryview view = counting(3, 4);
    const auto rows = view.as<float, 2, pb::unit_stride>();
    static_assert(std::is_same_v<decltype(rows[0].begin()), float *>);
    HOLDS(rows(1, 2) == 6 && rows[2][3] == 11 && rows.at(-1, -1) == 11 && rows.to_vector().size() == 12);
    float sum = 0;
    for (const auto row : rows) {
        for (const float number : row) sum += number;
    }
    HOLDS(sum == 66);
    const auto crop = view[{pb::slice(1, 3), pb::slice(1, 3)}].as<float, 2, pb::unit_stride>();
    HOLDS(crop(1, 1) == 10 && crop.to_vector() == (std::vector<float>{5, 6, 9, 10}) && !crop.is_contiguous());
    const char *message = "the elements along the last axis are not adjacent";
    HOLDS(throws<pb::buffer_error>([&] { view.transpose().as<float, 2, pb::unit_stride>(); }, message));
    HOLDS(throws<pb::buffer_error>([&] { view.flip(1).as<float, 2, pb::unit_stride>(); }, message));
    HOLDS((view.flip(0).as<float, 2, pb::unit_stride>()(0, 0) == 8));
    // One element along the last axis, or none, has any stride.
    HOLDS((view[{pb::all, pb::slice(1, 2)}].flip(1).as<float, 2, pb::unit_stride>()(2, 0) == 9));
    HOLDS((view[{pb::all, pb::slice(0, 0)}].as<float, 2, pb::unit_stride>().begin()[1].empty()));
    // To less, without a check; to more, with one.
    const pb::array_view<const float, 2> less = rows;
    const pb::array_ref<float, 2> ref = rows;
    HOLDS(less(1, 2) == 6 && ref(1, 2) == 6);
    static_assert(!std::is_convertible_v<pb::array_ref<float, 2>, pb::array_ref<float, 2, pb::unit_stride>>);
    static_assert(!std::is_convertible_v<pb::array_view<float, 2>, pb::array_view<float, 2, pb::unit_stride>>);
    HOLDS((pb::array_ref<const float, 2, pb::unit_stride>(ref)(1, 2) == 6 && pb::array_view<const float, 2, pb::unit_stride>(less)(1, 2) == 6));
    const auto turned = view.transpose().as<float, 2>();
    HOLDS(throws<pb::buffer_error>([&] { pb::array_view<float, 2, pb::unit_stride>{turned}; }, message));
    HOLDS(turned(2, 1) == 6 && !turned.has_unit_stride() && rows.has_unit_stride());
}

/* Of arrays without elements, lengths and strides may be anything: neither their product nor a step along them is worked out. */
void arrays_without_elements_lead_nowhere()
{
    int *none = nullptr;
    CHECK((pb::wrap(none, {0, 1LL << 40, 1LL << 40}).as<int, 3>().is_contiguous()));
    for (const Py_ssize_t stride : {PY_SSIZE_T_MAX - 3, PY_SSIZE_T_MIN}) {
        const pb::memoryview view = pb::wrap(none, {4, 0}, {stride, 4});
        int rows = 0;
        for (const auto row : view.as<int, 2>()) {
            rows++;
            for (const int element : row) CHECK_INT(element, 0);
        }
        CHECK_INT(rows, 4);
    }
}

void the_lowest_number_is_a_number_to_slices()
{
    const std::vector<int> ten(10);
    const pb::memoryview view = pb::wrap(ten);
    CHECK_INT(view[{pb::slice(0, PY_SSIZE_T_MIN)}].shape()[0], 0);
    CHECK_INT(view[{pb::slice(PY_SSIZE_T_MIN, std::nullopt, -1)}].shape()[0], 0);
    CHECK_INT(view[{pb::slice(std::nullopt, std::nullopt, PY_SSIZE_T_MIN)}].shape()[0], 1);
    CHECK_INT(view[{pb::slice(PY_SSIZE_T_MIN, PY_SSIZE_T_MAX)}].shape()[0], 10);
}

void bounds_of_slices_are_integers_of_any_type()
{
    const std::vector<int> ten(10);
    const pb::memoryview view = pb::wrap(ten);
    CHECK_INT(view[pb::slice(2, std::string::npos)].shape()[0], 8);
    CHECK_INT(view[pb::slice(std::numeric_limits<std::size_t>::max())].shape()[0], 10);
    CHECK_INT(view[pb::slice(0, 10, std::numeric_limits<std::uint64_t>::max())].shape()[0], 1);
    CHECK_INT(view[pb::slice(static_cast<signed char>(-3), 9U)].shape()[0], 2);
    CHECK_INT(view[pb::slice(std::optional<std::size_t>(4), std::optional<std::size_t>())].shape()[0], 6);
    CHECK_INT(view[pb::slice({}, 4LL)].shape()[0], 4);
    static_assert(!std::is_constructible_v<pb::slice, double> && !std::is_convertible_v<int, pb::slice>);
}

void strides_of_one_element_lead_nowhere()
{
    float number = 5;
    const pb::array_ref<float, 2> one(&number, {1, 1}, {-PY_SSIZE_T_MAX, PY_SSIZE_T_MAX});
    long seen = 0;
    for (const auto row : one) {
        for (const float &element : row) seen += &element == &number;
    }
    one.for_each([&](float &element) { seen += &element == &number; });
    HOLDS(seen == 2 && one.end() - one.begin() == 1 && one.is_contiguous());
    // Along a stride of 0, an element has many indices.
    const pb::array_ref<const float, 1> many(&number, {5}, {0});
    HOLDS(std::distance(many.begin(), many.end()) == 5 && std::accumulate(many.begin(), many.end(), 0.0f) == 25);
    const Py_ssize_t much = Py_ssize_t{1} << 40;
    const pb::array_ref<const float, 3> none(&number, {much, much, 0}, {0, 0, 4}), too_many(&number, {much, much, 1}, {0, 0, 4});
    HOLDS(none.count() == 0 && none.empty() && none.to_vector().empty() && !too_many.empty());
    HOLDS(throws<pb::overflow_error>([&] { too_many.count(); }, "more items than can be counted"));
    const pb::memoryview nothing("0s", {much, 4});
    HOLDS(nothing.count() == much * 4 && nothing.nbytes() == 0);
    HOLDS(throws<pb::value_error>([&] { nothing[{pb::newaxis, pb::ellipsis}].broadcast({much, much, 4}); })); // no view has more
}

void iterators_are_what_algorithms_expect()
{
    const pb::memoryview view = counting(3, 4);
    pb::array_view<float, 2> numbers = view.transpose().as<float, 2>();
    auto row = numbers[1];
    std::sort(row.begin(), row.end(), std::greater<float>());
    HOLDS(row[0] == 9 && row[2] == 1 && std::is_sorted(std::make_reverse_iterator(row.end()), std::make_reverse_iterator(row.begin())));
    pb::array_ref<const float, 1>::iterator first = row.begin(); // may be written, may be read
    HOLDS(*first++ == 9 && *first == 5 && *(first - 1) == 9 && first[1] == 1 && first > pb::array_ref<const float, 1>::iterator(row.begin()));
    HOLDS(*--first == 9 && *first.operator->() == 9);
    auto part = numbers.begin();
    HOLDS((*part++)[0] == 0 && (*part)[0] == 9 && (part + 2)[0](2) == 11 && (2 + part) == numbers.end() - 1);
#if defined(__cpp_lib_ranges)
    static_assert(std::random_access_iterator<pb::array_ref<float, 2>::iterator> && std::random_access_iterator<pb::array_ref<float, 1>::iterator>);
    static_assert(std::ranges::view<pb::array_ref<float, 2>> && std::ranges::borrowed_range<pb::array_ref<float, 2>>);
    static_assert(std::ranges::contiguous_range<pb::array_ref<float, 1, pb::unit_stride>> && !std::ranges::borrowed_range<pb::array_view<float, 2>>);
    static_assert(std::ranges::input_range<pb::memoryview>);
    HOLDS(std::ranges::max(row) == 9);
    float firsts = 0;
    for (const float number : numbers | std::views::transform([](auto column) { return column[0]; })) firsts += number;
    HOLDS(firsts == 0 + 9 + 2 + 3);
    HOLDS(std::span<const float>(view.as<float, 2, pb::unit_stride>()[1]).size() == 4);
#endif
#if defined(__cpp_multidimensional_subscript)
    HOLDS((numbers[1, 2] == 1 && view[pb::all, 1].text() == "[9.0, 5.0, 1.0]" && view[0, pb::slice(1, 3)].text() == "[9.0, 2.0]"));
#endif
}

void exceptions_pass_through_loops()
{
    const pb::array_view<float, 2> numbers = counting(3, 4).as<float, 2>();
    int seen = 0;
    HOLDS(throws<std::invalid_argument>([&] {
        numbers.for_each([&](float number) {
            seen++;
            if (number == 5) throw std::invalid_argument("five");
        });
    }, "five"));
    CHECK_INT(seen, 6);
    // An element as the value of all.
    numbers.fill(numbers(1, 2));
    HOLDS(numbers(0, 0) == 6 && numbers(2, 3) == 6);
}

void lengths_are_integers_of_any_type_and_lists_of_them()
{
    const pb::memoryview view = counting(3, 4);
    const std::size_t rows = 2;
    const unsigned char columns = 6;
    HOLDS((view.reshape({rows, columns}).shape() == std::vector<Py_ssize_t>{2, 6}));
    const std::vector<Py_ssize_t> shape{2, 2, 3};
    HOLDS(view.reshape(shape).shape() == shape && view.reshape(std::array<Py_ssize_t, 2>{{6, 2}}).shape()[0] == 6);
    HOLDS(pb::memoryview("d", view.shape()).shape() == view.shape() && pb::memoryview::zeros<short>({rows}).format() == "h");
    HOLDS(view.transpose(std::vector<int>{1, 0}) == view.transpose());
    HOLDS(throws<pb::error>([&] { view.transpose(std::vector<int>()); }) && throws<pb::error>([&] { view.transpose({}); }));
    HOLDS(view[std::vector<pb::subscript>{0, pb::slice(1, 3)}].text() == "[1.0, 2.0]");
    HOLDS((view[{0, 0}].reshape({}).ndim() == 0 && pb::memoryview("f", {}).ndim() == 0 && view[{0, 0}].reshape({1, 1}).ndim() == 2));
    HOLDS((view[{0, 0}].cast("B", {4}).shape() == shape_of{4} && view[{0, 0}].cast("B").cast<float>({}).ndim() == 0));
    HOLDS(throws<pb::error>([&] { view.reshape({std::numeric_limits<std::size_t>::max()}); }));
    HOLDS(throws<pb::error>([&] { pb::memoryview("f", std::vector<Py_ssize_t>(2000, 1)); }, "more axes than a view can have"));
    float numbers[6] = {0, 1, 2, 3, 4, 5};
    HOLDS(pb::wrap(numbers, std::vector<Py_ssize_t>{2, 3})[1] == pb::wrap(numbers + 3, {3u}));
    HOLDS(pb::wrap(numbers, {}).ndim() == 0);
    static_assert(!std::is_convertible_v<pb::array_ref<Py_ssize_t, 1>, pb::axes> && !std::is_convertible_v<int, pb::axes>); // it has strides
    // The lengths of a memoryview that is gone are kept.
    const pb::axes kept = counting(5, 7)[{pb::slice(1, 4), pb::all}].shape();
    HOLDS((kept == shape_of{3, 7} && kept != shape_of{3} && kept != shape_of{3, 8}));
    Py_ssize_t product = 1;
    for (const Py_ssize_t length : counting(5, 7).transpose().shape()) product *= length;
    CHECK_INT(product, 35);
    std::ostringstream out;
    out << view.shape() << view[0].shape() << view[{0, 0}].shape();
    CHECK_STR(out.str().c_str(), "(3, 4)(4,)()");
    const auto numbers_of = view.as<float, 2>();
    HOLDS(throws<pb::index_error>([&] { numbers_of.at(std::numeric_limits<std::size_t>::max(), 0); }));
    HOLDS(throws<pb::index_error>([&] { numbers_of.at(std::string::npos, 0u); }));
    HOLDS(throws<pb::index_error>([&] { numbers_of.at(0, PY_SSIZE_T_MIN); }));
}

void text_for_c_has_no_nul()
{
    const pb::memoryview view = counting(3, 4);
    const std::string nul(1, '\0');
    HOLDS(throws<pb::value_error>([&] { view.select("0" + nul + "1"); }, "the text has a NUL in it"));
    HOLDS(throws<pb::value_error>([&] { view.field("x" + nul); }) && throws<pb::value_error>([&] { view.cast("B" + nul); }));
    HOLDS(throws<pb::value_error>([&] { view.astype("d" + nul); }) && throws<pb::value_error>([&] { pb::memoryview("d" + nul, {1}); }));
}

void equal_memoryviews_have_equal_hashes()
{
    const std::string text = "some text", same = text;
    CHECK_INT(pb::wrap(text).hash(), pb::wrap(same).hash());
    HOLDS(throws<pb::value_error>([&] { counting(3, 4).cast("B").hash(); }, "cannot hash writable memoryview object"));
    HOLDS(throws<pb::system_error>([] { pb::memoryview().hash(); }));
}

void iterators_of_rows_keep_the_memoryview()
{
    pb::memoryview view = counting(3, 4);
    std::string text;
    for (const pb::memoryview &row : view) {
        view = pb::memoryview(); // the one that is walked over is kept
        text += row[0].text();
    }
    CHECK_STR(text.c_str(), "0.04.08.0");
    auto at = counting(2, 2).begin();
    ++at;
    HOLDS((*at).text() == "[2.0, 3.0]");
    HOLDS(throws<pb::type_error>([] { static_cast<void>(pb::memoryview("f", {}).end()); }));
    const pb::memoryview gone = counting(3, 4);
    const auto first = gone.begin();
    gone.release_memory();
    HOLDS(throws<pb::value_error>([&] { *first; }));
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
    HOLDS(throws<pb::type_error>([&] { view.astype(OTHER "f").as<float, 2>(); }));
    HOLDS((view.astype(NATIVE "f").as<float, 2>()(0, 1) == 1 || PYBUFFER_VERSION_NUMBER == 0));
    // `l` and `q` are one type to memory, or `l` and `i`; bytes are bytes.
    using same_as_long = std::conditional_t<sizeof(long) == 8, long long, int>;
    HOLDS((view.astype<long>().as<same_as_long, 2>()(2, 3) == 11));
    HOLDS((view.cast("B").as<const char, 1>().size() == 48));
    const float numbers[4] = {1, 2, 3, 5};
    const Py_ssize_t shape[2] = {2, 2};
    const pb::memoryview pointers{
        pb::object::steal(pybuffer_ndarray_new(numbers, sizeof numbers, "f", 2, shape, nullptr, 0, PYBUFFER_ND_PIL))};
    HOLDS(!pointers.suboffsets().empty());
    HOLDS(throws<pb::buffer_error>([&] { pointers.as<const float, 2>(); }));
    HOLDS((pointers.copy().as<float, 2>()(1, 1) == 5));
    // Bytes are bytes, but only in items of one.
    char bytes[2] = {};
    Py_ssize_t two = 2;
    Py_buffer described{};
    described.buf = bytes;
    described.len = 2;
    described.itemsize = 1;
    described.ndim = 1;
    described.shape = &two;
    char one_byte[] = "@c", nothing[] = "@", too_much[] = "bB";
    const auto of_format = [&described](char *format) {
        described.format = format;
        return pb::memoryview::steal(PyMemoryView_FromBuffer(&described));
    };
    HOLDS((of_format(one_byte).as<std::byte, 1>().size() == 2));
    HOLDS(throws<pb::type_error>([&] { of_format(nothing).as<char, 1>(); }));
    HOLDS(throws<pb::value_error>([&] { of_format(too_much).as<signed char, 1>(); }));
    const pb::memoryview gone = counting(1, 1);
    gone.release_memory();
    HOLDS(gone.is_released());
    HOLDS(throws<pb::value_error>([&] { gone.as<float, 2>(); }, "operation forbidden on released memoryview object"));
    HOLDS(throws<pb::value_error>([&] { gone.shape(); }) && throws<pb::value_error>([&] { gone.data(); }));
    HOLDS(throws<pb::value_error>([&] { gone.to_bytes(); }) && throws<pb::value_error>([&] { gone.is_contiguous(); }));
    HOLDS(throws<pb::value_error>([&] { gone.text(); }) && throws<pb::value_error>([&] { gone.to_vector<float>(); }));
    // The memory of typed elements outlives a release of what they were made from.
    const pb::memoryview released = counting(2, 2);
    const pb::array_view<float, 2> numbers_of_released = released.as<float, 2>();
    released.release_memory();
    HOLDS(numbers_of_released(1, 1) == 3 && numbers_of_released.view().text() == "[[0.0, 1.0], [2.0, 3.0]]");
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
    // A typed view is more than data() and size().
    const pb::array_view<float, 2> turned = all.transpose().as<float, 2>();
    HOLDS(pb::wrap(turned) == all.transpose());
    pb::wrap(turned).release_memory(); // not that of `turned`
    HOLDS(!turned.view().is_released() && pb::wrap(turned) == all.transpose());
    HOLDS(pb::wrap(pb::array_view<const float, 2>(turned)).readonly());
    const pb::array_ref<float, 2> ref = turned;
    HOLDS(pb::wrap(ref) == all.transpose() && pb::wrap(ref[1]).text() == "[1.0, 5.0, 9.0]" && pb::wrap(turned[1]).text() == "[1.0, 5.0, 9.0]");
    // Temporaries: those that own their elements are refused.
    static_assert(can_wrap<std::vector<int> &>::value && can_wrap<const std::vector<int> &>::value);
    static_assert(!can_wrap<std::vector<int>>::value && !can_wrap<const std::vector<int>>::value && !can_wrap<std::string>::value);
    static_assert(can_wrap<std::string_view>::value && !can_wrap<std::vector<bool> &>::value && !can_wrap<int *>::value);
    // What only points to elements owns none (pb::own asserts that).
    static_assert(!can_wrap<std::initializer_list<int>>::value && pb::detail::is_list<std::initializer_list<int>>::value);
#if defined(__cpp_lib_ranges)
    static_assert(can_wrap<std::ranges::subrange<int *>>::value && pb::detail::borrows<std::ranges::subrange<int *>>::value);
    static_assert(!can_wrap<std::vector<int>>::value && !pb::detail::borrows<std::vector<int>>::value);
#endif
    HOLDS(pb::wrap(std::string_view("text")).readonly() && pb::wrap(matrix).elements() == all);
#if defined(__cpp_lib_span)
    HOLDS(pb::wrap(std::span<float, 12>(&matrix[0][0], 12)).reshape({3, 4}) == all);
#endif
}

void owners_of_any_type_keep_elements_anywhere()
{
    const long before = new_alive;
    {
        auto rows = std::make_shared<std::vector<float>>(12, 2.0f);
        float *data = rows->data();
        const pb::memoryview every = pb::own(rows, data, {3, 2}, {16, 8});
        CHECK_INT(rows.use_count(), 2);
        rows.reset();
        HOLDS(every.text() == "[[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]");
        const pb::memoryview part = every[{0, 0}];
        HOLDS(throws<pb::value_error>([&] { pb::own(std::make_unique<int>(1), data, {3, 2}, {4}); }, "as many strides as axes"));
        HOLDS(throws<pb::buffer_error>([&] { pb::own(std::make_unique<int>(1), static_cast<float *>(nullptr), {3}); }));
        const float *constant = data;
        HOLDS(pb::own(std::string("an owner that has nothing to do with it"), constant, {1}).readonly());
    }
    CHECK_INT(new_alive, before);
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
        if (fault >= 5) {
            pb::description made = pb::describe(pixels.data(), {shape[0], shape[1]});
            if (fault == 5) made.shape = {Py_ssize_t{1} << 40, Py_ssize_t{1} << 40};
            if (fault == 6) made.shape = {Py_ssize_t{1} << 40, Py_ssize_t{1} << 21};
            if (fault == 7) made.shape = {-1, 2};
            if (fault == 8) made.strides = {4};
            if (fault == 9) made.shape.assign(65, 1);
            if (fault == 10) made.itemsize = -4;
            if (fault == 11) made.shape = {Py_ssize_t{1} << 40, Py_ssize_t{1} << 40, 0};
            return made;
        }
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
    HOLDS(throws<pb::overflow_error>([&] { fails(5); }) && throws<pb::value_error>([&] { fails(6); }, "the shape is too large"));
    HOLDS(throws<pb::value_error>([&] { fails(7); }) && throws<pb::value_error>([&] { fails(8); }, "as many strides as axes"));
    HOLDS(throws<pb::value_error>([&] { fails(9); }, "more axes than a view can have") && throws<pb::value_error>([&] { fails(10); }));
    value.fault = 11;
    HOLDS(pb::memoryview(image).nbytes() == 0);
    value.fault = 0;
    HOLDS((pb::memoryview(image).count() == 6));
}

void both_units_have_the_same_types()
{
    const pb::memoryview records = shared_records();
    HOLDS((records.as<Shared, 1>()[1].weight == 1.5));
    CHECK_STR(format_of_shared(), pb::format_of<Shared>::text());
    const pb::object exporter = shared_exporter();
    CHECK_INT(pb::value_of<Shown>(exporter).numbers[2], 3);
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
    for (const pb::memoryview &row : shown) static_cast<void>(row.as<const float, 1, pb::unit_stride>().to_vector());
    try {
        static_cast<void>(shown.as<double, 2>()); // an error, of which the message may find no memory
    } catch (const pb::type_error &) {
    }
    try {
        static_cast<void>(shown.field("a field that is not there"));
    } catch (const pb::type_error &) {
    }
    static_cast<void>(pb::own(std::make_unique<int[]>(3), 3));
}

void nothing_leaks_whichever_allocation_fails()
{
    check_failing_allocations(everything, 5, 20);
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
    RUN(adjacent_elements_are_a_promise_of_the_type);
    RUN(strides_of_one_element_lead_nowhere);
    RUN(arrays_without_elements_lead_nowhere);
    RUN(the_lowest_number_is_a_number_to_slices);
    RUN(bounds_of_slices_are_integers_of_any_type);
    RUN(iterators_are_what_algorithms_expect);
    RUN(exceptions_pass_through_loops);
    RUN(lengths_are_integers_of_any_type_and_lists_of_them);
    RUN(text_for_c_has_no_nul);
    RUN(equal_memoryviews_have_equal_hashes);
    RUN(iterators_of_rows_keep_the_memoryview);
    RUN(a_typed_view_is_checked);
    RUN(values_are_converted);
    RUN(owners_move_in);
    RUN(memory_is_lent);
    RUN(owners_of_any_type_keep_elements_anywhere);
    RUN(records_have_formats);
    RUN(a_class_becomes_an_exporter);
    RUN(what_a_description_throws_comes_back);
    RUN(both_units_have_the_same_types);
    RUN(errors_keep_their_type);
    RUN(threads_share_what_they_copy);
    RUN(nothing_leaks_whichever_allocation_fails);
    return tap_end();
}
