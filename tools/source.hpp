// Files as memoryviews: mapped, not read, so that a file of any size opens at once.
#ifndef TOOLS_SOURCE_HPP
#define TOOLS_SOURCE_HPP

#include <optional>
#include <string>
#include <vector>

#include <pybuffer/pybuffer.hpp>

namespace tool {

/** What the user says of memory that does not describe itself. */
struct layout {
    std::optional<std::string> format;
    std::optional<std::vector<Py_ssize_t>> shape, strides;
    Py_ssize_t offset = 0;
    bool is_given = false; // any of them
};

/** What the user wants to see of a file. */
struct selection {
    std::string field, subscripts; // empty where there are none
};

/** An open file. */
struct source {
    pybuffer::memoryview items;
    std::string kind;         // "NumPy array (.npy, version 1.0)"
    std::string path;         // as the user knows it, printable
    Py_ssize_t size = 0;      // bytes of the file
    Py_ssize_t offset = 0;    // of the item at index 0 of each axis
    Py_ssize_t rest = 0;      // bytes after the last item, of raw memory
    bool is_mapped = false;   // else it has been read, from a pipe
    int maximum = 0;          // of a picture: the number for full brightness
    std::uint32_t rate = 0;   // of a sound: frames a second
    int sample_bits = 0;      // of a sound
};

/** Opens a file, "-" for standard input: .npy, .wav, .pgm, .ppm and .bmp by their contents, or raw memory by `given`. */
source open_source(const std::string &path, const layout &given);

/** The part of a file that the user wants: a field, then subscripts. */
pybuffer::memoryview selected(const source &from, const selection &wanted);

} // namespace tool

#endif
