#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

int main()
{
    pybuffer::memoryview view = pybuffer::wrap(&picture.pixels[0][0][0], {5, 6, 3});
    print(view.select("1:3, 2:4").to_vector<std::uint8_t>());
}
