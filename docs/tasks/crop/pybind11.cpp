#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    py::capsule owner(&picture, [](void *) {});
    py::array_t<std::uint8_t> array({5, 6, 3}, &picture.pixels[0][0][0], owner);
    py::array part = array[py::make_tuple(py::slice(1, 3, 1), py::slice(2, 4, 1))];
    auto packed = py::array_t<std::uint8_t, py::array::c_style>::ensure(part);
    print(std::vector<std::uint8_t>(packed.data(), packed.data() + packed.size()));
}
