// What all programs for the tasks start from, and how they print. Not counted: it is the same for all libraries.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

// 3 rows of 4 columns.
inline double matrix[3][4] = {{11, 12, 13, 14}, {21, 22, 23, 24}, {31, 32, 33, 34}};

// A picture of 5 rows of 6 pixels of red, green and blue.
struct Picture {
    std::uint8_t pixels[5][6][3];
    Picture()
    {
        for (int i = 0; i < 90; i++) {
            pixels[i / 18][i / 3 % 6][i % 3] = static_cast<std::uint8_t>(i);
        }
    }
};
inline Picture picture;

// Records as a file has them, without padding.
#pragma pack(push, 1)
struct Planet {
    std::int32_t number;
    double mass;
    char tag[3];
};
#pragma pack(pop)
inline Planet planets[3] = {{1, 0.33, "me"}, {2, 4.87, "ve"}, {3, 5.97, "ea"}};

// 0.5, -2 and 1e10 as big-endian floats.
inline unsigned char big_endian[12] = {0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x50, 0x15, 0x02, 0xf9};

// A class with memory of its own.
class Samples {
public:
    explicit Samples(std::size_t count) : values_(count, 1.5f) {}
    float *data() { return values_.data(); }
    std::size_t size() const { return values_.size(); }

private:
    std::vector<float> values_;
};

template <class Numbers> void print(const Numbers &numbers)
{
    for (auto number : numbers) {
        std::printf("%g ", static_cast<double>(number));
    }
    std::printf("\n");
}
