// Loops over the elements of pybuffer.hpp's typed views, beside loops over raw pointers with the same strides.
//
//     views                   the least times of interleaved rounds
//     views LOOP ROUNDS       one of the loops, so many times, to count its instructions (benches/views.sh)
//     views --list            the names of the loops
#include <pybuffer/pybuffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace pb = pybuffer;

namespace {

// Every third of the elements fits in L2, too.
constexpr Py_ssize_t height = 64, width = 512;
volatile unsigned sink;

struct Loop {
    std::string name;
    std::function<void()> run;
    double least = 1e30;
};

struct Sum {
    unsigned total = 0;
    void operator()(unsigned element) { total += element; }
    ~Sum() { sink = total; }
};

struct Scale {
    void operator()(float &element) const { element = element * 0.5f + 1.0f; }
};

// How one writes it by hand: rows and columns at steps of bytes.
template <class T, class Act> void by_hand(const pb::array_ref<T, 2> &view, Act act)
{
    char *data = reinterpret_cast<char *>(view.data());
    const Py_ssize_t rows = view.shape()[0], columns = view.shape()[1], row_step = view.strides()[0], step = view.strides()[1];
    for (Py_ssize_t row = 0; row < rows; row++, data += row_step) {
        char *at = data;
        for (Py_ssize_t column = 0; column < columns; column++, at += step) act(*reinterpret_cast<T *>(at));
    }
}

// The same where the elements of a row are adjacent.
template <class T, class Act> void by_hand(const pb::array_ref<T, 2, pb::unit_stride> &view, Act act)
{
    char *data = reinterpret_cast<char *>(view.data());
    const Py_ssize_t rows = view.shape()[0], columns = view.shape()[1], row_step = view.strides()[0];
    for (Py_ssize_t row = 0; row < rows; row++, data += row_step) {
        T *at = reinterpret_cast<T *>(data);
        for (Py_ssize_t column = 0; column < columns; column++) act(at[column]);
    }
}

template <class Act, class View> void add(std::vector<Loop> &loops, const std::string &title, const View &view)
{
    loops.push_back({title + ": raw pointers", [view] { by_hand(view, Act()); }});
    loops.push_back({title + ": for_each", [view] { view.for_each(Act()); }});
    loops.push_back({title + ": range-for", [view] {
                         Act act;
                         for (const auto row : view) {
                             for (auto &element : row) act(element);
                         }
                     }});
    loops.push_back({title + ": operator()", [view] {
                         Act act;
                         for (Py_ssize_t row = 0; row < view.shape()[0]; row++) {
                             for (Py_ssize_t column = 0; column < view.shape()[1]; column++) act(view(row, column));
                         }
                     }});
}

template <class T, class Act> void add_all(std::vector<Loop> &loops, const std::string &title)
{
    const pb::memoryview dense = pb::memoryview::zeros<T>({height, width});
    const pb::memoryview third = pb::memoryview::zeros<T>({height, width, 3})[{pb::all, pb::all, 1}];
    add<Act>(loops, title + ", contiguous, unit_stride", dense.as<T, 2, pb::unit_stride>());
    add<Act>(loops, title + ", every third, strided", third.as<T, 2>());
    add<Act>(loops, title + ", contiguous, strided", dense.as<T, 2>());
}

} // namespace

int main(int count, char **arguments)
{
    std::vector<Loop> loops;
    add_all<float, Scale>(loops, "scale");
    add_all<unsigned, Sum>(loops, "sum");
    if (count > 1 && std::strcmp(arguments[1], "--list") == 0) {
        for (const Loop &loop : loops) std::printf("%s\n", loop.name.c_str());
    } else if (count > 2) {
        for (const Loop &loop : loops) {
            if (loop.name != arguments[1]) continue;
            for (long round = std::atol(arguments[2]); round > 0; round--) loop.run();
        }
    } else {
        for (int round = 0; round < 3000; round++) {
            for (Loop &loop : loops) {
                const auto start = std::chrono::steady_clock::now();
                loop.run();
                loop.least = std::min(loop.least, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
            }
        }
        double raw = 1;
        for (const Loop &loop : loops) {
            if (loop.name.find("raw") != std::string::npos) raw = loop.least;
            std::printf("%-48s %8.2f us  %.2f\n", loop.name.c_str(), loop.least, loop.least / raw);
        }
    }
    return 0;
}
