/*
 * Eigen and libpybuffer: the elements of a view as an Eigen::Map, and the coefficients of a dense matrix as a memoryview, without
 * a copy. Include Eigen first; pybuffer.hpp has the rest.
 *
 *     auto matrix = pybuffer::eigen_map(view.as<const double, 2>());
 *     auto rotation = pybuffer::eigen_map<Eigen::Matrix3d>(view.as<const double, 2>());
 *     pybuffer::memoryview lent = pybuffer::wrap_eigen(eigen_matrix), moved = pybuffer::own_eigen(std::move(eigen_matrix));
 *
 * A matrix has two axes, rows and columns; a vector at compile time has one. Elements of `Eigen::half` are "e".
 */
#ifndef PYBUFFER_EIGEN_HPP
#define PYBUFFER_EIGEN_HPP

#include <pybuffer/pybuffer.hpp>

#ifndef EIGEN_WORLD_VERSION
#  error "include Eigen, such as <Eigen/Core>, before <pybuffer/eigen.hpp>"
#else

namespace pybuffer {

template <> struct format_of<Eigen::half> {
    static const char *text() noexcept { return "e"; }
};

namespace detail {

/** Its data() and size() tell nothing of rows and columns: see wrap_eigen. */
template <class T>
struct is_container<T, std::enable_if_t<std::is_base_of_v<Eigen::EigenBase<std::remove_const_t<T>>, std::remove_const_t<T>>>>
    : std::false_type {};

/** A stride in elements, as Eigen has it: not negative, and a multiple of an element. */
template <class T> Eigen::Index eigen_stride(Py_ssize_t bytes, Py_ssize_t length)
{
    if (length < 2) return 0; // not used
    if (bytes < 0 || bytes % static_cast<Py_ssize_t>(sizeof(T)) != 0) {
        throw buffer_error("Eigen has no negative strides, and none between elements: copy() makes a view without");
    }
    return static_cast<Eigen::Index>(bytes / static_cast<Py_ssize_t>(sizeof(T)));
}

/** A length that a type of Eigen's may fix. */
inline Eigen::Index eigen_length(Py_ssize_t length, int fixed, const char *of)
{
    if (fixed != Eigen::Dynamic && length != fixed) {
        throw buffer_error("the view has " + std::to_string(length) + " " + of + ", not " + std::to_string(fixed));
    }
    return static_cast<Eigen::Index>(length);
}

template <class T, class Matrix> using as_const_as = std::conditional_t<std::is_const_v<T>, const Matrix, Matrix>;
template <class T, int Rows, int Columns, int Options = 0> using eigen_matrix = Eigen::Matrix<std::remove_const_t<T>, Rows, Columns, Options>;

/** Whether an expression has its coefficients in itself, so that they are gone when it is. */
template <class T> struct eigen_owns : std::is_base_of<Eigen::PlainObjectBase<T>, T> {};
template <class T, int Options, class Stride> struct eigen_owns<Eigen::Ref<const T, Options, Stride>> : std::true_type {};

} // namespace detail

/** A matrix type of Eigen's, as a map of the elements of a typed view: by default a matrix of any size on two axes (by rows where their
 * elements have unit stride, which is fastest) and a column vector on one. `buffer_error` for strides that Eigen cannot have, and
 * where the type fixes another size. It does not keep the memory: the view must outlive it. */
template <class Matrix, class T, class Layout> auto eigen_map(const array_ref<T, 2, Layout> &view)
{
    static_assert(std::is_same_v<typename Matrix::Scalar, std::remove_const_t<T>>, "the matrix has other elements than the view");
    using map = detail::as_const_as<T, Matrix>;
    const Eigen::Index rows = detail::eigen_length(view.shape()[0], Matrix::RowsAtCompileTime, "rows"),
                       columns = detail::eigen_length(view.shape()[1], Matrix::ColsAtCompileTime, "columns"),
                       row = detail::eigen_stride<T>(view.strides()[0], rows), column = detail::eigen_stride<T>(view.strides()[1], columns);
    if constexpr (bool{Matrix::IsRowMajor} && std::is_same_v<Layout, unit_stride>) {
        using stride = Eigen::OuterStride<>;
        return Eigen::Map<map, Eigen::Unaligned, stride>(view.data(), rows, columns, stride(row));
    } else {
        using stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
        return Eigen::Map<map, Eigen::Unaligned, stride>(view.data(), rows, columns,
                                                         Matrix::IsRowMajor ? stride(row, column) : stride(column, row));
    }
}
template <class T, class Layout> auto eigen_map(const array_ref<T, 2, Layout> &view)
{
    constexpr int options = std::is_same_v<Layout, unit_stride> ? int{Eigen::RowMajor} : int{Eigen::ColMajor};
    return eigen_map<detail::eigen_matrix<T, Eigen::Dynamic, Eigen::Dynamic, options>>(view);
}

/** The same for a vector type, rows or columns, on one axis. */
template <class Vector, class T, class Layout> auto eigen_map(const array_ref<T, 1, Layout> &view)
{
    static_assert(std::is_same_v<typename Vector::Scalar, std::remove_const_t<T>>, "the vector has other elements than the view");
    static_assert(Vector::IsVectorAtCompileTime, "one axis is a vector");
    using map = detail::as_const_as<T, Vector>;
    const Eigen::Index size = detail::eigen_length(view.shape()[0], Vector::SizeAtCompileTime, "elements");
    if constexpr (std::is_same_v<Layout, unit_stride>) {
        return Eigen::Map<map, Eigen::Unaligned>(view.data(), size);
    } else {
        using stride = Eigen::InnerStride<>;
        return Eigen::Map<map, Eigen::Unaligned, stride>(view.data(), size, stride(detail::eigen_stride<T>(view.strides()[0], size)));
    }
}
template <class T, class Layout> auto eigen_map(const array_ref<T, 1, Layout> &view)
{
    return eigen_map<detail::eigen_matrix<T, Eigen::Dynamic, 1>>(view);
}

namespace detail {

template <class Derived>
memoryview wrapped_eigen(Derived &matrix, pybuffer_destroy destroy = nullptr, void *context = nullptr)
{
    using plain = std::remove_const_t<Derived>;
    static_assert((plain::Flags & Eigen::DirectAccessBit) != 0, "the coefficients of this expression are not in memory: eval() has them");
    constexpr bool writable = !std::is_const_v<Derived> && (plain::Flags & Eigen::LvalueBit) != 0;
    using element = std::conditional_t<writable, typename plain::Scalar, const typename plain::Scalar>;
    const Py_ssize_t size = static_cast<Py_ssize_t>(sizeof(element));
    element *data = matrix.data();
    if constexpr (plain::IsVectorAtCompileTime) {
        return wrapped(data, {matrix.size()}, {matrix.innerStride() * size}, destroy, context);
    } else {
        return wrapped(data, {matrix.rows(), matrix.cols()}, {matrix.rowStride() * size, matrix.colStride() * size}, destroy, context);
    }
}

} // namespace detail

/** A memoryview of the coefficients of a dense matrix or vector of Eigen's, or of a map, block or transpose of one, which the program
 * keeps alive: with strides as they lie, and read-only where they are const. A matrix must be a variable; blocks of one may be
 * temporaries. */
template <class Derived> memoryview wrap_eigen(Derived &&matrix)
{
    static_assert(std::is_lvalue_reference_v<Derived> || !detail::eigen_owns<std::decay_t<Derived>>::value,
                  "the coefficients of a temporary are gone when it is: see own_eigen");
    return detail::wrapped_eigen(matrix);
}

/** A memoryview of the coefficients of a matrix, vector or array that moves in, and is destroyed with the last view of it; an expression
 * is evaluated. */
template <class Derived> memoryview own_eigen(Derived &&matrix)
{
    using plain = typename std::decay_t<Derived>::PlainObject;
    return detail::owned(plain(std::forward<Derived>(matrix)), [](plain &kept, pybuffer_destroy destroy, void *context) {
        return detail::wrapped_eigen(kept, destroy, context);
    });
}

} // namespace pybuffer

#endif
#endif /* PYBUFFER_EIGEN_HPP */
