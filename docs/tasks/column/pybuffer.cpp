#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

int main()
{
    namespace pb = pybuffer;
    pb::memoryview view = pb::wrap(&matrix[0][0], {3, 4});
    double sum = 0;
    for (double number : view[{pb::all, 1}].as<double, 1>()) {
        sum += number;
    }
    print(std::vector<double>{sum});
}
