// Loops over the elements of pybuffer.hpp's views, beside loops over raw pointers: the least times of interleaved rounds.
//
//     make bench-cxx
#include <pybuffer/pybuffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace pb = pybuffer;

namespace {

Py_ssize_t rows = 1000, columns = 1000; // not known to the compiler
constexpr int rounds = 200;
volatile double sink;

template <class Work> double time_of(Work work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// The way that a loop by hand goes: rows and columns at steps of bytes.
template <class Act> void by_hand(char *data, Py_ssize_t row_step, Py_ssize_t step, Act act)
{
    for (Py_ssize_t row = 0; row < rows; row++, data += row_step) {
        char *at = data;
        for (Py_ssize_t column = 0; column < columns; column++, at += step) act(*reinterpret_cast<float *>(at));
    }
}

// The same where the compiler knows that the elements of a row are adjacent.
template <class Act> void by_hand(float *data, Act act)
{
    for (Py_ssize_t row = 0; row < rows; row++, data += columns) {
        for (Py_ssize_t column = 0; column < columns; column++) act(data[column]);
    }
}

struct Least {
    const char *name;
    double micros = 1e30;
    void take(double time) { micros = std::min(micros, time); }
};

void line(const char *title, const Least &raw, std::initializer_list<Least> others)
{
    std::printf("%-32s raw pointers %7.1f us", title, raw.micros);
    for (const Least &other : others) std::printf("; %s %.2f", other.name, other.micros / raw.micros);
    std::printf("\n");
}

template <class Act> void compare(const char *title, const pb::array_ref<float, 2> &view, Act act)
{
    const bool adjacent = view.is_contiguous();
    char *data = reinterpret_cast<char *>(view.data());
    Least raw{"raw"}, each{"for_each"}, range{"range-for"}, index{"operator()"};
    for (int round = 0; round < rounds; round++) {
        raw.take(time_of([&] { adjacent ? by_hand(view.data(), act) : by_hand(data, view.strides()[0], view.strides()[1], act); }));
        each.take(time_of([&] { view.for_each(act); }));
        range.take(time_of([&] {
            for (const auto row : view) {
                for (float &element : row) act(element);
            }
        }));
        index.take(time_of([&] {
            for (Py_ssize_t row = 0; row < view.size(); row++) {
                for (Py_ssize_t column = 0; column < columns; column++) act(view(row, column));
            }
        }));
    }
    line(title, raw, {each, range, index});
}

} // namespace

int main(int count, char **)
{
    rows += count - 1;
    columns += count - 1;
    const pb::memoryview dense = pb::own(std::vector<float>(static_cast<std::size_t>(rows * columns), 1.5f)).reshape({rows, columns});
    const pb::memoryview wide = pb::own(std::vector<float>(static_cast<std::size_t>(rows * columns * 3), 1.5f)).reshape({rows, columns, 3});
    const pb::array_view<float, 2> contiguous = dense.as<float, 2>(), strided = wide[{pb::all, pb::all, 1}].as<float, 2>();

    std::printf("%ld x %ld floats, time beside that of raw pointers:\n", static_cast<long>(rows), static_cast<long>(columns));
    double sum = 0;
    const auto add = [&sum](float element) { sum += double{element}; };
    const auto scale = [](float &element) { element = element * 0.5f + 1.0f; };
    compare("contiguous, sum", contiguous, add);
    compare("contiguous, scaled in place", contiguous, scale);
    compare("every third, sum", strided, add);
    compare("every third, scaled in place", strided, scale);
    sink = sum;
}
