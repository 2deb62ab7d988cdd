#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmanipulation.hpp>

#include "../data.hpp"

int main()
{
    auto view = xt::adapt(&matrix[0][0], 12, xt::no_ownership(), std::array<std::size_t, 2>{3, 4});
    xt::xarray<double> copied = xt::transpose(view);
    print(copied);
}
