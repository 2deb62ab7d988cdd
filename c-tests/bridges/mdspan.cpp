// pybuffer/mdspan.hpp: the same memory in std::mdspan and in views. Built where a compiler has <mdspan>.
#include <pybuffer/mdspan.hpp>
#include <pybuffer/mdspan.hpp> // twice is once

#include "throws.hpp"

#include <numeric>

namespace {

/** A layout of a program: C order, backwards. */
struct layout_backwards {
    template <class Extents> struct mapping {
        using extents_type = Extents;
        using index_type = typename Extents::index_type;
        using size_type = typename Extents::size_type;
        using rank_type = typename Extents::rank_type;
        using layout_type = layout_backwards;
        Extents size;
        const Extents &extents() const { return size; }
        index_type required_span_size() const { return size.extent(0); }
        index_type operator()(index_type i) const { return size.extent(0) - 1 - i; }
        static constexpr bool is_always_unique() { return true; }
        static constexpr bool is_always_exhaustive() { return true; }
        static constexpr bool is_always_strided() { return false; }
        static constexpr bool is_unique() { return true; }
        static constexpr bool is_exhaustive() { return true; }
        bool is_strided() const { return size.extent(0) == 4; } // for what follows
        index_type stride(rank_type) const { return -1; }
    };
};

pb::memoryview counting(Py_ssize_t rows, Py_ssize_t columns)
{
    std::vector<float> numbers(static_cast<std::size_t>(rows * columns));
    std::iota(numbers.begin(), numbers.end(), 0.0f);
    return pb::own(std::move(numbers)).reshape({rows, columns});
}

void elements_become_an_mdspan()
{
    const pb::memoryview view = counting(3, 4);
    const auto all = pb::to_mdspan(view.as<float, 2>());
    static_assert(std::is_same_v<decltype(all)::layout_type, std::layout_stride>);
    CHECK((all.extent(0) == 3 && all.extent(1) == 4 && all[1, 3] == 7));
    all[1, 3] = 70;
    CHECK((view.as<float, 2>()(1, 3) == 70));
    const auto turned = pb::to_mdspan(view.transpose().as<const float, 2>());
    static_assert(std::is_same_v<decltype(turned)::element_type, const float>);
    CHECK((turned[3, 1] == 70 && turned.stride(0) == 1 && turned.stride(1) == 4));
    CHECK((pb::to_mdspan(view[{pb::slice(0, 3, 2), pb::slice(1, 4, 2)}].as<float, 2>())[1, 1] == 11));
    CHECK((pb::to_mdspan(view[{pb::all, 1}].as<float, 1>())[2] == 9));
    CHECK((pb::to_mdspan(view[{2, 3}].as<float, 0>())[] == 11));
    CHECK((pb::to_mdspan(view.as<float, 2, pb::unit_stride>())[2, 0] == 8));
    const std::mdspan<float, std::extents<Py_ssize_t, 3, 4>> fixed(pb::to_mdspan<std::layout_right>(view.as<float, 2>()));
    CHECK((fixed[2, 3] == 11));
}

void contiguous_layouts_are_checked()
{
    const pb::memoryview view = counting(3, 4);
    const auto rows = pb::to_mdspan<std::layout_right>(view.as<float, 2>());
    CHECK((rows[2, 1] == 9 && rows.stride(0) == 4));
    const auto columns = pb::to_mdspan<std::layout_left>(view.transpose().as<float, 2>());
    CHECK((columns[1, 2] == 9));
    const char *message = "the elements are not contiguous in the order of the layout";
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan<std::layout_left>(view.as<float, 2>()); }, message));
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan<std::layout_right>(view.transpose().as<float, 2>()); }, message));
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan<std::layout_right>(view[{pb::all, pb::slice(0, 2)}].as<float, 2>()); }, message));
    CHECK((pb::to_mdspan<std::layout_right>(view[{pb::slice(0, 1), pb::all}].flip(0).as<float, 2>())[0, 3] == 3));
    CHECK((pb::to_mdspan<std::layout_right>(view[pb::slice(0, 0)].as<float, 2>()).empty()));
    CHECK((pb::to_mdspan<std::layout_right>(view[{0, 1}].as<float, 0>())[] == 1));
}

void strides_of_no_mdspan_are_refused()
{
    const pb::memoryview view = counting(3, 4);
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan(view.flip(0).as<float, 2>()); },
                                   "std::mdspan has only strides that are positive multiples of an element: copy() makes a view with such"));
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan(view[0].broadcast({3, 4}).as<const float, 2>()); }));
    float packed[6] = {};
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan(pb::array_ref<float, 1>(packed, {3}, {6})); }));
    // Windows that overlap: elements at several indices.
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan(pb::array_ref<float, 2>(packed, {4, 3}, {4, 4})); },
                                   "std::mdspan has no elements that are at several indices: copy() makes a view without"));
    CHECK(throws<pb::buffer_error>([&] { pb::to_mdspan(pb::array_ref<float, 2>(packed, {2, 3}, {8, 4})); }));
    // One item has no neighbour, none has no place.
    const auto one = pb::to_mdspan(pb::array_ref<float, 2>(packed, {1, 3}, {-PY_SSIZE_T_MAX, 8}));
    CHECK((one.stride(0) > 0 && one.stride(1) == 2 && &one[0, 2] == packed + 4));
    const Py_ssize_t much = Py_ssize_t{1} << 40;
    CHECK((pb::to_mdspan(pb::array_ref<float, 3>(packed, {much, much, 0}, {-4, 0, 3})).extent(1) == much));
}

void an_mdspan_becomes_a_memoryview()
{
    std::vector<double> numbers(24);
    std::iota(numbers.begin(), numbers.end(), 0.0);
    std::mdspan rows(numbers.data(), 4, 6);
    const pb::memoryview view = pb::wrap(rows);
    CHECK((view.shape() == std::vector<Py_ssize_t>{4, 6}) && view.is_contiguous() && !view.readonly());
    CHECK((view[{3, 5}].text() == "23.0"));
    const std::mdspan<const double, std::extents<int, 2, std::dynamic_extent, 4>, std::layout_left> columns(numbers.data(), 3);
    const pb::memoryview fixed = pb::wrap(columns);
    CHECK((fixed.shape() == std::vector<Py_ssize_t>{2, 3, 4}) && fixed.is_contiguous(pb::order::fortran) && fixed.readonly());
    CHECK((fixed[{1, 2, 3}].text() == "23.0"));
    using two = std::dextents<unsigned short, 2>;
    const std::mdspan<double, two, std::layout_stride> every(numbers.data() + 1,
                                                            std::layout_stride::mapping<two>(two(2, 3), std::array<int, 2>{12, 2}));
    CHECK_STR(pb::wrap(every).text().c_str(), "[[1.0, 3.0, 5.0], [13.0, 15.0, 17.0]]");
    CHECK_STR(pb::wrap(pb::to_mdspan(view.transpose().as<double, 2>()))[5].text().c_str(), "[5.0, 11.0, 17.0, 23.0]");
    CHECK_STR(pb::wrap(std::mdspan<double, std::extents<int>>(numbers.data() + 7)).text().c_str(), "7.0");
    CHECK((pb::wrap(std::mdspan(numbers.data(), 0, 5)).shape() == std::vector<Py_ssize_t>{0, 5}));
    CHECK((pb::wrap(std::mdspan<double, std::dextents<int, 2>>(nullptr, 0, 5)).nbytes() == 0));
    const std::mdspan<double, std::dextents<int, 1>, layout_backwards> backwards(numbers.data(), layout_backwards::mapping<std::dextents<int, 1>>{std::dextents<int, 1>(4)});
    CHECK_STR(pb::wrap(backwards).text().c_str(), "[3.0, 2.0, 1.0, 0.0]");
    const std::mdspan<double, std::dextents<int, 1>, layout_backwards> none(numbers.data(), layout_backwards::mapping<std::dextents<int, 1>>{std::dextents<int, 1>(5)});
    CHECK(throws<pb::buffer_error>([&] { pb::wrap(none); }, "the layout of this mdspan has no strides"));
}

} // namespace

int main()
{
    RUN(elements_become_an_mdspan);
    RUN(contiguous_layouts_are_checked);
    RUN(strides_of_no_mdspan_are_refused);
    RUN(an_mdspan_becomes_a_memoryview);
    return tap_end();
}
