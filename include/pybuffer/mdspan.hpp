/*
 * std::mdspan and libpybuffer: the elements of a typed view as an mdspan, and those of an mdspan as a memoryview, without a copy.
 * Includes <mdspan> where the standard library has it (C++23); pybuffer.hpp has the rest.
 *
 *     auto grid = pybuffer::to_mdspan(view.as<double, 2>());
 *     auto rows = pybuffer::to_mdspan<std::layout_right>(view.as<double, 2>());   // contiguous, which is checked
 *     pybuffer::memoryview lent = pybuffer::wrap(grid);
 *
 * Another mdspan, such as that of Kokkos, is included before this header and its namespace named with
 * `#define PYBUFFER_MDSPAN_NAMESPACE Kokkos`, the same in the whole program.
 */
#ifndef PYBUFFER_MDSPAN_HPP
#define PYBUFFER_MDSPAN_HPP

#include <pybuffer/pybuffer.hpp>

#include <tuple>

#if !defined(PYBUFFER_MDSPAN_NAMESPACE) && !defined(__cpp_lib_mdspan)
#  error "this standard library has no <mdspan>, or not in this version of C++: see PYBUFFER_MDSPAN_NAMESPACE"
#else

#ifndef PYBUFFER_MDSPAN_NAMESPACE
#  define PYBUFFER_MDSPAN_NAMESPACE std
#  include <mdspan>
#endif

namespace pybuffer {

namespace detail {

namespace md = PYBUFFER_MDSPAN_NAMESPACE;

template <std::size_t N> using extents_of = md::dextents<Py_ssize_t, N>;

/** Strides in elements for a mapping: positive and unique, as layout_stride demands. Axes of one item get the strides that they
 * would have in C order, and so do all where there are no items. */
template <class T, std::size_t N, class Layout> std::array<Py_ssize_t, N> mdspan_strides(const array_ref<T, N, Layout> &view)
{
    const Py_ssize_t size = static_cast<Py_ssize_t>(sizeof(T));
    std::array<Py_ssize_t, N> strides{};
    // Axes by stride: each must begin where those within it end.
    std::array<std::size_t, N> order{};
    std::size_t known = 0;
    for (std::size_t axis = 0; axis < N; axis++) {
        strides[axis] = 1;
        if (view.empty() || view.shape()[axis] == 1) continue;
        if (view.strides()[axis] <= 0 || view.strides()[axis] % size != 0) {
            throw buffer_error("std::mdspan has only strides that are positive multiples of an element: copy() makes a view with such");
        }
        strides[axis] = view.strides()[axis] / size;
        order[known++] = axis;
    }
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(known),
              [&strides](std::size_t a, std::size_t b) { return strides[a] < strides[b]; });
    for (std::size_t place = 1; place < known; place++) {
        const std::size_t inner = order[place - 1];
        if (strides[order[place]] / view.shape()[inner] < strides[inner]) {
            throw buffer_error("std::mdspan has no elements that are at several indices: copy() makes a view without");
        }
    }
    return strides;
}

} // namespace detail

/** The elements of a typed view as an mdspan; by default with `layout_stride`, which any view can have whose strides are positive
 * multiples of an element, and whose elements are at one index each. With `layout_right` (C order) and `layout_left` (Fortran order)
 * they must be contiguous. `buffer_error` where they are not so. It does not keep the memory: the view must outlive it. */
template <class Layout = detail::md::layout_stride, class T, std::size_t N, class Known>
detail::md::mdspan<T, detail::extents_of<N>, Layout> to_mdspan(const array_ref<T, N, Known> &view)
{
    using mapping = typename Layout::template mapping<detail::extents_of<N>>;
    const detail::extents_of<N> extents(view.shape());
    if constexpr (std::is_same_v<Layout, detail::md::layout_stride>) {
        return {view.data(), mapping(extents, detail::mdspan_strides(view))};
    } else {
        const mapping wanted(extents);
        if constexpr (N > 0) {
            for (std::size_t axis = 0; axis < N && !view.empty(); axis++) {
                if (view.shape()[axis] != 1 &&
                    view.strides()[axis] != static_cast<Py_ssize_t>(wanted.stride(axis)) * static_cast<Py_ssize_t>(sizeof(T))) {
                    throw buffer_error("the elements are not contiguous in the order of the layout");
                }
            }
        }
        return {view.data(), wanted};
    }
}

/** A memoryview of the elements of an mdspan of any extents and any layout with strides, which the program keeps alive: const elements
 * are read-only. `buffer_error` for a layout that has no strides. */
template <class T, class Extents, class Layout>
memoryview wrap(const detail::md::mdspan<T, Extents, Layout, detail::md::default_accessor<T>> &span)
{
    constexpr std::size_t ndim = Extents::rank();
    if (!span.is_strided()) throw buffer_error("the layout of this mdspan has no strides");
    std::array<Py_ssize_t, ndim> shape{}, strides{};
    bool empty = false;
    for (std::size_t axis = 0; axis < ndim; axis++) {
        shape[axis] = detail::as_ssize(span.extent(axis));
        empty = empty || shape[axis] == 0;
    }
    // A layout of one's own may begin anywhere.
    Py_ssize_t first = 0;
    if (!empty) {
        first = detail::as_ssize(std::apply([&span](auto... zeros) { return span.mapping()(zeros...); },
                                            std::array<typename Extents::index_type, ndim>{}));
        if constexpr (ndim > 0) {
            for (std::size_t axis = 0; axis < ndim; axis++) {
                // Of one item it may be anything.
                const Py_ssize_t steps = shape[axis] == 1 ? 1 : detail::as_ssize(span.stride(axis));
                strides[axis] = steps * static_cast<Py_ssize_t>(sizeof(T));
            }
        }
    }
    return detail::wrapped(span.data_handle() + first, shape, strides);
}
template <class T, class Extents, class Layout>
memoryview wrap(detail::md::mdspan<T, Extents, Layout, detail::md::default_accessor<T>> &span)
{
    return wrap(std::as_const(span));
}

} // namespace pybuffer

#endif
#endif /* PYBUFFER_MDSPAN_HPP */
