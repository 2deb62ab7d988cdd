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
 * must not outlive the memory. What `const` protects are the variables; elements of memory that must not be written have a const
 * type, `array_view<const float, 2>`, as those of `std::span` have.
 *
 * Errors are exceptions that derive from `pybuffer::error`; a container of C++ that has no memory throws what it always does
 * (`std::bad_alloc`, `std::length_error`). A function that throws has changed nothing. Destructors, moves and
 * swaps do not throw. What a program's own function throws when the library calls it (the description of an exporter) becomes
 * the pending error, and is thrown again, as `pybuffer::error`, where the library was called.
 *
 * Threads: as in pybuffer.h. Objects may be copied, used and dropped in any thread; one variable must not be changed in one
 * thread while another one uses it.
 *
 * Lengths, strides (in bytes) and indices are `Py_ssize_t`, and may be given as integers of any type; negative indices count from
 * the end, except where it says that they are not checked.
 *
 * Adapters to other libraries are headers of their own, which are included after those libraries: pybuffer/mdspan.hpp,
 * pybuffer/eigen.hpp, pybuffer/opencv.hpp.
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

#include <algorithm>
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
#if defined(__cpp_lib_ranges)
#  include <ranges>
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

/** Throws the pending error, which is pending no more; `std::bad_alloc` where there is no memory for the exception. */
[[noreturn]] inline void throw_pending()
{
    PyObject *type = PyErr_Occurred();
    if (type == nullptr) throw system_error("this object is empty");
    const struct clearing {
        ~clearing() { PyErr_Clear(); }
    } at_the_end{};
    const char *text = pybuffer_error_message();
    const std::string message = text != nullptr ? text : "";
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

/** Text for C, which ends at the first NUL. */
inline const char *c_text(const std::string &text)
{
    if (text.find('\0') != std::string::npos) throw value_error("the text has a NUL in it");
    return text.c_str();
}

/** An integer of any type as a length, stride or index: what is too large is the largest, which fits nowhere. */
template <class T> constexpr Py_ssize_t as_ssize(T number) noexcept
{
    static_assert(std::is_integral_v<T>, "lengths, strides and indices are integers");
    if constexpr (sizeof(T) > sizeof(Py_ssize_t) || (sizeof(T) == sizeof(Py_ssize_t) && std::is_unsigned_v<T>)) {
        if (number > static_cast<T>(PY_SSIZE_T_MAX)) return PY_SSIZE_T_MAX;
        if constexpr (std::is_signed_v<T>) {
            if (number < -static_cast<T>(PY_SSIZE_T_MAX)) return -PY_SSIZE_T_MAX;
        }
    }
    return static_cast<Py_ssize_t>(number);
}

/** Such an integer, as an element of a list. */
class ssize {
public:
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    constexpr ssize(T number) noexcept : value_(as_ssize(number)) // NOLINT: implicit
    {
    }
    constexpr const Py_ssize_t &value() const noexcept { return value_; }

private:
    Py_ssize_t value_;
};

static_assert(sizeof(ssize) == sizeof(Py_ssize_t), "an array of one is an array of the other");

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

// ---- lengths and strides --------------------------------------------------------------------------------------------------

struct strided;
template <class T, std::size_t N, class Layout = strided> class array_ref;
template <class T, std::size_t N, class Layout = strided> class array_view;

namespace detail {

/** Whether a type is an array_ref or an array_view, of which data() and size() are not all that there is to know. */
template <class T, std::size_t N, class L> std::true_type is_typed_view(const volatile array_ref<T, N, L> *);
std::false_type is_typed_view(const volatile void *);
template <class T> using typed_view = decltype(is_typed_view(std::declval<T *>()));

} // namespace detail

/** The lengths or strides of axes: a range. As the result of a memoryview's function it lives as long as the memoryview object; as a
 * parameter it is made from a list of integers of any type (`{rows, 3}`) or a container of `Py_ssize_t`, for the call. */
class axes {
public:
    axes() noexcept = default;
    axes(const Py_ssize_t *first, std::size_t count) noexcept : first_(first), count_(first == nullptr ? 0 : count) {}
    axes(std::initializer_list<detail::ssize> list) noexcept
        : axes(list.size() == 0 ? nullptr : &list.begin()->value(), list.size())
    {
    }
    template <class Container, class = std::enable_if_t<!detail::typed_view<Container>::value &&
                                                        std::is_convertible_v<decltype(std::data(std::declval<const Container &>())),
                                                                              const Py_ssize_t *>>>
    axes(const Container &container) noexcept // NOLINT: implicit
        : axes(std::data(container), std::size(container))
    {
    }
    /** The same, of an object that it keeps. */
    axes(object keeper, const Py_ssize_t *first, std::size_t count) noexcept : axes(first, count) { keeper_.swap(keeper); }

    const Py_ssize_t *begin() const noexcept { return first_; }
    const Py_ssize_t *end() const noexcept { return first_ + count_; }
    const Py_ssize_t *data() const noexcept { return first_; }
    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    Py_ssize_t operator[](std::size_t axis) const noexcept { return first_[axis]; }
    Py_ssize_t at(std::size_t axis) const
    {
        if (axis >= count_) throw index_error("there is no axis " + std::to_string(axis));
        return first_[axis];
    }

    friend bool operator==(const axes &a, const axes &b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
    friend bool operator!=(const axes &a, const axes &b) noexcept { return !(a == b); }
    /** As Python prints a tuple: (3, 4). */
    friend std::ostream &operator<<(std::ostream &out, const axes &list)
    {
        out << '(';
        for (std::size_t axis = 0; axis < list.size(); axis++) out << (axis == 0 ? "" : ", ") << list[axis];
        return out << (list.size() == 1 ? ",)" : ")");
    }

private:
    const Py_ssize_t *first_ = nullptr;
    std::size_t count_ = 0;
    object keeper_;
};

namespace detail {

/** The number of axes, as C takes it. */
template <class List> int length(const List &list)
{
    if (list.size() > 1000) throw value_error("more axes than a view can have");
    return static_cast<int>(list.size());
}

/** The number of items, 0 where an axis has none: `overflow_error` where it does not fit. */
inline Py_ssize_t items_of(const Py_ssize_t *first, const Py_ssize_t *last)
{
    Py_ssize_t product = 1;
    bool fits = true;
    for (; first != last; ++first) {
        if (*first == 0) return 0;
        fits = fits && product <= PY_SSIZE_T_MAX / *first;
        if (fits) product *= *first;
    }
    if (!fits) throw overflow_error("more items than can be counted");
    return product;
}

} // namespace detail

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

namespace detail {

/** A bound or step of a slice: an integer of any type, or none. */
class bound {
public:
    constexpr bound() noexcept = default;
    constexpr bound(std::nullopt_t) noexcept {} // NOLINT: implicit
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    constexpr bound(T number) noexcept : bound(std::optional<T>(number)) // NOLINT: implicit
    {
    }
    /** PYBUFFER_ABSENT is the lowest number; the next one means the same where it is given. */
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    constexpr bound(const std::optional<T> &number) noexcept // NOLINT: implicit
        : value_(number ? std::max(as_ssize(*number), -PY_SSIZE_T_MAX) : PYBUFFER_ABSENT)
    {
    }
    constexpr Py_ssize_t value() const noexcept { return value_; }

private:
    Py_ssize_t value_ = PYBUFFER_ABSENT;
};

} // namespace detail

/** Every `step`th place from `start` to before `stop`, clipped to the axis, as in Python; `std::nullopt` for a bound that is left out. */
class slice {
public:
    constexpr explicit slice(detail::bound stop) noexcept : slice(std::nullopt, stop) {}
    constexpr slice(detail::bound start, detail::bound stop, detail::bound step = std::nullopt) noexcept
        : start_(start), stop_(stop), step_(step)
    {
    }

    pybuffer_subscript subscript() const noexcept { return pybuffer_slice(start_.value(), stop_.value(), step_.value()); }

private:
    detail::bound start_, stop_, step_;
};

/** A subscript: an integer of any type, a slice, `all`, `ellipsis` or `newaxis`. */
class subscript {
public:
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    subscript(T index) noexcept : value_(pybuffer_at(detail::as_ssize(index))) // NOLINT: implicit
    {
    }
    subscript(slice part) noexcept : value_(part.subscript()) {} // NOLINT: implicit
    subscript(all_t) noexcept : value_(pybuffer_all()) {}         // NOLINT: implicit
    subscript(ellipsis_t) noexcept : value_(pybuffer_ellipsis()) {} // NOLINT: implicit
    subscript(newaxis_t) noexcept : value_(pybuffer_newaxis()) {}   // NOLINT: implicit

    const pybuffer_subscript &value() const noexcept { return value_; }

private:
    pybuffer_subscript value_;
};

static_assert(sizeof(subscript) == sizeof(pybuffer_subscript), "an array of one is an array of the other");

// ---- typed views ----------------------------------------------------------------------------------------------------------

/** What the type of a typed view says about strides: nothing, or that the elements along the last axis are adjacent, which
 * saves multiplications and lets compilers vectorize a loop over them. */
struct strided {};
struct unit_stride {};


namespace detail {

/** Steps of bytes between elements that may be const. */
template <class T> T *step(T *pointer, Py_ssize_t bytes) noexcept
{
    using byte = std::conditional_t<std::is_const_v<T>, const char, char>;
    return reinterpret_cast<T *>(reinterpret_cast<byte *>(pointer) + bytes);
}

/** Whether elements may be seen as those of another type: the same, or the same and const. */
template <class From, class To>
inline constexpr bool may_be_v = std::is_same_v<From, To> || std::is_same_v<const From, To>;

} // namespace detail

/** Iterates over the elements along one axis, or over the parts along the first of several, with random access. It must not outlive
 * the memory, but may outlive what it was made from. (Elements along one axis with unit stride have pointers for iterators.) */
template <class T, std::size_t N, class Layout> class array_iterator {
    using part = std::conditional_t<N == 1, T *, array_ref<T, N - 1, Layout>>;

public:
    // A part is no reference to memory, which older algorithms expect of more than an input iterator.
    using iterator_category = std::conditional_t<N == 1, std::random_access_iterator_tag, std::input_iterator_tag>;
    using iterator_concept = std::random_access_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = std::conditional_t<N == 1, std::remove_cv_t<T>, part>;
    using reference = std::conditional_t<N == 1, T &, part>;
    using pointer = std::conditional_t<N == 1, T *, void>;

    array_iterator() noexcept = default;

    /** Elements that may be written may be read. */
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
    array_iterator(const array_iterator<U, N, Layout> &other) noexcept // NOLINT: implicit
        : at_(other.at_), stride_(other.stride_), index_(other.index_)
    {
    }

    reference operator*() const noexcept
    {
        if constexpr (N == 1) {
            return *at_;
        } else {
            return at_;
        }
    }
    template <std::size_t M = N, class = std::enable_if_t<M == 1>> T *operator->() const noexcept { return &**this; }
    reference operator[](difference_type n) const noexcept { return *(*this + n); }

    array_iterator &operator++() noexcept { return *this += 1; }
    array_iterator &operator--() noexcept { return *this -= 1; }
    array_iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
    array_iterator operator--(int) noexcept { return std::exchange(*this, *this - 1); }
    array_iterator &operator+=(difference_type n) noexcept
    {
        if constexpr (N == 1) {
            at_ = detail::step(at_, n * stride_);
        } else {
            at_.data_ = detail::step(at_.data_, n * stride_);
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
    template <class, std::size_t, class> friend class array_iterator;
    friend class array_ref<T, N, Layout>;

    array_iterator(part first, Py_ssize_t stride, difference_type index) noexcept : at_(first), stride_(stride) { *this += index; }

    part at_{};
    Py_ssize_t stride_ = 0;
    difference_type index_ = 0;
};

/**
 * The elements of `N` axes, of any lengths and strides, as values in memory that something else keeps. Cheap to copy.
 *
 * How fast are loops? `for_each` and range-for over rows and their elements are as fast as loops over raw pointers with the same
 * strides; `for_each` also asks, once a row, whether the elements are adjacent. Where they are known to be, an
 * `array_ref<T, N, unit_stride>` is as fast as an array of C in every kind of loop.
 *
 *     for (auto row : view.as<float, 2, pb::unit_stride>()) {
 *         for (float &element : row) element *= 2;
 *     }
 */
template <class T, std::size_t N, class Layout> class array_ref {
    static constexpr bool unit = std::is_same_v<Layout, unit_stride>;
    static_assert(unit || std::is_same_v<Layout, strided>, "a layout is pybuffer::strided or pybuffer::unit_stride");
    static_assert(N > 0 || !unit, "an array of no axes has no strides");
    static constexpr Py_ssize_t element_size = static_cast<Py_ssize_t>(sizeof(T));

public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using layout_type = Layout;
    using iterator = std::conditional_t<N == 1 && unit, T *, array_iterator<T, N, Layout>>;

    array_ref() noexcept = default;

    /** Elements at `data` with these lengths, and strides in bytes. For `unit_stride`, `buffer_error` where the last stride is
     * another one. */
    array_ref(T *data, const std::array<Py_ssize_t, N> &shape, const std::array<Py_ssize_t, N> &strides) noexcept(!unit)
        : data_(data), shape_(shape), strides_(strides)
    {
        if constexpr (unit) {
            if (!has_unit_stride()) throw buffer_error("the elements along the last axis are not adjacent");
            strides_[N - 1] = element_size; // of one element, or none, it may have been any
        }
    }

    /** Elements that may be written are also elements that may be read; any strides include unit stride. */
    template <class U, class Known,
              std::enable_if_t<detail::may_be_v<U, T> && !std::is_same_v<array_ref<U, N, Known>, array_ref> &&
                                   (!unit || std::is_same_v<Known, Layout>),
                               int> = 0>
    array_ref(const array_ref<U, N, Known> &other) noexcept // NOLINT: implicit
        : data_(other.data()), shape_(other.shape()), strides_(other.strides())
    {
    }
    /** The way back is checked: `buffer_error` where the elements along the last axis are not adjacent. */
    template <class U, std::enable_if_t<detail::may_be_v<U, T> && unit, int> = 0>
    explicit array_ref(const array_ref<U, N, strided> &other) : array_ref(other.data(), other.shape(), other.strides())
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
    bool empty() const noexcept { return std::find(shape_.begin(), shape_.end(), 0) != shape_.end(); }

    /** How many elements there are; `overflow_error` where the number does not fit, along strides of 0. */
    Py_ssize_t count() const { return detail::items_of(shape_.data(), shape_.data() + N); }

    /** Whether the elements along the last axis are adjacent. */
    bool has_unit_stride() const noexcept
    {
        static_assert(N > 0, "an array of no axes has no strides");
        return shape_[N - 1] < 2 || strides_[N - 1] == element_size;
    }

    /** Whether the elements lie one after the other in C order. */
    bool is_contiguous() const noexcept
    {
        if (empty()) return true; // of any lengths, whose product need not fit
        Py_ssize_t next = element_size;
        for (std::size_t axis = N; axis-- > 0; next *= shape_[axis]) {
            if (shape_[axis] != 1 && strides_[axis] != next) return false;
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
        const std::array<Py_ssize_t, N> places{{detail::as_ssize(indices)...}};
        Py_ssize_t bytes = 0;
        for (std::size_t axis = 0; axis < N; axis++) bytes += place(places[axis], axis) * strides_[axis];
        return *detail::step(data_, bytes);
    }

    /** The element, or the part, at an index along the first axis, which is not checked. */
    decltype(auto) operator[](Py_ssize_t index) const noexcept
    {
        static_assert(N > 0, "an array of no axes has no index");
        return at_index(0, stride<0>())[index];
    }
#if defined(__cpp_multidimensional_subscript)
    /** C++23: `numbers[1, 2]` is `numbers(1, 2)`. */
    template <class... Index, class = std::enable_if_t<(sizeof...(Index) > 1)>> T &operator[](Index... indices) const noexcept
    {
        return (*this)(indices...);
    }
#endif

    iterator begin() const noexcept { return at_index(0, step_of_parts()); }
    iterator end() const noexcept { return at_index(shape_[0], step_of_parts()); }

    /** Calls `act` with each element, in C order. */
    template <class F> void for_each(F &&act) const
    {
        if (!empty()) walk<0>(data_, act); // rows without elements may be many
    }

    /** Sets all elements. */
    void fill(const value_type &value) const
    {
        static_assert(!std::is_const_v<T>, "the elements are const");
        for_each([kept = value](T &element) { element = kept; }); // `value` may be one of them
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

private:
    template <class, std::size_t, class> friend class array_iterator;
    template <class, std::size_t, class> friend class array_ref;

    /** The stride of a loop along an axis. That of one item may be anything, which need not lead to an address. */
    template <std::size_t Axis> Py_ssize_t stride() const noexcept
    {
        if constexpr (unit && Axis + 1 == N) {
            return element_size;
        } else {
            return shape_[Axis] < 2 ? 0 : strides_[Axis];
        }
    }

    template <std::size_t... Axis, class... Index>
    Py_ssize_t offset(std::index_sequence<Axis...>, Index... indices) const noexcept
    {
        return (Py_ssize_t{0} + ... + (indices * (unit && Axis + 1 == N ? element_size : strides_[Axis])));
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

    /** The stride of a loop over the parts. Strides of parts without elements may be any, and lead nowhere. */
    Py_ssize_t step_of_parts() const noexcept
    {
        static_assert(N > 0, "an array of no axes has nothing to iterate over");
        return N > 1 && empty() ? 0 : stride<0>();
    }

    iterator at_index(Py_ssize_t index, [[maybe_unused]] Py_ssize_t step) const noexcept
    {
        static_assert(N > 0, "an array of no axes has nothing to iterate over");
        if constexpr (N == 1 && unit) {
            return data_ + index;
        } else if constexpr (N == 1) {
            return iterator(data_, step, index);
        } else {
            array_ref<T, N - 1, Layout> first;
            first.data_ = data_;
            for (std::size_t axis = 1; axis < N; axis++) {
                first.shape_[axis - 1] = shape_[axis];
                first.strides_[axis - 1] = strides_[axis];
            }
            return iterator(first, step, index);
        }
    }

    template <std::size_t Axis, class F> void walk(T *at, F &act) const
    {
        if constexpr (Axis == N) {
            act(*at);
        } else if constexpr (Axis + 1 == N) {
            const Py_ssize_t length = shape_[Axis], stride = this->template stride<Axis>();
            if (unit || stride == element_size) {
                for (Py_ssize_t i = 0; i < length; i++) act(at[i]);
            } else {
                for (Py_ssize_t i = 0; i < length; i++, at = detail::step(at, stride)) act(*at);
            }
        } else {
            const Py_ssize_t length = shape_[Axis], stride = this->template stride<Axis>();
            for (Py_ssize_t i = 0; i < length; i++) walk<Axis + 1>(detail::step(at, i * stride), act);
        }
    }

    T *data_ = nullptr;
    std::array<Py_ssize_t, N> shape_{}, strides_{};
};

// ---- memoryviews ----------------------------------------------------------------------------------------------------------

namespace detail {

template <class T, class = void> struct is_complete : std::false_type {};
template <class T> struct is_complete<T, std::void_t<decltype(sizeof(T))>> : std::true_type {};

/** Gives up what another protocol's struct holds. */
struct interop_deleter {
    template <class Tensor> void operator()(Tensor *tensor) const noexcept
    {
        static_assert(is_complete<Tensor>::value, "include dlpack.h, which defines DLPack's structs, before this is used");
        if (tensor->deleter != nullptr) tensor->deleter(tensor);
    }
    void operator()(pybuffer_array_interface *array) const noexcept { pybuffer_array_interface_free(array); }
};

} // namespace detail

class arrow_array;
template <class Tensor = DLManagedTensorVersioned> using dlpack = std::unique_ptr<Tensor, detail::interop_deleter>;
using array_interface = std::unique_ptr<pybuffer_array_interface, detail::interop_deleter>;

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
    memoryview(const std::string &format, const axes &shape, order in = order::c)
        : object(object::steal(pybuffer_memoryview_new(detail::c_text(format), detail::length(shape), shape.data(), static_cast<char>(in))))
    {
    }
    template <class T> static memoryview zeros(const axes &shape, order in = order::c)
    {
        return {format_of<std::remove_cv_t<T>>::text(), shape, in};
    }

    // ---- what it shows

    /** The view behind it, which must not be changed or released; `value_error` of a released memoryview, as all that follows. */
    const Py_buffer &buffer() const
    {
        if (get() == nullptr) throw system_error("this pybuffer::memoryview is empty");
        if (is_released()) throw value_error("operation forbidden on released memoryview object");
        return *PyMemoryView_GET_BUFFER(get());
    }
    std::size_t ndim() const { return static_cast<std::size_t>(buffer().ndim); }
    // Of a memoryview that ends with the expression, the result keeps the object.
    axes shape() const & { return {buffer().shape, ndim()}; }
    axes shape() const && { return {*this, buffer().shape, ndim()}; }
    axes strides() const & { return {buffer().strides, ndim()}; }
    axes strides() const && { return {*this, buffer().strides, ndim()}; }
    axes suboffsets() const & { return {buffer().suboffsets, ndim()}; }
    axes suboffsets() const && { return {*this, buffer().suboffsets, ndim()}; }
    std::string format() const { return buffer().format; }
    Py_ssize_t itemsize() const { return buffer().itemsize; }
    /** The bytes of all items. */
    Py_ssize_t nbytes() const { return buffer().len; }
    bool readonly() const { return buffer().readonly != 0; }
    /** The item at index 0 of every axis. Read-only memory must not be written. */
    void *data() const { return buffer().buf; }
    bool is_contiguous(order in = order::c) const { return PyBuffer_IsContiguous(&buffer(), static_cast<char>(in)) != 0; }
    /** The number of all items. */
    Py_ssize_t count() const
    {
        const axes lengths = shape();
        return detail::items_of(lengths.begin(), lengths.end());
    }
    /** Items along the first axis; `type_error` where there is none. */
    Py_ssize_t size() const { return detail::checked(PyObject_Size(get())); }

    // ---- parts, and other arrangements of the same memory

    /** The part that subscripts select: `view[{pb::all, 0, pb::slice(1, 3)}]`. */
    memoryview operator[](std::initializer_list<subscript> subscripts) const
    {
        return part(subscripts.begin(), subscripts.size());
    }
    memoryview operator[](const std::vector<subscript> &subscripts) const { return part(subscripts.data(), subscripts.size()); }
    memoryview operator[](const subscript &one) const { return part(&one, 1); }
#if defined(__cpp_multidimensional_subscript)
    /** C++23: `view[pb::all, 0, pb::slice(1, 3)]`. */
    template <class... Subscript, class = std::enable_if_t<(sizeof...(Subscript) > 1)>>
    memoryview operator[](const Subscript &...subscripts) const
    {
        return (*this)[std::initializer_list<subscript>{subscripts...}];
    }
#endif
    /** The part that subscripts in Python's syntax select: "1:-1, ::2". */
    memoryview select(const std::string &subscripts) const { return steal(pybuffer_memoryview_select(get(), detail::c_text(subscripts))); }
    /** A field of records: "orbit.radius". */
    memoryview field(const std::string &path) const { return steal(pybuffer_memoryview_field(get(), detail::c_text(path))); }
    /** Items of equal elements as axes of elements. */
    memoryview elements() const { return steal(pybuffer_memoryview_elements(get())); }
    memoryview flip(int axis) const { return steal(pybuffer_memoryview_flip(get(), axis)); }
    memoryview transpose() const { return steal(pybuffer_memoryview_permute(get(), nullptr, 0)); }
    /** The axes in another order: the first one is axis `from[0]` of this view. */
    memoryview transpose(std::initializer_list<int> from) const
    {
        return permute(from.begin(), detail::length(from));
    }
    memoryview transpose(const std::vector<int> &from) const { return permute(from.data(), detail::length(from)); }
    memoryview broadcast(const axes &shape) const
    {
        return steal(pybuffer_memoryview_broadcast(get(), detail::length(shape), shape.data()));
    }
    memoryview reshape(const axes &shape, order in = order::c) const
    {
        return steal(pybuffer_memoryview_reshape(get(), detail::length(shape), shape.data(), static_cast<char>(in)));
    }
    /** The same bytes as items of another format, along one axis or with this shape. */
    memoryview cast(const std::string &format) const
    {
        return steal(pybuffer_memoryview_cast(get(), detail::c_text(format), 0, nullptr, 'C'));
    }
    memoryview cast(const std::string &format, const axes &shape, order in = order::c) const
    {
        const Py_ssize_t none = 0; // no axes; NULL is one
        return steal(pybuffer_memoryview_cast(get(), detail::c_text(format), detail::length(shape),
                                              shape.empty() ? &none : shape.data(), static_cast<char>(in)));
    }
    template <class T> memoryview cast() const { return cast(format_of<std::remove_cv_t<T>>::text()); }
    template <class T> memoryview cast(const axes &shape, order in = order::c) const
    {
        return cast(format_of<std::remove_cv_t<T>>::text(), shape, in);
    }
    memoryview toreadonly() const { return steal(pybuffer_memoryview_toreadonly(get())); }

    // ---- values

    /** The elements as values of a C++ type, along `N` axes: see `array_view`. */
    template <class T, std::size_t N, class Layout = strided> array_view<T, N, Layout> as() const;

    /** New memory with the same items, or with the values in another format. */
    memoryview copy(order in = order::c) const { return steal(pybuffer_memoryview_copy(get(), static_cast<char>(in))); }
    memoryview astype(const std::string &format, order in = order::c) const
    {
        return steal(pybuffer_memoryview_astype(get(), detail::c_text(format), static_cast<char>(in)));
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

    /** As Python compares: the same shape and equal items, across formats of the struct module. Of an empty memoryview, `system_error`. */
    friend bool operator==(const memoryview &a, const memoryview &b)
    {
        return detail::checked(PyObject_RichCompareBool(detail::checked(a.get()), detail::checked(b.get()), Py_EQ)) != 0;
    }
    friend bool operator!=(const memoryview &a, const memoryview &b) { return !(a == b); }
    /** The same for items of all formats, records among them. */
    bool equal(const object &other) const { return detail::checked(pybuffer_memoryview_equal(get(), other.get())) != 0; }

    /** The hash of read-only bytes, the same for equal memoryviews; `value_error` for others. */
    Py_hash_t hash() const
    {
        const Py_hash_t made = PyObject_Hash(detail::checked(get()));
        if (made == -1) detail::throw_pending();
        return made;
    }

    /** The items as Python prints them, at most so many of them; all where that is negative. A stream gets at most 1000. */
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

    // ---- other protocols: see below

    /** A tensor of DLPack's, or one from before version 1: `to_dlpack<DLManagedTensor>()`. */
    template <class Tensor = DLManagedTensorVersioned> dlpack<Tensor> to_dlpack(int flags = 0) const;
    /** An array of Arrow's. */
    arrow_array to_arrow() const;
    /** NumPy's array interface. */
    array_interface to_array_interface() const;

    // ---- iteration over the parts along the first axis

    /** It keeps the memoryview. */
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using difference_type = std::ptrdiff_t;
        using value_type = memoryview;
        using reference = memoryview;
        using pointer = void;

        iterator() noexcept = default;

        memoryview operator*() const
        {
            const pybuffer_subscript at = pybuffer_at(index_);
            return steal(pybuffer_memoryview_subscript(of_.get(), &at, 1));
        }
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
        iterator(object of, Py_ssize_t index) noexcept : of_(std::move(of)), index_(index) {}

        object of_;
        Py_ssize_t index_ = 0;
    };
    iterator begin() const
    {
        (void)size(); // throws as end() does, where there is no first axis
        return {*this, 0};
    }
    iterator end() const { return {object(), size()}; }

private:
    memoryview permute(const int *from, int count) const
    {
        const int none = 0; // an empty list, which is not the NULL of a transpose
        return steal(pybuffer_memoryview_permute(get(), count == 0 ? &none : from, count));
    }
    memoryview part(const subscript *subscripts, std::size_t count) const
    {
        if (count > 1000) throw type_error("more subscripts than a view can have axes");
        return steal(pybuffer_memoryview_subscript(get(), count == 0 ? nullptr : &subscripts->value(), static_cast<int>(count)));
    }
};

// ---- memory of the program ------------------------------------------------------------------------------------------------

namespace detail {

/** Whether a type's objects only point to elements that something else owns, as std::span's and std::string_view's do. */
#if defined(__cpp_lib_ranges)
template <class T> struct borrows : std::bool_constant<std::ranges::enable_borrowed_range<T>> {};
#else
template <class T> struct borrows : std::false_type {};
#endif
template <class C, class Traits> struct borrows<std::basic_string_view<C, Traits>> : std::true_type {};
template <class T, std::size_t N, class L> struct borrows<array_ref<T, N, L>> : std::true_type {};
#if defined(__cpp_lib_span)
template <class T, std::size_t N> struct borrows<std::span<T, N>> : std::true_type {};
#endif

/** The array of a list in braces, which it points to, may be gone with the expression. */
template <class T> struct is_list : std::false_type {};
template <class T> struct is_list<std::initializer_list<T>> : std::true_type {};

template <class T, class = void> struct has_data_and_size : std::false_type {};
template <class T>
struct has_data_and_size<T, std::void_t<decltype(*std::data(std::declval<T &>())), decltype(std::size(std::declval<T &>()))>>
    : std::true_type {};

/** Whether data() and size() of a type are all that there is to know of its elements. */
template <class T, class = void>
struct is_container : std::conjunction<has_data_and_size<T>, std::negation<typed_view<T>>> {};

inline void check_strides(const axes &shape, const axes &strides)
{
    if (!strides.empty() && strides.size() != shape.size()) throw value_error("as many strides as axes");
}

template <class T>
memoryview wrapped(T *data, const axes &shape, const axes &strides = {}, pybuffer_destroy destroy = nullptr, void *context = nullptr)
{
    static_assert(has_format_v<T>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
    check_strides(shape, strides);
    return memoryview::steal(pybuffer_memoryview_wrap(const_cast<std::remove_cv_t<T> *>(data),
                                                      format_of<std::remove_cv_t<T>>::text(), length(shape), shape.data(),
                                                      strides.data(), std::is_const_v<T>, destroy, context));
}

/** The memoryview that `make` makes of an owner, which moves to where the memoryview finds it, and is destroyed with the last view. */
template <class Owner, class Make> memoryview owned(Owner &&owner, const Make &make)
{
    using kept_type = std::decay_t<Owner>;
    auto kept = std::make_unique<kept_type>(std::forward<Owner>(owner));
    memoryview view = make(*kept, [](void *context) { delete static_cast<kept_type *>(context); }, static_cast<void *>(kept.get()));
    static_cast<void>(kept.release()); // the view's now
    return view;
}

} // namespace detail

/** A memoryview of elements that the program keeps alive: their format follows from the type, and const ones are read-only. Strides
 * are in bytes; without them the elements are contiguous in C order. */
template <class T> memoryview wrap(T *data, const axes &shape, const axes &strides = {})
{
    return detail::wrapped(data, shape, strides);
}

/** A memoryview of the elements of a container that has data() and size(): a vector, an array, a string. It must outlive
 * the views, and must not be resized while there are any; only what points to elements itself (`std::span`) may be a temporary. */
template <class Container, std::enable_if_t<detail::is_container<Container>::value, int> = 0> memoryview wrap(Container &container)
{
    return detail::wrapped(std::data(container), {std::size(container)});
}
template <class Container,
          std::enable_if_t<detail::is_container<const Container>::value && detail::borrows<Container>::value, int> = 0>
memoryview wrap(const Container &&container)
{
    return wrap(container);
}
template <class Container,
          std::enable_if_t<detail::is_container<const Container>::value && !detail::borrows<Container>::value, int> = 0>
memoryview wrap(const Container &&container) = delete; // its elements are gone with it: see pybuffer::own

/** A memoryview of the elements of a typed view: of an `array_ref` the program keeps the memory alive. */
template <class T, std::size_t N, class Layout> memoryview wrap(const array_ref<T, N, Layout> &elements)
{
    return detail::wrapped(elements.data(), elements.shape(), elements.strides());
}
/** The same of an `array_view`, whose memory the memoryview keeps; either may be released without the other. */
template <class T, std::size_t N, class Layout> memoryview wrap(const array_view<T, N, Layout> &elements)
{
    const memoryview &view = elements.view();
    return std::is_const_v<T> ? view.toreadonly() : memoryview::steal(PyMemoryView_FromObject(view.get()));
}

/** A memoryview of the elements of a container that moves in, and is destroyed with the last view of it. */
template <class Container> memoryview own(Container container)
{
    static_assert(detail::is_container<Container>::value, "an owner with data() and size(), or pybuffer::own(owner, data, shape)");
    static_assert(!detail::borrows<Container>::value && !detail::is_list<Container>::value,
                  "this points to elements that it does not own");
    return detail::owned(std::move(container), [](Container &kept, pybuffer_destroy destroy, void *context) {
        return detail::wrapped(std::data(kept), {std::size(kept)}, {}, destroy, context);
    });
}
/** The same for elements anywhere, which live as long as an owner of any type: a handle, a smart pointer, a tuple of them. The address
 * must stay what it is when the owner is moved. */
template <class Owner, class T> memoryview own(Owner owner, T *data, const axes &shape, const axes &strides = {})
{
    return detail::owned(std::move(owner), [&](Owner &, pybuffer_destroy destroy, void *context) {
        return detail::wrapped(data, shape, strides, destroy, context);
    });
}
/** The same for an array of `count` elements in a smart pointer. */
template <class T, class Deleter> memoryview own(std::unique_ptr<T[], Deleter> array, std::size_t count)
{
    T *const data = array.get();
    return own(std::move(array), data, {count});
}
template <class T> memoryview own(std::shared_ptr<T> array, std::size_t count)
{
    auto *const data = array.get();
    return own(std::move(array), data, {count});
}

// ---- typed views of memoryviews -------------------------------------------------------------------------------------------

/** The elements of a memoryview as values of a C++ type; it keeps the memory. For a type that is not const the memory must be
 * writable. What it has been moved from is empty. */
template <class T, std::size_t N, class Layout> class array_view : public array_ref<T, N, Layout> {
    using ref = array_ref<T, N, Layout>;

public:
    array_view() noexcept = default;

    /** `type_error` where the format is not that of the type, or the memory is read-only; `buffer_error` where the view has
     * another number of axes, elements are not aligned, or not adjacent for `unit_stride`, and for memory behind pointers
     * (suboffsets). */
    explicit array_view(const memoryview &view)
        : ref(checked(view)), view_(memoryview::steal(PyMemoryView_FromObject(view.get()))) // the memory outlives a release of `view`
    {
    }

    /** Elements that may be written are also elements that may be read; any strides include unit stride. */
    template <class U, class Known,
              std::enable_if_t<!std::is_same_v<array_view<U, N, Known>, array_view> &&
                                   std::is_convertible_v<const array_ref<U, N, Known> &, ref>,
                               int> = 0>
    array_view(array_view<U, N, Known> other) noexcept : ref(other), view_(std::move(other).view()) // NOLINT: implicit
    {
    }
    /** The way back is checked: `buffer_error` where the elements along the last axis are not adjacent. */
    template <class U,
              std::enable_if_t<detail::may_be_v<U, T> && std::is_same_v<Layout, unit_stride>, int> = 0>
    explicit array_view(array_view<U, N, strided> other)
        : ref(static_cast<const array_ref<U, N, strided> &>(other)), view_(std::move(other).view())
    {
    }

    array_view(const array_view &) noexcept = default;
    array_view(array_view &&other) noexcept : ref(std::exchange(static_cast<ref &>(other), ref())), view_(std::move(other.view_)) {}
    array_view &operator=(array_view other) noexcept
    {
        std::swap(static_cast<ref &>(*this), static_cast<ref &>(other));
        view_.swap(other.view_);
        return *this;
    }
    ~array_view() = default;

    /** A memoryview of the same, which keeps the memory: it must not be released while the elements are used. */
    const memoryview &view() const & noexcept { return view_; }
    memoryview view() && noexcept { return std::move(view_); }

    friend std::ostream &operator<<(std::ostream &out, const array_view &elements) { return out << elements.view_; }

private:
    static ref checked(const memoryview &view)
    {
        using value = std::remove_cv_t<T>;
        static_assert(has_format_v<value>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
        const Py_buffer &buffer = view.buffer();
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
        const char *code = buffer.format + (buffer.format[0] == '@');
        if (is_byte && std::strlen(code) == 1 && std::strchr("bBc", *code) != nullptr) return true;
        const object given = object::steal(pybuffer_format_parse_sized(buffer.format, buffer.itemsize));
        const object known = object::steal(pybuffer_format_parse(wanted));
        return detail::checked(pybuffer_format_equivalent(given.get(), known.get(), 0)) != 0;
    }

    memoryview view_;
};

template <class T, std::size_t N, class Layout> array_view<T, N, Layout> memoryview::as() const
{
    return array_view<T, N, Layout>(*this);
}

template <class T> std::vector<T> memoryview::to_vector() const
{
    static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no array of bool: use unsigned char");
    std::vector<T> values(static_cast<std::size_t>(count()));
    T nothing{}; // an empty vector has no address
    detail::wrapped(values.empty() ? &nothing : values.data(), shape()).convert(*this);
    return values;
}

// ---- other protocols ------------------------------------------------------------------------------------------------------

/*
 * DLPack, Arrow and NumPy, without a copy: pybuffer.h says which items each has, and what is refused. What is exported keeps the memory
 * until it is given up, in any thread; what is imported is given up with the last view of it.
 *
 *     pb::dlpack<> tensor = view.to_dlpack();               // std::unique_ptr<DLManagedTensorVersioned>, which calls the deleter
 *     consumer(tensor.release());                           // unless another one does
 *     pb::memoryview theirs = pb::from_dlpack(producer());  // takes the tensor over, also where it throws
 *
 * A program that has a `dlpack` includes dlpack.h, before or after this header.
 */

template <class Tensor> dlpack<Tensor> memoryview::to_dlpack(int flags) const
{
    if constexpr (std::is_same_v<Tensor, DLManagedTensor>) {
        return dlpack<Tensor>(detail::checked(pybuffer_dlpack_export_unversioned(get(), flags)));
    } else {
        static_assert(std::is_same_v<Tensor, DLManagedTensorVersioned>, "DLManagedTensorVersioned, or DLManagedTensor");
        return dlpack<Tensor>(detail::checked(pybuffer_dlpack_export(get(), flags)));
    }
}

/** A memoryview of a tensor, which is taken over in any case: where this throws, its deleter has been called. `flags`: 0 or
 * `PYBUFFER_DLPACK_INTEGERS`. */
inline memoryview from_dlpack(DLManagedTensorVersioned *tensor, int flags = 0)
{
    return memoryview::steal(pybuffer_dlpack_import(tensor, flags));
}
inline memoryview from_dlpack(DLManagedTensor *tensor, int flags = 0)
{
    return memoryview::steal(pybuffer_dlpack_import_unversioned(tensor, flags));
}
template <class Tensor> memoryview from_dlpack(dlpack<Tensor> &&tensor, int flags = 0)
{
    return from_dlpack(tensor.release(), flags);
}

/** An array of Arrow's and its schema, or room for them: two structs, each of which is released with this object, unless somebody else
 * has moved it away, as Arrow's specification calls it. Moves, but cannot be copied. */
class arrow_array {
public:
    /** Both are released: room for those of a producer, which writes to `array()` and `schema()`. */
    arrow_array() noexcept = default;
    arrow_array(arrow_array &&other) noexcept
        : array_(std::exchange(other.array_, ArrowArray())), schema_(std::exchange(other.schema_, ArrowSchema()))
    {
    }
    arrow_array &operator=(arrow_array &&other) noexcept
    {
        arrow_array taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~arrow_array()
    {
        if (array_.release != nullptr) array_.release(&array_);
        if (schema_.release != nullptr) schema_.release(&schema_);
    }
    void swap(arrow_array &other) noexcept
    {
        std::swap(array_, other.array_);
        std::swap(schema_, other.schema_);
    }
    friend void swap(arrow_array &a, arrow_array &b) noexcept { a.swap(b); }

    /** The structs, for consumers that move them away and producers that write them; `release` is NULL where there is nothing. */
    ArrowArray *array() noexcept { return &array_; }
    ArrowSchema *schema() noexcept { return &schema_; }
    const ArrowArray *array() const noexcept { return &array_; }
    const ArrowSchema *schema() const noexcept { return &schema_; }

    /** Whether there is an array. */
    explicit operator bool() const noexcept { return array_.release != nullptr; }

private:
    ArrowArray array_{};
    ArrowSchema schema_{};
};

inline arrow_array memoryview::to_arrow() const
{
    arrow_array made;
    detail::checked(pybuffer_arrow_export(get(), made.array(), made.schema()));
    return made;
}

/** A read-only memoryview of an array. Both structs are moved away in any case, unless one of the pointers is NULL: where this throws,
 * they have been released. */
inline memoryview from_arrow(ArrowArray *array, ArrowSchema *schema)
{
    return memoryview::steal(pybuffer_arrow_import(array, schema));
}
inline memoryview from_arrow(arrow_array &&both) { return from_arrow(both.array(), both.schema()); }

inline array_interface memoryview::to_array_interface() const
{
    return array_interface(detail::checked(pybuffer_array_interface_export(get())));
}

/** A memoryview of the memory that NumPy's struct describes, which is read now and never again; the program keeps the memory alive. */
inline memoryview from_array_interface(const pybuffer_array_interface &array)
{
    return memoryview::steal(pybuffer_array_interface_import(&array, nullptr, nullptr));
}
/** The same with an owner of the memory, of any type, which is destroyed with the last view of it, or where this throws. */
template <class Owner> memoryview from_array_interface(const pybuffer_array_interface &array, Owner owner)
{
    return detail::owned(std::move(owner), [&array](Owner &, pybuffer_destroy destroy, void *context) {
        return memoryview::steal(pybuffer_array_interface_import(&array, destroy, context));
    });
}
/** The same with a struct that this library has made, which owns its memory. */
inline memoryview from_array_interface(array_interface &&array)
{
    if (array == nullptr) throw system_error("there is no array interface");
    const pybuffer_array_interface &described = *array;
    return from_array_interface(described, std::move(array));
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
template <class T> description describe(T *data, const axes &shape, const axes &strides = {})
{
    static_assert(has_format_v<T>, "PEP 3118 has no format for this type; PYBUFFER_RECORD makes one for a struct");
    description made;
    made.data = const_cast<std::remove_cv_t<T> *>(data);
    made.format = format_of<std::remove_cv_t<T>>::text();
    made.itemsize = static_cast<Py_ssize_t>(sizeof(T));
    made.readonly = std::is_const_v<T>;
    made.shape.assign(shape.begin(), shape.end());
    made.strides.assign(strides.begin(), strides.end());
    return made;
}

namespace detail {

/** What a view of an exporter points to, as long as it lives. */
struct shown {
    explicit shown(description &&given) : kept(std::move(given))
    {
        if (kept.shape.size() > PyBUF_MAX_NDIM) throw value_error("more axes than a view can have");
        if (kept.itemsize < 0 || std::any_of(kept.shape.begin(), kept.shape.end(), [](Py_ssize_t items) { return items < 0; })) {
            throw value_error("lengths and the itemsize must not be negative");
        }
        const Py_ssize_t items = items_of(kept.shape.data(), kept.shape.data() + kept.shape.size());
        if (kept.itemsize != 0 && items > PY_SSIZE_T_MAX / kept.itemsize) throw value_error("the shape is too large");
        if (kept.strides.empty()) {
            kept.strides.resize(kept.shape.size());
            auto next = static_cast<std::size_t>(kept.itemsize); // of no items it may not fit, and means nothing
            for (std::size_t axis = kept.shape.size(); axis-- > 0; next *= static_cast<std::size_t>(kept.shape[axis])) {
                kept.strides[axis] = static_cast<Py_ssize_t>(next);
            }
        }
        if (kept.strides.size() != kept.shape.size()) throw value_error("as many strides as axes");
        c_text(kept.format);
        buffer.buf = kept.data;
        buffer.len = items * kept.itemsize;
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

/** The C++ value of such an object, which lives as long as the object; `type_error` for any other object. */
template <class T> T &value_of(const object &&exporter) = delete;
template <class T> T &value_of(const object &exporter)
{
    using made = detail::exporter<T>;
    if (exporter.get() == nullptr || Py_TYPE(exporter.get()) != made::type()) {
        throw type_error("the object is no exporter of this class");
    }
    return made::of(exporter.get())->value;
}

} // namespace pybuffer

#if defined(__cpp_lib_ranges)
/* An `array_ref` is a view as C++20 has them, whose iterators may outlive it. */
template <class T, std::size_t N, class Layout> inline constexpr bool std::ranges::enable_view<pybuffer::array_ref<T, N, Layout>> = true;
template <class T, std::size_t N, class Layout>
inline constexpr bool std::ranges::enable_borrowed_range<pybuffer::array_ref<T, N, Layout>> = true;
#endif

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
