/*
 * libpybuffer for C++17 and later: memoryviews, typed views and exporters as values. Header-only, on top of pybuffer.h.
 *
 *     namespace pb = pybuffer;
 *     pb::memoryview matrix = pb::own(std::vector<float>(12)).reshape({3, 4});
 *     pb::array_view<float, 2> numbers = matrix.as<float, 2>();
 *     numbers(1, 2) = 0.5f;
 *
 * A `memoryview` is a counted reference to a memoryview object: copying one copies the reference, not the memory. The memory lives
 * until the last memoryview, and the last view, of it is gone. An `array_view` is a memoryview whose format and number of axes
 * have been checked, with its elements as C++ values; an `array_ref` is the same without the reference, as `std::span` is, and
 * must not outlive what it was made from.
 *
 * Errors are exceptions that derive from `pybuffer::error`. A function that throws has changed nothing. Destructors, moves and
 * swaps do not throw. What a program's own function throws when the library calls it (the description of an exporter) becomes
 * the pending error, and is thrown again, as `pybuffer::error`, where the library was called.
 *
 * Threads: as in pybuffer.h. Objects may be copied, used and dropped in any thread; one variable must not be changed in one
 * thread while another one uses it.
 *
 * Lengths, strides (in bytes) and indices are `Py_ssize_t`; negative indices count from the end, except where it says that they
 * are not checked.
 */
#ifndef PYBUFFER_PYBUFFER_HPP
#define PYBUFFER_PYBUFFER_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#  error "pybuffer.hpp needs C++17 or later; pybuffer.h has the same functions for C and C++11"
#endif
#if !defined(__cpp_exceptions)
#  error "pybuffer.hpp reports errors as exceptions, which are turned off here; pybuffer.h has the same functions without them"
#endif

#include <pybuffer/pybuffer.h>

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__has_include)
#  if __has_include(<version>)
#    include <version>
#  endif
#endif
#if defined(__cpp_lib_span)
#  include <span>
#endif
#if defined(__cpp_lib_mdspan)
#  include <mdspan>
#endif

namespace pybuffer {

// ---- errors ---------------------------------------------------------------------------------------------------------------

/** An error of the library: what() is its message. Each exception type of Python's that the library raises has a class. */
class error : public std::runtime_error {
public:
    /** An error of an exception type, such as `PyExc_ValueError`. */
    error(PyObject *type, const std::string &message) : std::runtime_error(message), type_(type) {}

    /** The name of the exception type, such as "BufferError". */
    const char *name() const noexcept { return reinterpret_cast<const PyTypeObject *>(type_)->tp_name; }

    /** The exception type, borrowed. */
    PyObject *type() const noexcept { return type_; }

private:
    PyObject *type_; // of the library, which lives for ever, or of the program
};

/** A request that cannot be met; memory that is in use. */
class buffer_error : public error {
public:
    explicit buffer_error(const std::string &message) : error(PyExc_BufferError, message) {}
};

/** The right type with a wrong value. */
class value_error : public error {
public:
    explicit value_error(const std::string &message) : error(PyExc_ValueError, message) {}
};

/** The wrong type, also of the elements of an `array_view`. */
class type_error : public error {
public:
    explicit type_error(const std::string &message) : error(PyExc_TypeError, message) {}
};

/** An index out of bounds. */
class index_error : public error {
public:
    explicit index_error(const std::string &message) : error(PyExc_IndexError, message) {}
};

/** A number too large. */
class overflow_error : public error {
public:
    explicit overflow_error(const std::string &message) : error(PyExc_OverflowError, message) {}
};

/** No memory is left. */
class memory_error : public error {
public:
    explicit memory_error(const std::string &message) : error(PyExc_MemoryError, message) {}
};

/** What the layout of the memory does not allow. */
class not_implemented_error : public error {
public:
    explicit not_implemented_error(const std::string &message) : error(PyExc_NotImplementedError, message) {}
};

/** A broken contract: an empty `object` or `memoryview` among them. */
class system_error : public error {
public:
    explicit system_error(const std::string &message) : error(PyExc_SystemError, message) {}
};

namespace detail {

/** Throws the pending error, which is pending no more. */
[[noreturn]] inline void throw_pending()
{
    PyObject *type = PyErr_Occurred();
    if (type == nullptr) throw system_error("this object is empty");
    const char *text = pybuffer_error_message();
    const std::string message = text != nullptr ? text : "";
    PyErr_Clear();
    const auto is = [type](PyObject *known) { return PyErr_GivenExceptionMatches(type, known) != 0; };
    if (is(PyExc_BufferError)) throw buffer_error(message);
    if (is(PyExc_ValueError)) throw value_error(message);
    if (is(PyExc_TypeError)) throw type_error(message);
    if (is(PyExc_IndexError)) throw index_error(message);
    if (is(PyExc_OverflowError)) throw overflow_error(message);
    if (is(PyExc_MemoryError)) throw memory_error(message);
    if (is(PyExc_NotImplementedError)) throw not_implemented_error(message);
    if (is(PyExc_SystemError)) throw system_error(message);
    throw error(type, message);
}

/** A result of the library's that is NULL, or negative, where it has failed. */
template <class T> T *checked(T *result)
{
    if (result == nullptr) throw_pending();
    return result;
}

template <class T, class = std::enable_if_t<std::is_integral_v<T>>> T checked(T result)
{
    if (result < 0) throw_pending();
    return result;
}

/** Makes the exception that is being handled the pending error. */
inline void make_pending() noexcept
{
    try {
        throw;
    } catch (const error &thrown) {
        PyErr_SetString(thrown.type(), thrown.what());
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    } catch (const std::exception &thrown) {
        PyErr_SetString(PyExc_RuntimeError, thrown.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError, "an exception that is no std::exception");
    }
}

} // namespace detail

// ---- objects --------------------------------------------------------------------------------------------------------------

/** A counted reference to an object of the library's, or to none. */
class object {
public:
    object() noexcept = default;

    /** Takes over a new reference. NULL throws the pending error. */
    static object steal(PyObject *reference) { return object(detail::checked(reference)); }

    /** Takes a reference of its own to a borrowed object. */
    static object borrow(PyObject *borrowed) noexcept { return object(Py_XNewRef(borrowed)); }

    object(const object &other) noexcept : pointer_(Py_XNewRef(other.pointer_)) {}
    object(object &&other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
    object &operator=(object other) noexcept
    {
        swap(other);
        return *this;
    }
    ~object() { Py_XDECREF(pointer_); }

    void swap(object &other) noexcept { std::swap(pointer_, other.pointer_); }
    friend void swap(object &a, object &b) noexcept { a.swap(b); }

    /** The object, borrowed; NULL where there is none. */
    PyObject *get() const noexcept { return pointer_; }

    /** The reference, which is the caller's from now on. */
    [[nodiscard]] PyObject *release() noexcept { return std::exchange(pointer_, nullptr); }

    explicit operator bool() const noexcept { return pointer_ != nullptr; }

protected:
    explicit object(PyObject *reference) noexcept : pointer_(reference) {}

private:
    PyObject *pointer_ = nullptr;
};

// ---- formats --------------------------------------------------------------------------------------------------------------

/** How PEP 3118 spells a C++ type: `text()` is a C string that lives for ever. Specialized by PYBUFFER_RECORD, too. */
template <class T, class = void> struct format_of;

/** Whether a type has a format. */
template <class T, class = void> struct has_format : std::false_type {};
template <class T> struct has_format<T, std::void_t<decltype(format_of<std::remove_cv_t<T>>::text())>> : std::true_type {};
template <class T> inline constexpr bool has_format_v = has_format<T>::value;

#define PYBUFFER_FORMAT_OF(type, code)                                                                                 \
    template <> struct format_of<type> {                                                                               \
        static const char *text() noexcept { return code; }                                                           \
    }
PYBUFFER_FORMAT_OF(bool, "?");
PYBUFFER_FORMAT_OF(char, "c");
PYBUFFER_FORMAT_OF(std::byte, "B");
PYBUFFER_FORMAT_OF(signed char, "b");
PYBUFFER_FORMAT_OF(unsigned char, "B");
PYBUFFER_FORMAT_OF(short, "h");
PYBUFFER_FORMAT_OF(unsigned short, "H");
PYBUFFER_FORMAT_OF(int, "i");
PYBUFFER_FORMAT_OF(unsigned int, "I");
PYBUFFER_FORMAT_OF(long, "l");
PYBUFFER_FORMAT_OF(unsigned long, "L");
PYBUFFER_FORMAT_OF(long long, "q");
PYBUFFER_FORMAT_OF(unsigned long long, "Q");
PYBUFFER_FORMAT_OF(float, "f");
PYBUFFER_FORMAT_OF(double, "d");
PYBUFFER_FORMAT_OF(long double, "g");
PYBUFFER_FORMAT_OF(std::complex<float>, "Zf");
PYBUFFER_FORMAT_OF(std::complex<double>, "Zd");
PYBUFFER_FORMAT_OF(std::complex<long double>, "Zg");
PYBUFFER_FORMAT_OF(char16_t, "u");
PYBUFFER_FORMAT_OF(char32_t, "w");
PYBUFFER_FORMAT_OF(void *, "P");
#undef PYBUFFER_FORMAT_OF

/** An enumeration is the integer that it is made of. */
template <class T> struct format_of<T, std::enable_if_t<std::is_enum_v<T> && !std::is_same_v<T, std::byte>>> {
    static const char *text() { return format_of<std::underlying_type_t<T>>::text(); }
};

/** An array is a sub-array: `std::array<float, 3>` is "(3)f". One of char is bytes: `char[8]` is "8s". */
template <class T, std::size_t N> struct format_of<T[N], std::enable_if_t<has_format_v<T>>> {
    static const char *text()
    {
        static const std::string made = std::is_same_v<std::remove_cv_t<T>, char>
                                            ? std::to_string(N) + "s"
                                            : "(" + std::to_string(N) + ")" + format_of<std::remove_cv_t<T>>::text();
        return made.c_str();
    }
};
template <class T, std::size_t N> struct format_of<std::array<T, N>, std::enable_if_t<has_format_v<T>>> {
    static const char *text() { return format_of<T[N]>::text(); }
};

namespace detail {

/** The text of a record's format while it is put together: packed native sizes, with all padding written out. */
class record_text {
public:
    void add(const char *name, const char *format, std::size_t offset, std::size_t size)
    {
        pad(offset);
        // A shape stands before the prefix; after it the prefix of the member before it holds, which is the same.
        text_ += format;
        text_ += ':';
        text_ += name;
        text_ += ':';
        end_ = offset + size;
    }

    std::string end(std::size_t size)
    {
        pad(size);
        return "T{^" + text_ + "}";
    }

private:
    void pad(std::size_t offset)
    {
        if (offset > end_) text_ += std::to_string(offset - end_) + "x";
    }

    std::string text_;
    std::size_t end_ = 0;
};

} // namespace detail

// ---- subscripts -----------------------------------------------------------------------------------------------------------

/** All of an axis; the axes in the middle that have no subscript; a new axis of one item. */
struct all_t {};
struct ellipsis_t {};
struct newaxis_t {};
inline constexpr all_t all{};
inline constexpr ellipsis_t ellipsis{};
inline constexpr newaxis_t newaxis{};

/** Every `step`th place from `start` to before `stop`, clipped to the axis, as in Python; `std::nullopt` for a bound that is left out. */
class slice {
public:
    constexpr explicit slice(std::optional<Py_ssize_t> stop) noexcept : slice(std::nullopt, stop) {}
    constexpr slice(std::optional<Py_ssize_t> start, std::optional<Py_ssize_t> stop,
                    std::optional<Py_ssize_t> step = std::nullopt) noexcept
        : start_(start), stop_(stop), step_(step)
    {
    }

    pybuffer_subscript subscript() const noexcept
    {
        return pybuffer_slice(start_.value_or(PYBUFFER_ABSENT), stop_.value_or(PYBUFFER_ABSENT),
                              step_.value_or(PYBUFFER_ABSENT));
    }

private:
    std::optional<Py_ssize_t> start_, stop_, step_;
};

/** A subscript: an integer of any type, a slice, `all`, `ellipsis` or `newaxis`. */
class subscript {
public:
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    subscript(T index) : value_(pybuffer_at(clamped(index))) // NOLINT: implicit
    {
    }
    subscript(slice part) noexcept : value_(part.subscript()) {} // NOLINT: implicit
    subscript(all_t) noexcept : value_(pybuffer_all()) {}         // NOLINT: implicit
    subscript(ellipsis_t) noexcept : value_(pybuffer_ellipsis()) {} // NOLINT: implicit
    subscript(newaxis_t) noexcept : value_(pybuffer_newaxis()) {}   // NOLINT: implicit

    const pybuffer_subscript &value() const noexcept { return value_; }

private:
    /** What is too large is out of bounds of every axis. */
    template <class T> static Py_ssize_t clamped(T index) noexcept
    {
        if constexpr (sizeof(T) >= sizeof(Py_ssize_t) && std::is_unsigned_v<T>) {
            return index > static_cast<T>(PY_SSIZE_T_MAX) ? PY_SSIZE_T_MAX : static_cast<Py_ssize_t>(index);
        } else {
            return static_cast<Py_ssize_t>(index);
        }
    }

    pybuffer_subscript value_;
};

static_assert(sizeof(subscript) == sizeof(pybuffer_subscript), "an array of one is an array of the other");

// ---- typed views ----------------------------------------------------------------------------------------------------------

template <class T, std::size_t N> class array_ref;

namespace detail {

/** Steps of bytes between elements that may be const. */
template <class T> T *step(T *pointer, Py_ssize_t bytes) noexcept
{
    using byte = std::conditional_t<std::is_const_v<T>, const char, char>;
    return reinterpret_cast<T *>(reinterpret_cast<byte *>(pointer) + bytes);
}

} // namespace detail

/** Iterates over the elements along one axis, or over the parts along the first of several. Random access; it must not outlive the
 * memory, but may outlive what it was made from. */
template <class T, std::size_t N> class array_iterator {
public:
    using iterator_category = std::random_access_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = std::conditional_t<N == 1, std::remove_cv_t<T>, array_ref<T, N - 1>>;
    using reference = std::conditional_t<N == 1, T &, array_ref<T, N - 1>>;
    using pointer = std::conditional_t<N == 1, T *, void>;

    array_iterator() noexcept = default;

    reference operator*() const noexcept
    {
        if constexpr (N == 1) {
            return *part_;
        } else {
            return part_;
        }
    }
    template <std::size_t M = N, class = std::enable_if_t<M == 1>> T *operator->() const noexcept { return part_; }
    reference operator[](difference_type n) const noexcept { return *(*this + n); }

    array_iterator &operator++() noexcept { return *this += 1; }
    array_iterator &operator--() noexcept { return *this -= 1; }
    array_iterator operator++(int) noexcept
    {
        array_iterator before = *this;
        ++*this;
        return before;
    }
    array_iterator operator--(int) noexcept
    {
        array_iterator before = *this;
        --*this;
        return before;
    }
    array_iterator &operator+=(difference_type n) noexcept
    {
        if constexpr (N == 1) {
            part_ = detail::step(part_, n * stride_);
        } else {
            part_.data_ = detail::step(part_.data_, n * stride_);
        }
        index_ += n;
        return *this;
    }
    array_iterator &operator-=(difference_type n) noexcept { return *this += -n; }
    friend array_iterator operator+(array_iterator at, difference_type n) noexcept { return at += n; }
    friend array_iterator operator+(difference_type n, array_iterator at) noexcept { return at += n; }
    friend array_iterator operator-(array_iterator at, difference_type n) noexcept { return at -= n; }
    friend difference_type operator-(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ - b.index_; }
    // By index, since all addresses are the same along a stride of 0.
    friend bool operator==(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ == b.index_; }
    friend bool operator!=(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ != b.index_; }
    friend bool operator<(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ < b.index_; }
    friend bool operator>(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ > b.index_; }
    friend bool operator<=(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ <= b.index_; }
    friend bool operator>=(const array_iterator &a, const array_iterator &b) noexcept { return a.index_ >= b.index_; }

private:
    friend class array_ref<T, N>;
    using part = std::conditional_t<N == 1, T *, array_ref<T, N - 1>>;

    array_iterator(part first, Py_ssize_t stride, difference_type index) noexcept : part_(first), stride_(stride)
    {
        *this += index;
    }

    part part_{};
    Py_ssize_t stride_ = 0;
    difference_type index_ = 0;
};

/** The elements of `N` axes, of any lengths and strides, as values in memory that something else keeps. Cheap to copy. */
template <class T, std::size_t N> class array_ref {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using iterator = array_iterator<T, N>;

    array_ref() noexcept = default;

    /** Elements at `data` with these lengths, and strides in bytes. */
    array_ref(T *data, const std::array<Py_ssize_t, N> &shape, const std::array<Py_ssize_t, N> &strides) noexcept
        : data_(data), shape_(shape), strides_(strides)
    {
    }

    /** Elements that may be written are also elements that may be read. */
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
    array_ref(const array_ref<U, N> &other) noexcept // NOLINT: implicit
        : data_(other.data()), shape_(other.shape()), strides_(other.strides())
    {
    }

    static constexpr std::size_t ndim() noexcept { return N; }
    const std::array<Py_ssize_t, N> &shape() const noexcept { return shape_; }
    const std::array<Py_ssize_t, N> &strides() const noexcept { return strides_; }
    T *data() const noexcept { return data_; }

    /** How many there are along the first axis, as of every container. */
    Py_ssize_t size() const noexcept
    {
        static_assert(N > 0, "an array of no axes has one element");
        return shape_[0];
    }
    bool empty() const noexcept { return count() == 0; }

    /** How many elements there are. */
    Py_ssize_t count() const noexcept
    {
        Py_ssize_t product = 1;
        for (const Py_ssize_t length : shape_) product *= length;
        return product;
    }

    /** Whether the elements lie one after the other in C order. */
    bool is_contiguous() const noexcept
    {
        Py_ssize_t next = static_cast<Py_ssize_t>(sizeof(T));
        for (std::size_t axis = N; axis-- > 0; next *= shape_[axis]) {
            if (shape_[axis] != 1 && strides_[axis] != next) return count() == 0;
        }
        return true;
    }

    /** The element at an index for each axis, which are not checked. */
    template <class... Index> T &operator()(Index... indices) const noexcept
    {
        static_assert(sizeof...(Index) == N, "an index for each axis");
        static_assert((std::is_integral_v<Index> && ...), "indices are integers");
        return *detail::step(data_, offset(std::make_index_sequence<N>(), static_cast<Py_ssize_t>(indices)...));
    }

    /** The same, checked: `index_error` for an index out of bounds. */
    template <class... Index> T &at(Index... indices) const
    {
        static_assert(sizeof...(Index) == N, "an index for each axis");
        static_assert((std::is_integral_v<Index> && ...), "indices are integers");
        std::array<Py_ssize_t, N> places{{static_cast<Py_ssize_t>(indices)...}};
        Py_ssize_t bytes = 0;
        for (std::size_t axis = 0; axis < N; axis++) bytes += place(places[axis], axis) * strides_[axis];
        return *detail::step(data_, bytes);
    }

    /** The element, or the part, at an index along the first axis, which is not checked. */
    decltype(auto) operator[](Py_ssize_t index) const noexcept
    {
        static_assert(N > 0, "an array of no axes has no index");
        return begin()[index];
    }

    iterator begin() const noexcept { return at_index(0); }
    iterator end() const noexcept { return at_index(shape_[0]); }

    /** Calls `act` with each element, in C order. As fast as a loop by hand, whether the elements are contiguous or not. */
    template <class F> void for_each(F &&act) const { walk<0>(data_, act); }

    /** Sets all elements. */
    void fill(const value_type &value) const
    {
        static_assert(!std::is_const_v<T>, "the elements are const");
        for_each([&value](T &element) { element = value; });
    }

    /** All elements, in C order. */
    std::vector<value_type> to_vector() const
    {
        std::vector<value_type> values;
        values.reserve(static_cast<std::size_t>(count()));
        for_each([&values](const T &element) { values.push_back(element); });
        return values;
    }

#if defined(__cpp_lib_span)
    /** The elements of contiguous memory; `buffer_error` where they are not. */
    std::span<T> span() const
    {
        if (!is_contiguous()) throw buffer_error("the elements are not contiguous");
        return {data_, static_cast<std::size_t>(count())};
    }
#endif

#if defined(__cpp_lib_mdspan)
    /** The same as std::mdspan; `buffer_error` where a stride is negative, or not a multiple of the element's size. */
    auto mdspan() const
    {
        using extents = std::dextents<Py_ssize_t, N>;
        std::array<Py_ssize_t, N> steps{};
        for (std::size_t axis = 0; axis < N; axis++) {
            if (strides_[axis] < 0 || strides_[axis] % static_cast<Py_ssize_t>(sizeof(T)) != 0) {
                throw buffer_error("std::mdspan has no negative strides, and none between elements");
            }
            steps[axis] = strides_[axis] / static_cast<Py_ssize_t>(sizeof(T));
        }
        return std::mdspan<T, extents, std::layout_stride>(
            data_, std::layout_stride::mapping<extents>(extents(shape_), steps));
    }
#endif

private:
    template <class, std::size_t> friend class array_iterator;
    template <class, std::size_t> friend class array_ref;

    template <std::size_t... Axis, class... Index>
    Py_ssize_t offset(std::index_sequence<Axis...>, Index... indices) const noexcept
    {
        return (Py_ssize_t{0} + ... + (indices * strides_[Axis]));
    }

    Py_ssize_t place(Py_ssize_t index, std::size_t axis) const
    {
        const Py_ssize_t found = index < 0 ? index + shape_[axis] : index;
        if (found < 0 || found >= shape_[axis]) {
            throw index_error("index " + std::to_string(index) + " is out of bounds for axis " + std::to_string(axis) +
                              " with " + std::to_string(shape_[axis]) + " items");
        }
        return found;
    }

    iterator at_index(Py_ssize_t index) const noexcept
    {
        static_assert(N > 0, "an array of no axes has nothing to iterate over");
        if constexpr (N == 1) {
            return iterator(data_, strides_[0], index);
        } else {
            array_ref<T, N - 1> first;
            first.data_ = data_;
            for (std::size_t axis = 1; axis < N; axis++) {
                first.shape_[axis - 1] = shape_[axis];
                first.strides_[axis - 1] = strides_[axis];
            }
            return iterator(first, strides_[0], index);
        }
    }

    template <std::size_t Axis, class F> void walk(T *at, F &act) const
    {
        if constexpr (Axis == N) {
            act(*at);
        } else if constexpr (Axis + 1 == N) {
            const Py_ssize_t length = shape_[Axis], stride = strides_[Axis];
            if (stride == static_cast<Py_ssize_t>(sizeof(T))) {
                for (Py_ssize_t i = 0; i < length; i++) act(at[i]);
            } else {
                for (Py_ssize_t i = 0; i < length; i++, at = detail::step(at, stride)) act(*at);
            }
        } else {
            for (Py_ssize_t i = 0; i < shape_[Axis]; i++) walk<Axis + 1>(detail::step(at, i * strides_[Axis]), act);
        }
    }

    T *data_ = nullptr;
    std::array<Py_ssize_t, N> shape_{}, strides_{};
};

template <class T, std::size_t N> class array_view;

// ---- memoryviews ----------------------------------------------------------------------------------------------------------

/** The lengths or strides of a memoryview's axes: a range that its memoryview keeps. */
class axes {
public:
    axes(const Py_ssize_t *first, std::size_t count) noexcept : first_(first), count_(first == nullptr ? 0 : count) {}

    const Py_ssize_t *begin() const noexcept { return first_; }
    const Py_ssize_t *end() const noexcept { return first_ + count_; }
    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    Py_ssize_t operator[](std::size_t axis) const noexcept { return first_[axis]; }
    Py_ssize_t at(std::size_t axis) const
    {
        if (axis >= count_) throw index_error("there is no axis " + std::to_string(axis));
        return first_[axis];
    }

    friend bool operator==(const axes &a, const axes &b) noexcept
    {
        return a.count_ == b.count_ && std::equal(a.begin(), a.end(), b.begin());
    }
    friend bool operator!=(const axes &a, const axes &b) noexcept { return !(a == b); }
    friend bool operator==(const axes &a, std::initializer_list<Py_ssize_t> b) noexcept { return a == axes(b.begin(), b.size()); }

private:
    const Py_ssize_t *first_;
    std::size_t count_;
};

/** How items lie in new memory: rows or columns together; `any` keeps Fortran order where a view has it. */
enum class order : char { c = 'C', fortran = 'F', any = 'A' };

/** A memoryview: memory of any exporter, with its format, shape and strides. Parts of it are memoryviews of the same memory. */
class memoryview : public object {
public:
    /** None. Every use but assignment throws `system_error`. */
    memoryview() noexcept = default;

    /** Takes over a new reference to a memoryview, such as a function of pybuffer.h returns. NULL throws the pending error. */
    static memoryview steal(PyObject *reference) { return memoryview(object::steal(reference)); }

    /** A memoryview of what an object exports; of a memoryview, another reference to it. */
    explicit memoryview(const object &exporter) : object(exporter)
    {
        if (exporter.get() == nullptr || !PyMemoryView_Check(exporter.get())) {
            object made = object::steal(PyMemoryView_FromObject(exporter.get()));
            swap(made);
        }
    }

    /** A memoryview of new memory, all 0. */
    memoryview(const char *format, std::initializer_list<Py_ssize_t> shape, order in = order::c)
        : object(object::steal(pybuffer_memoryview_new(format, length(shape), shape.begin(), static_cast<char>(in))))
    {
    }

    // ---- what it shows

    /** The view behind it, which must not be changed or released. */
    const Py_buffer &buffer() const
    {
        if (get() == nullptr) throw system_error("this pybuffer::memoryview is empty");
        return *PyMemoryView_GET_BUFFER(get());
    }
    std::size_t ndim() const { return static_cast<std::size_t>(buffer().ndim); }
    axes shape() const { return {buffer().shape, ndim()}; }
    axes strides() const { return {buffer().strides, ndim()}; }
    axes suboffsets() const { return {buffer().suboffsets, ndim()}; }
    std::string format() const { return buffer().format; }
    Py_ssize_t itemsize() const { return buffer().itemsize; }
    /** The bytes of all items. */
    Py_ssize_t nbytes() const { return buffer().len; }
    bool readonly() const { return buffer().readonly != 0; }
    void *data() const { return buffer().buf; }
    bool is_contiguous(order in = order::c) const { return PyBuffer_IsContiguous(&buffer(), static_cast<char>(in)) != 0; }
    /** The number of all items. */
    Py_ssize_t count() const
    {
        Py_ssize_t product = 1;
        for (const Py_ssize_t items : shape()) product *= items;
        return product;
    }
    /** Items along the first axis; `type_error` where there is none. */
    Py_ssize_t size() const { return detail::checked(PyObject_Size(get())); }

    // ---- parts, and other arrangements of the same memory

    /** The part that subscripts select: `view[{pb::all, 0, pb::slice(1, 3)}]`. */
    memoryview operator[](std::initializer_list<subscript> subscripts) const
    {
        return steal(pybuffer_memoryview_subscript(get(), subscripts_of(subscripts), length(subscripts)));
    }
    memoryview operator[](const subscript &one) const { return steal(pybuffer_memoryview_subscript(get(), &one.value(), 1)); }
    /** The part that subscripts in Python's syntax select: "1:-1, ::2". */
    memoryview select(const std::string &subscripts) const { return steal(pybuffer_memoryview_select(get(), subscripts.c_str())); }
    /** A field of records: "orbit.radius". */
    memoryview field(const std::string &path) const { return steal(pybuffer_memoryview_field(get(), path.c_str())); }
    /** Items of equal elements as axes of elements. */
    memoryview elements() const { return steal(pybuffer_memoryview_elements(get())); }
    memoryview flip(int axis) const { return steal(pybuffer_memoryview_flip(get(), axis)); }
    memoryview transpose() const { return steal(pybuffer_memoryview_permute(get(), nullptr, 0)); }
    memoryview transpose(std::initializer_list<int> from) const
    {
        return steal(pybuffer_memoryview_permute(get(), from.begin(), length(from)));
    }
    memoryview broadcast(std::initializer_list<Py_ssize_t> shape) const
    {
        return steal(pybuffer_memoryview_broadcast(get(), length(shape), shape.begin()));
    }
    memoryview reshape(std::initializer_list<Py_ssize_t> shape, order in = order::c) const
    {
        return steal(pybuffer_memoryview_reshape(get(), length(shape), shape.begin(), static_cast<char>(in)));
    }
    /** The same bytes as items of another format, along one axis or with this shape. */
    memoryview cast(const std::string &format) const { return steal(pybuffer_memoryview_cast(get(), format.c_str(), 0, nullptr, 'C')); }
    memoryview cast(const std::string &format, std::initializer_list<Py_ssize_t> shape, order in = order::c) const
    {
        return steal(pybuffer_memoryview_cast(get(), format.c_str(), length(shape), shape.begin(), static_cast<char>(in)));
    }
    template <class T> memoryview cast() const { return cast(format_of<std::remove_cv_t<T>>::text()); }
    template <class T> memoryview cast(std::initializer_list<Py_ssize_t> shape, order in = order::c) const
    {
        return cast(format_of<std::remove_cv_t<T>>::text(), shape, in);
    }
    memoryview toreadonly() const { return steal(pybuffer_memoryview_toreadonly(get())); }

    // ---- values

    /** The elements as values of a C++ type, along `N` axes: see `array_view`. */
    template <class T, std::size_t N> array_view<T, N> as() const;

    /** New memory with the same items, or with the values in another format. */
    memoryview copy(order in = order::c) const { return steal(pybuffer_memoryview_copy(get(), static_cast<char>(in))); }
    memoryview astype(const std::string &format, order in = order::c) const
    {
        return steal(pybuffer_memoryview_astype(get(), format.c_str(), static_cast<char>(in)));
    }
    template <class T> memoryview astype(order in = order::c) const { return astype(format_of<std::remove_cv_t<T>>::text(), in); }

    /** Copies the items of `source`, of the same format and shape, to this memory. */
    void assign(const object &source) const { detail::checked(pybuffer_memoryview_assign(get(), nullptr, 0, source.get())); }
    /** Converts the values of `source`, of the same shape, to this memory; all are checked before the first is written. */
    void convert(const object &source) const { detail::checked(pybuffer_memoryview_convert(get(), source.get())); }

    /** All values, converted, in C order. */
    template <class T> std::vector<T> to_vector() const;
    /** The bytes of all items. */
    std::vector<std::byte> to_bytes(order in = order::c) const
    {
        std::vector<std::byte> bytes(static_cast<std::size_t>(nbytes()));
        detail::checked(PyBuffer_ToContiguous(bytes.data(), &buffer(), nbytes(), static_cast<char>(in)));
        return bytes;
    }

    // ---- comparison, text, release

    /** As Python compares: the same shape and equal items, across formats of the struct module. */
    friend bool operator==(const memoryview &a, const memoryview &b)
    {
        return detail::checked(PyObject_RichCompareBool(detail::checked(a.get()), detail::checked(b.get()), Py_EQ)) != 0;
    }
    friend bool operator!=(const memoryview &a, const memoryview &b) { return !(a == b); }
    /** The same for items of all formats, records among them. */
    bool equal(const object &other) const { return detail::checked(pybuffer_memoryview_equal(get(), other.get())) != 0; }

    /** The items as Python prints them, at most so many bytes; all of them where that is negative. */
    std::string text(Py_ssize_t limit = -1) const
    {
        const object made = object::steal(pybuffer_memoryview_text(get(), limit));
        return {PyBytes_AsString(made.get()), static_cast<std::size_t>(PyBytes_Size(made.get()))};
    }
    friend std::ostream &operator<<(std::ostream &out, const memoryview &view)
    {
        return view.get() == nullptr ? out << "<no memoryview>" : out << view.text(1000);
    }

    /** Gives the memory up before the last reference is gone. */
    void release_memory() const { detail::checked(pybuffer_memoryview_release(get())); }
    bool is_released() const { return detail::checked(pybuffer_memoryview_is_released(get())) != 0; }

    // ---- iteration over the parts along the first axis

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = memoryview;
        using reference = memoryview;
        using pointer = void;

        memoryview operator*() const { return (*of_)[index_]; }
        iterator &operator++() noexcept
        {
            ++index_;
            return *this;
        }
        iterator operator++(int) noexcept
        {
            iterator before = *this;
            ++index_;
            return before;
        }
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.index_ == b.index_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.index_ != b.index_; }

    private:
        friend class memoryview;
        iterator(const memoryview *of, Py_ssize_t index) noexcept : of_(of), index_(index) {}

        const memoryview *of_;
        Py_ssize_t index_;
    };
    iterator begin() const { return {this, 0}; }
    iterator end() const { return {this, size()}; }

private:
    template <class List> static int length(const List &list)
    {
        if (list.size() > 1000) throw value_error("more axes than a view can have");
        return static_cast<int>(list.size());
    }
    static const pybuffer_subscript *subscripts_of(std::initializer_list<subscript> list) noexcept
    {
        return list.size() == 0 ? nullptr : &list.begin()->value();
    }
};

// ---- memory of the program ------------------------------------------------------------------------------------------------

namespace detail {

template <class T> memoryview wrapped(T *data, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides,
                                      pybuffer_destroy destroy, void *context)
{
    static_assert(has_format_v<T>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
    return memoryview::steal(pybuffer_memoryview_wrap(const_cast<std::remove_cv_t<T> *>(data),
                                                      format_of<std::remove_cv_t<T>>::text(), ndim, shape, strides,
                                                      std::is_const_v<T>, destroy, context));
}

/** A memoryview of the elements of an owner, which moves to where the memoryview finds it, and goes with the last view. */
template <class Owner, class Data> memoryview owned(Owner &&owner, const Data &data_of)
{
    using Kept = std::decay_t<Owner>;
    auto kept = std::make_unique<Kept>(std::forward<Owner>(owner));
    const auto [data, count] = data_of(*kept);
    const Py_ssize_t shape = count;
    memoryview view = wrapped(data, 1, &shape, nullptr, [](void *context) { delete static_cast<Kept *>(context); }, kept.get());
    static_cast<void>(kept.release()); // the view's now
    return view;
}

} // namespace detail

/** A memoryview of elements that the program keeps alive: their format follows from the type, and const ones are read-only. Strides
 * are in bytes; without them the elements are contiguous in C order. */
template <class T> memoryview wrap(T *data, std::initializer_list<Py_ssize_t> shape)
{
    return detail::wrapped(data, static_cast<int>(shape.size()), shape.begin(), nullptr, nullptr, nullptr);
}
template <class T>
memoryview wrap(T *data, std::initializer_list<Py_ssize_t> shape, std::initializer_list<Py_ssize_t> strides)
{
    if (strides.size() != shape.size()) throw value_error("as many strides as axes");
    return detail::wrapped(data, static_cast<int>(shape.size()), shape.begin(), strides.begin(), nullptr, nullptr);
}

/** A memoryview of the elements of a container that has data() and size(): a vector, an array, a string. It must not be resized. */
template <class Container, class = std::enable_if_t<!std::is_pointer_v<Container>>> memoryview wrap(Container &container)
{
    return wrap(std::data(container), {static_cast<Py_ssize_t>(std::size(container))});
}

/** A memoryview of the elements of a container that moves in, and is destroyed with the last view of it. */
template <class Container> memoryview own(Container container)
{
    return detail::owned(std::move(container), [](Container &kept) {
        return std::make_pair(std::data(kept), static_cast<Py_ssize_t>(std::size(kept)));
    });
}
/** The same for an array of `count` elements in a smart pointer. */
template <class T, class Deleter> memoryview own(std::unique_ptr<T[], Deleter> array, std::size_t count)
{
    return detail::owned(std::move(array), [count](std::unique_ptr<T[], Deleter> &kept) {
        return std::make_pair(kept.get(), static_cast<Py_ssize_t>(count));
    });
}
template <class T> memoryview own(std::shared_ptr<T> array, std::size_t count)
{
    return detail::owned(std::move(array), [count](std::shared_ptr<T> &kept) {
        return std::make_pair(kept.get(), static_cast<Py_ssize_t>(count));
    });
}

// ---- typed views of memoryviews -------------------------------------------------------------------------------------------

/** The elements of a memoryview as values of a C++ type; it keeps the memory. For a type that is not const the memory must be
 * writable. */
template <class T, std::size_t N> class array_view : public array_ref<T, N> {
public:
    array_view() noexcept = default;

    /** `type_error` where the format is not that of the type, or the memory is read-only; `buffer_error` where the view has
     * another number of axes or elements are not aligned, and for memory behind pointers (suboffsets). */
    explicit array_view(memoryview view) : array_ref<T, N>(checked(view)), view_(std::move(view)) {}

    /** The memoryview. */
    const memoryview &view() const noexcept { return view_; }

private:
    static array_ref<T, N> checked(const memoryview &view)
    {
        using value = std::remove_cv_t<T>;
        static_assert(has_format_v<value>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
        const Py_buffer &buffer = view.buffer();
        if (view.is_released()) throw value_error("operation forbidden on released memoryview object");
        const char *wanted = format_of<value>::text();
        if (buffer.itemsize != static_cast<Py_ssize_t>(sizeof(value)) || !has_format(buffer, wanted)) {
            throw type_error("the items have the format '" + std::string(buffer.format) + "', not '" + wanted + "'");
        }
        if (!std::is_const_v<T> && buffer.readonly != 0) throw type_error("cannot modify read-only memory");
        if (view.ndim() != N) {
            throw buffer_error("the view has " + std::to_string(view.ndim()) + " axes, not " + std::to_string(N));
        }
        if (buffer.suboffsets != nullptr) {
            throw buffer_error("the items lie behind pointers: copy() makes a view without");
        }
        std::array<Py_ssize_t, N> shape{}, strides{};
        std::uintptr_t places = reinterpret_cast<std::uintptr_t>(buffer.buf);
        for (std::size_t axis = 0; axis < N; axis++) {
            shape[axis] = buffer.shape[axis];
            strides[axis] = buffer.strides[axis];
            places |= shape[axis] > 1 ? static_cast<std::uintptr_t>(strides[axis]) : 0;
        }
        if (buffer.len != 0 && places % alignof(value) != 0) {
            throw buffer_error("the items are not aligned as their type needs it: copy() makes a view of aligned ones");
        }
        return {static_cast<T *>(buffer.buf), shape, strides};
    }

    static bool has_format(const Py_buffer &buffer, const char *wanted)
    {
        if (std::strcmp(buffer.format, wanted) == 0) return true;
        // Bytes are bytes.
        constexpr bool is_byte = sizeof(T) == 1 && !std::is_same_v<std::remove_cv_t<T>, bool>;
        if (is_byte && std::strchr("bBc", buffer.format[buffer.format[0] == '@']) != nullptr && buffer.format[0] != '\0' &&
            std::strlen(buffer.format) <= 2) {
            return true;
        }
        const object given = object::steal(pybuffer_format_parse_sized(buffer.format, buffer.itemsize));
        const object known = object::steal(pybuffer_format_parse(wanted));
        return detail::checked(pybuffer_format_equivalent(given.get(), known.get(), 0)) != 0;
    }

    memoryview view_;
};

template <class T, std::size_t N> array_view<T, N> memoryview::as() const
{
    return array_view<T, N>(*this);
}

template <class T> std::vector<T> memoryview::to_vector() const
{
    static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no array of bool: use unsigned char");
    std::vector<T> values(static_cast<std::size_t>(count()));
    const axes lengths = shape();
    T nothing{}; // an empty vector has no address
    T *data = values.empty() ? &nothing : values.data();
    detail::wrapped(data, static_cast<int>(lengths.size()), lengths.begin(), nullptr, nullptr, nullptr).convert(*this);
    return values;
}

// ---- exporters ------------------------------------------------------------------------------------------------------------

/** What an exporter shows: made by `describe`, returned by the function of a class that becomes an exporter. */
struct description {
    void *data = nullptr;
    std::string format;
    Py_ssize_t itemsize = 0;
    bool readonly = false;
    std::vector<Py_ssize_t> shape, strides; // no strides: C order
};

/** A description of elements of a C++ type; strides are in bytes. */
template <class T>
description describe(T *data, std::initializer_list<Py_ssize_t> shape, std::initializer_list<Py_ssize_t> strides = {})
{
    static_assert(has_format_v<T>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
    description made;
    made.data = const_cast<std::remove_cv_t<T> *>(data);
    made.format = format_of<std::remove_cv_t<T>>::text();
    made.itemsize = static_cast<Py_ssize_t>(sizeof(T));
    made.readonly = std::is_const_v<T>;
    made.shape = shape;
    made.strides = strides;
    return made;
}

namespace detail {

/** What a view of an exporter points to, as long as it lives. */
struct shown {
    explicit shown(description &&given) : kept(std::move(given))
    {
        if (kept.strides.empty()) {
            kept.strides.resize(kept.shape.size());
            Py_ssize_t next = kept.itemsize;
            for (std::size_t axis = kept.shape.size(); axis-- > 0; next *= kept.shape[axis]) kept.strides[axis] = next;
        }
        if (kept.strides.size() != kept.shape.size()) throw value_error("as many strides as axes");
        if (kept.shape.size() > PyBUF_MAX_NDIM) throw value_error("more axes than a view can have");
        buffer.buf = kept.data;
        buffer.len = kept.itemsize;
        for (const Py_ssize_t items : kept.shape) {
            if (items < 0 || (items != 0 && buffer.len > PY_SSIZE_T_MAX / items)) throw value_error("the shape is too large");
            buffer.len *= items;
        }
        buffer.itemsize = kept.itemsize;
        buffer.readonly = kept.readonly;
        buffer.ndim = static_cast<int>(kept.shape.size());
        buffer.format = kept.format.data();
        buffer.shape = kept.shape.empty() ? nullptr : kept.shape.data();
        buffer.strides = kept.shape.empty() ? nullptr : kept.strides.data();
        buffer.internal = this;
    }
    shown(const shown &) = delete;
    shown &operator=(const shown &) = delete;

    description kept;
    Py_buffer buffer{};
};

/** An object of the library's with a C++ value, whose function `describe` says what it exports. */
template <class T> struct exporter {
    PyObject head;
    T value;

    static exporter *of(PyObject *op) noexcept { return reinterpret_cast<exporter *>(op); }

    static int getbuffer(PyObject *op, Py_buffer *view, int flags) noexcept
    {
        try {
            auto shows = std::make_unique<shown>(of(op)->value.describe());
            if (pybuffer_fill_view(view, op, &shows->buffer, flags) < 0) return -1;
            static_cast<void>(shows.release()); // until `releasebuffer`
            return 0;
        } catch (...) {
            make_pending();
            if (view != nullptr) view->obj = nullptr;
            return -1;
        }
    }

    static void releasebuffer(PyObject *, Py_buffer *view) noexcept { delete static_cast<shown *>(view->internal); }

    static void dealloc(PyObject *op) noexcept
    {
        of(op)->value.~T();
        PyObject_Free(op);
    }

    static PyTypeObject *type()
    {
        static PyBufferProcs procs = {getbuffer, releasebuffer};
        static PyTypeObject made = [] {
            PyTypeObject blank = {};
            blank.ob_base.ob_base.ob_refcnt = 1;
            blank.tp_name = "pybuffer.cxx_exporter";
            blank.tp_basicsize = static_cast<Py_ssize_t>(sizeof(exporter));
            blank.tp_dealloc = dealloc;
            blank.tp_as_buffer = &procs;
            return blank;
        }();
        static const int ready = checked(PyType_Ready(&made));
        static_cast<void>(ready);
        return &made;
    }
};

} // namespace detail

/** An object that exports what the function `pybuffer::description describe()` of a C++ class says. The value is made from the
 * arguments, lives in the object, and is destroyed with it, in whichever thread drops the last reference. The memory must stay
 * where it is while views of it exist. */
template <class T, class... Arguments> object make_exporter(Arguments &&...arguments)
{
    static_assert(std::is_same_v<decltype(std::declval<T &>().describe()), description>,
                  "the class needs a function `pybuffer::description describe()`");
    static_assert(alignof(T) <= alignof(std::max_align_t), "PyObject_Malloc does not align more");
    using made = detail::exporter<T>;
    PyTypeObject *type = made::type();
    auto *memory = static_cast<made *>(PyObject_Malloc(sizeof(made)));
    if (memory == nullptr) throw memory_error("");
    try {
        new (&memory->value) T(std::forward<Arguments>(arguments)...);
    } catch (...) {
        PyObject_Free(memory);
        throw;
    }
    return object::steal(PyObject_Init(&memory->head, type));
}

/** The C++ value of such an object; `type_error` for any other object. */
template <class T> T &value_of(const object &exporter)
{
    using made = detail::exporter<T>;
    if (exporter.get() == nullptr || Py_TYPE(exporter.get()) != made::type()) {
        throw type_error("the object is no exporter of this class");
    }
    return made::of(exporter.get())->value;
}

} // namespace pybuffer

// ---- records --------------------------------------------------------------------------------------------------------------

/** PYBUFFER_RECORD(Planet, name, mass, orbit): gives a struct of the program's a format with these members, up to 32 of them, in
 * their order. At global scope, without a semicolon. Members may be records themselves, arrays, and everything that has a format;
 * what lies between the members is padding. */
#define PYBUFFER_RECORD(type, ...)                                                                                     \
    template <> struct pybuffer::format_of<type> {                                                                     \
        using record = type;                                                                                           \
        static_assert(std::is_standard_layout_v<record> && std::is_trivially_copyable_v<record>,                       \
                      "a record is a struct as C has it: its bytes are its value");                                    \
        static constexpr bool in_order()                                                                               \
        {                                                                                                              \
            std::size_t end = 0;                                                                                       \
            bool ordered = true;                                                                                       \
            PYBUFFER_EACH(PYBUFFER_RECORD_CHECK, __VA_ARGS__)                                                          \
            return ordered && end <= sizeof(record);                                                                   \
        }                                                                                                              \
        static const char *text()                                                                                      \
        {                                                                                                              \
            static_assert(in_order(), "the members are named in the order of their declaration");                      \
            static const std::string made = [] {                                                                       \
                pybuffer::detail::record_text made_of;                                                                 \
                PYBUFFER_EACH(PYBUFFER_RECORD_MEMBER, __VA_ARGS__)                                                     \
                return made_of.end(sizeof(record));                                                                    \
            }();                                                                                                       \
            return made.c_str();                                                                                       \
        }                                                                                                              \
    };

#define PYBUFFER_RECORD_CHECK(member)                                                                                  \
    ordered = ordered && offsetof(record, member) >= end;                                                              \
    end = offsetof(record, member) + sizeof(record::member);
#define PYBUFFER_RECORD_MEMBER(member)                                                                                 \
    static_assert(pybuffer::has_format_v<decltype(record::member)>, "PEP 3118 has no format for the member " #member); \
    made_of.add(#member, pybuffer::format_of<std::remove_cv_t<decltype(record::member)>>::text(),                      \
                offsetof(record, member), sizeof(record::member));

/* Calls a macro with each of up to 32 arguments. */
#define PYBUFFER_EACH(macro, ...) PYBUFFER_EXPAND(PYBUFFER_EACH_OF(__VA_ARGS__, PYBUFFER_COUNTS)(macro, __VA_ARGS__))
#define PYBUFFER_EXPAND(text) text
#define PYBUFFER_EACH_OF(...) PYBUFFER_EXPAND(PYBUFFER_EACH_PICK(__VA_ARGS__))
#define PYBUFFER_EACH_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, name, ...) name
#define PYBUFFER_COUNTS PYBUFFER_EACH_32, PYBUFFER_EACH_31, PYBUFFER_EACH_30, PYBUFFER_EACH_29, PYBUFFER_EACH_28, PYBUFFER_EACH_27, PYBUFFER_EACH_26, PYBUFFER_EACH_25, PYBUFFER_EACH_24, PYBUFFER_EACH_23, PYBUFFER_EACH_22, PYBUFFER_EACH_21, PYBUFFER_EACH_20, PYBUFFER_EACH_19, PYBUFFER_EACH_18, PYBUFFER_EACH_17, PYBUFFER_EACH_16, PYBUFFER_EACH_15, PYBUFFER_EACH_14, PYBUFFER_EACH_13, PYBUFFER_EACH_12, PYBUFFER_EACH_11, PYBUFFER_EACH_10, PYBUFFER_EACH_9, PYBUFFER_EACH_8, PYBUFFER_EACH_7, PYBUFFER_EACH_6, PYBUFFER_EACH_5, PYBUFFER_EACH_4, PYBUFFER_EACH_3, PYBUFFER_EACH_2, PYBUFFER_EACH_1, 0
#define PYBUFFER_EACH_1(macro, one) macro(one)
#define PYBUFFER_EACH_2(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_1(macro, __VA_ARGS__))
#define PYBUFFER_EACH_3(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_2(macro, __VA_ARGS__))
#define PYBUFFER_EACH_4(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_3(macro, __VA_ARGS__))
#define PYBUFFER_EACH_5(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_4(macro, __VA_ARGS__))
#define PYBUFFER_EACH_6(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_5(macro, __VA_ARGS__))
#define PYBUFFER_EACH_7(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_6(macro, __VA_ARGS__))
#define PYBUFFER_EACH_8(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_7(macro, __VA_ARGS__))
#define PYBUFFER_EACH_9(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_8(macro, __VA_ARGS__))
#define PYBUFFER_EACH_10(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_9(macro, __VA_ARGS__))
#define PYBUFFER_EACH_11(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_10(macro, __VA_ARGS__))
#define PYBUFFER_EACH_12(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_11(macro, __VA_ARGS__))
#define PYBUFFER_EACH_13(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_12(macro, __VA_ARGS__))
#define PYBUFFER_EACH_14(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_13(macro, __VA_ARGS__))
#define PYBUFFER_EACH_15(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_14(macro, __VA_ARGS__))
#define PYBUFFER_EACH_16(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_15(macro, __VA_ARGS__))
#define PYBUFFER_EACH_17(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_16(macro, __VA_ARGS__))
#define PYBUFFER_EACH_18(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_17(macro, __VA_ARGS__))
#define PYBUFFER_EACH_19(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_18(macro, __VA_ARGS__))
#define PYBUFFER_EACH_20(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_19(macro, __VA_ARGS__))
#define PYBUFFER_EACH_21(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_20(macro, __VA_ARGS__))
#define PYBUFFER_EACH_22(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_21(macro, __VA_ARGS__))
#define PYBUFFER_EACH_23(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_22(macro, __VA_ARGS__))
#define PYBUFFER_EACH_24(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_23(macro, __VA_ARGS__))
#define PYBUFFER_EACH_25(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_24(macro, __VA_ARGS__))
#define PYBUFFER_EACH_26(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_25(macro, __VA_ARGS__))
#define PYBUFFER_EACH_27(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_26(macro, __VA_ARGS__))
#define PYBUFFER_EACH_28(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_27(macro, __VA_ARGS__))
#define PYBUFFER_EACH_29(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_28(macro, __VA_ARGS__))
#define PYBUFFER_EACH_30(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_29(macro, __VA_ARGS__))
#define PYBUFFER_EACH_31(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_30(macro, __VA_ARGS__))
#define PYBUFFER_EACH_32(macro, one, ...) macro(one) PYBUFFER_EXPAND(PYBUFFER_EACH_31(macro, __VA_ARGS__))

#endif /* PYBUFFER_PYBUFFER_HPP */
