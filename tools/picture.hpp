// A drawing of memory, before it is text or SVG: lines of cells, the items of a view in them, and arrows.
#ifndef TOOLS_PICTURE_HPP
#define TOOLS_PICTURE_HPP

#include <optional>
#include <string>
#include <vector>

#include <pybuffer/pybuffer.hpp>

namespace tool {

/** A cell: an element of an item, a pointer, or bytes that belong to no item. */
struct cell {
    enum class kind { element, pointer, padding, hidden };

    kind is = kind::element;
    Py_ssize_t at = 0, size = 0;      // bytes from the start of its memory; its bytes
    std::string text;                 // the value
    std::string name;                 // of the field
    std::vector<std::string> indices; // of the items of the view that start here; the first few
    Py_ssize_t more = 0;              // further items that start here
    std::size_t span = 1;             // cells that these items reach over
    std::size_t lane = 0;             // where the indices stand: lower ones have room beside items that overlap
    bool is_viewed = false;           // in an item of the view
    std::optional<std::size_t> target; // of a pointer: the line that it leads to
};

/** Cells that are adjacent in memory. */
struct line {
    std::string label; // what the bytes are counted from
    Py_ssize_t at = 0;
    std::vector<cell> cells;
    bool is_after_gap = false; // lines before it are left out
    std::size_t lanes = 1;
};

struct place {
    std::size_t line, cell;
};

/** The way from the first item to the next along one axis. */
struct arrow {
    std::size_t axis;
    Py_ssize_t stride;
    std::string from, to; // indices
    place start, end;
    bool is_through_pointer = false;
};

struct picture {
    std::string title;
    std::vector<std::string> notes;
    std::vector<line> lines;
    std::vector<arrow> arrows;
    // The bytes of the first item's first number.
    std::string byte_order, sample_index, sample_value;
    std::vector<std::string> sample_bytes;
};

/** Draws the memory of `whole`, with the items of `view`, a part of it. At most `limit` cells stand in a line. */
picture make_picture(const pybuffer::memoryview &whole, const pybuffer::memoryview &view, Py_ssize_t limit);

std::string as_text(const picture &drawn);
std::string as_svg(const picture &drawn);

} // namespace tool

#endif
