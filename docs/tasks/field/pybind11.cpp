#include <pybind11/embed.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    PYBIND11_NUMPY_DTYPE(Planet, number, mass, tag);
    py::capsule owner(planets, [](void *) {});
    py::array_t<Planet> array(3, planets, owner);
    print(array["mass"].cast<std::vector<double>>());
}
