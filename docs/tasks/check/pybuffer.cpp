#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

double corner(const pybuffer::object &exporter)
{
    auto numbers = pybuffer::memoryview(exporter).as<double, 2>();
    return numbers(numbers.shape()[0] - 1, numbers.shape()[1] - 1);
}

int main()
{
    pybuffer::memoryview view = pybuffer::wrap(&matrix[0][0], {3, 4});
    print(std::vector<double>{corner(view)});
    for (const pybuffer::memoryview &wrong : {view[0], view.astype<float>()}) {
        try {
            corner(wrong);
        } catch (const pybuffer::error &) {
            std::printf("refused\n");
        }
    }
}
