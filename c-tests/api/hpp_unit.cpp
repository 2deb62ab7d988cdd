// A second unit of the program of hpp.cpp, with the header included twice: what both define is one.
#include <pybuffer/pybuffer.hpp>
#include <pybuffer/pybuffer.hpp>

#include "hpp_unit.hpp"

PYBUFFER_RECORD(Shared, number, weight)

pybuffer::memoryview shared_records()
{
    return pybuffer::own(std::vector<Shared>{{1, 0.5}, {2, 1.5}});
}

pybuffer::object shared_exporter()
{
    return pybuffer::make_exporter<Shown>();
}

const char *format_of_shared()
{
    return pybuffer::format_of<Shared>::text();
}
