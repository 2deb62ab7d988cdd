#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

class Exporter : Samples {
public:
    using Samples::Samples;
    pybuffer::description describe()
    {
        return pybuffer::describe(data(), {static_cast<Py_ssize_t>(size())});
    }
};

int main()
{
    pybuffer::object exporter = pybuffer::make_exporter<Exporter>(3);
    print(pybuffer::memoryview(exporter).as<float, 1>());
}
