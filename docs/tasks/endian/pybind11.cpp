#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    py::capsule owner(big_endian, [](void *) {});
    py::array array(py::dtype(">f4"), {3}, {4}, big_endian, owner);
    auto native = py::array_t<float, py::array::forcecast>::ensure(array);
    print(std::vector<float>(native.data(), native.data() + native.size()));
}
