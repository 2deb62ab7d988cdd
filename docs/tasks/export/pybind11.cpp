#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

PYBIND11_EMBEDDED_MODULE(samples, module)
{
    py::class_<Samples>(module, "Samples", py::buffer_protocol())
        .def(py::init<std::size_t>())
        .def_buffer([](Samples &samples) {
            return py::buffer_info(samples.data(), static_cast<py::ssize_t>(samples.size()));
        });
}

int main()
{
    py::scoped_interpreter interpreter;
    py::object exporter = py::module_::import("samples").attr("Samples")(3);
    auto array = py::array_t<float>::ensure(exporter);
    print(std::vector<float>(array.data(), array.data() + array.size()));
}
