/*
 * Eigen and libpybuffer: the elements of a view as an Eigen::Map, and the coefficients of a dense matrix as a memoryview, without
 * a copy. Include Eigen first; pybuffer.hpp has the rest.
 *
 *     auto matrix = pybuffer::eigen_map(view.as<const double, 2>());
 *     pybuffer::memoryview lent = pybuffer::wrap_eigen(eigen_matrix);
 */
#ifndef PYBUFFER_EIGEN_HPP
#define PYBUFFER_EIGEN_HPP

#include <pybuffer/pybuffer.hpp>

#ifndef EIGEN_WORLD_VERSION
#  error "include Eigen, such as <Eigen/Core>, before <pybuffer/eigen.hpp>"
#endif

namespace pybuffer {

namespace detail {

/** A stride in elements, as Eigen has it: not negative, and a multiple of an element. */
template <class T> Eigen::Index eigen_stride(Py_ssize_t bytes, Py_ssize_t length)
{
    if (length < 2) return 0; // not used
    if (bytes < 0 || bytes % static_cast<Py_ssize_t>(sizeof(T)) != 0) {
        throw buffer_error("Eigen has no negative strides, and none between elements: copy() makes a view without");
    }
    return static_cast<Eigen::Index>(bytes / static_cast<Py_ssize_t>(sizeof(T)));
}

template <class T, int Rows, int Columns> using eigen_matrix = Eigen::Matrix<std::remove_const_t<T>, Rows, Columns>;
template <class T, class Matrix> using as_const_as = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;

} // namespace detail

/** A matrix of Eigen's on the elements of two axes: rows and columns. `buffer_error` for strides that Eigen cannot have. It does not
 * keep the memory: the view must outlive it. */
template <class T> auto eigen_map(const array_ref<T, 2> &view)
{
    using stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
    using matrix = detail::as_const_as<T, detail::eigen_matrix<T, Eigen::Dynamic, Eigen::Dynamic>>;
    const stride steps(detail::eigen_stride<T>(view.strides()[1], view.shape()[1]),
                       detail::eigen_stride<T>(view.strides()[0], view.shape()[0]));
    return Eigen::Map<matrix, Eigen::Unaligned, stride>(view.data(), view.shape()[0], view.shape()[1], steps);
}

/** A column vector of Eigen's on the elements of one axis, likewise. */
template <class T> auto eigen_map(const array_ref<T, 1> &view)
{
    using stride = Eigen::InnerStride<Eigen::Dynamic>;
    using vector = detail::as_const_as<T, detail::eigen_matrix<T, Eigen::Dynamic, 1>>;
    return Eigen::Map<vector, Eigen::Unaligned, stride>(view.data(), view.shape()[0],
                                                        stride(detail::eigen_stride<T>(view.strides()[0], view.shape()[0])));
}

/** A memoryview of the coefficients of a dense matrix of Eigen's, or of a map or block of one, which the program keeps alive: two axes,
 * rows and columns, with strides as they lie; read-only where the matrix is const. */
template <class Derived> memoryview wrap_eigen(Derived &matrix)
{
    using scalar = typename std::remove_const_t<Derived>::Scalar;
    constexpr bool writable = !std::is_const_v<Derived> && (std::remove_const_t<Derived>::Flags & Eigen::LvalueBit) != 0;
    static_assert((std::remove_const_t<Derived>::Flags & Eigen::DirectAccessBit) != 0, "the coefficients are not in memory");
    const Py_ssize_t size = static_cast<Py_ssize_t>(sizeof(scalar));
    const Py_ssize_t shape[2] = {static_cast<Py_ssize_t>(matrix.rows()), static_cast<Py_ssize_t>(matrix.cols())};
    const Py_ssize_t strides[2] = {static_cast<Py_ssize_t>(matrix.rowStride()) * size,
                                   static_cast<Py_ssize_t>(matrix.colStride()) * size};
    using element = std::conditional_t<writable, scalar, const scalar>;
    return detail::wrapped<element>(matrix.data(), 2, shape, strides, nullptr, nullptr);
}

} // namespace pybuffer

#endif /* PYBUFFER_EIGEN_HPP */
