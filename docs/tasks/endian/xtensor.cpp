#include <cstring>
#include <xtensor/xadapt.hpp>
#include <xtensor/xvectorize.hpp>

#include "../data.hpp"

float swapped(std::uint32_t bits)
{
    bits = __builtin_bswap32(bits);
    float number;
    std::memcpy(&number, &bits, sizeof(number));
    return number;
}

int main()
{
    auto *words = reinterpret_cast<std::uint32_t *>(big_endian);
    auto view = xt::adapt(words, 3, xt::no_ownership(), std::array<std::size_t, 1>{3});
    print(xt::vectorize(swapped)(view));
}
