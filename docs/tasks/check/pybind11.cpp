#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

double corner(const py::buffer &exporter)
{
    py::buffer_info info = exporter.request();
    if (info.ndim != 2 || info.format != py::format_descriptor<double>::format()) {
        throw py::type_error("expected doubles of two axes");
    }
    auto *last = static_cast<char *>(info.ptr);
    for (int axis = 0; axis < 2; axis++) {
        last += (info.shape[axis] - 1) * info.strides[axis];
    }
    return *reinterpret_cast<double *>(last);
}

int main()
{
    py::scoped_interpreter interpreter;
    py::array_t<double> array({3, 4}, &matrix[0][0], py::capsule(matrix, [](void *) {}));
    print(std::vector<double>{corner(array)});
    py::array_t<float> floats(array);
    for (const py::buffer &wrong : {py::buffer(array[py::int_(0)]), py::buffer(floats)}) {
        try {
            corner(wrong);
        } catch (const py::type_error &) {
            std::printf("refused\n");
        }
    }
}
