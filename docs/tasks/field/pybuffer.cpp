#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

PYBUFFER_RECORD(Planet, number, mass, tag)

int main()
{
    print(pybuffer::wrap(planets).field("mass").to_vector<double>());
}
