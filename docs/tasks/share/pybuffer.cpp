#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

int main()
{
    namespace pb = pybuffer;
    pb::memoryview view = pb::own(std::vector<double>{1, 2, 3});
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(view.get(), 0);
    pb::memoryview back = pb::memoryview::steal(pybuffer_dlpack_import(tensor, 0));
    back.as<double, 1>()(0) = 5;
    print(view.to_vector<double>());
}
