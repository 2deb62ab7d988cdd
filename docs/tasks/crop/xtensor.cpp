#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>

#include "../data.hpp"

int main()
{
    std::array<std::size_t, 3> shape = {5, 6, 3};
    auto view = xt::adapt(&picture.pixels[0][0][0], 90, xt::no_ownership(), shape);
    print(xt::view(view, xt::range(1, 3), xt::range(2, 4)));
}
