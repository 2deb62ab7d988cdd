// What both units of the program of hpp.cpp know.
#ifndef HPP_UNIT_HPP
#define HPP_UNIT_HPP

#include <pybuffer/pybuffer.hpp>

struct Shared {
    int number;
    double weight;
};

struct Shown {
    short numbers[3] = {1, 2, 3};
    pybuffer::description describe() { return pybuffer::describe(numbers, {3}); }
};

pybuffer::memoryview shared_records();
pybuffer::object shared_exporter();
const char *format_of_shared();

#endif
