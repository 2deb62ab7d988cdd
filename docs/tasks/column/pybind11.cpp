#include <pybind11/embed.h>
#include <pybind11/numpy.h>

#include "../data.hpp"

namespace py = pybind11;

int main()
{
    py::scoped_interpreter interpreter;
    py::capsule owner(matrix, [](void *) {});
    py::array_t<double> array({3, 4}, &matrix[0][0], owner);
    auto numbers = array.unchecked<2>();
    double sum = 0;
    for (py::ssize_t row = 0; row < numbers.shape(0); row++) {
        sum += numbers(row, 1);
    }
    print(std::vector<double>{sum});
}
