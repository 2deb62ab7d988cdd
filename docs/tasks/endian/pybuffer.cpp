#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

int main()
{
    print(pybuffer::wrap(big_endian).cast(">f").to_vector<float>());
}
