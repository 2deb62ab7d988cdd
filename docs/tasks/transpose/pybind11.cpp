#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    py::capsule owner(matrix, [](void *) {});
    py::array_t<double> array({3, 4}, &matrix[0][0], owner);
    auto copied = py::array_t<double, py::array::c_style>::ensure(array.attr("T"));
    print(std::vector<double>(copied.data(), copied.data() + copied.size()));
}
