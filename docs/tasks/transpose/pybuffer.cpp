#include <pybuffer/pybuffer.hpp>

#include "../data.hpp"

int main()
{
    print(pybuffer::wrap(&matrix[0][0], {3, 4}).transpose().to_vector<double>());
}
