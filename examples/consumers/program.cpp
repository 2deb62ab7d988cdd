// The same as program.c in C++17: the column of a table of records.
#include <pybuffer/pybuffer.hpp>

#include <iostream>
#include <vector>

namespace pb = pybuffer;

struct City {
    char name[12];
    float latitude;
    int population;
};
PYBUFFER_RECORD(City, name, latitude, population)

int main()
try {
    std::vector<City> cities{{"Oslo", 59.9f, 709}, {"Quito", -0.2f, 2011}, {"Suva", -18.1f, 93}};
    pb::memoryview table = pb::own(std::move(cities));
    const char *separator = "";

    for (int population : table.field("population").as<const int, 1>()) {
        std::cout << separator << population;
        separator = " ";
    }
    std::cout << '\n';
}
catch (const pb::error &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
