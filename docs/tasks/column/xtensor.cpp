#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

#include "../data.hpp"

int main()
{
    auto view = xt::adapt(&matrix[0][0], 12, xt::no_ownership(), std::array<std::size_t, 2>{3, 4});
    double sum = xt::sum(xt::col(view, 1))();
    print(std::vector<double>{sum});
}
