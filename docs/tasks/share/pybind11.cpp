#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    auto *vector = new std::vector<double>{1, 2, 3};
    py::capsule owner(vector, [](void *context) {
        delete static_cast<std::vector<double> *>(context);
    });
    py::array_t<double> array(3, vector->data(), owner);
    py::array_t<double> back = py::module_::import("numpy").attr("from_dlpack")(array);
    back.mutable_at(0) = 5;
    print(std::vector<double>(array.data(), array.data() + array.size()));
}
