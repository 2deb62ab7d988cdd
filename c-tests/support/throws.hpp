// What the tests of the C++ header share.
#ifndef THROWS_HPP
#define THROWS_HPP

#include <pybuffer/pybuffer.hpp>

#include "tap.h"

// For conditions with commas in them.
#define HOLDS(...) CHECK((__VA_ARGS__))

namespace pb = pybuffer;

/** Whether an act throws an exception of a type, with this message, and leaves no error pending. */
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

/** Whether pybuffer::wrap takes a type. */
template <class T, class = void> struct can_wrap : std::false_type {};
template <class T> struct can_wrap<T, std::void_t<decltype(pb::wrap(std::declval<T>()))>> : std::true_type {};

#endif
