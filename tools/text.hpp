// Text for people: values, names and tables, with everything that could control a terminal escaped.
#ifndef TOOLS_TEXT_HPP
#define TOOLS_TEXT_HPP

#include <string>
#include <vector>

#include <pybuffer/pybuffer.hpp>

namespace tool {

/** Bytes as UTF-8 on one line: control characters, and what is no UTF-8, as escapes (\n, \x1b). */
std::string printable(const std::string &bytes);

/** The columns that UTF-8 text takes; each character counts as one. */
std::size_t width_of(const std::string &text);

/** A number with separators: 1,234,567. */
std::string grouped(Py_ssize_t number);

/** "1 item", "2 items". */
std::string counted(Py_ssize_t number, const std::string &what);

/** "(2, 3)", "(2,)", "()", as Python writes a tuple. */
std::string tuple_text(const Py_ssize_t *numbers, std::size_t count);

/** The values of an item that `values` starts with, as Python writes them: "1.5", "[1, 2]", "(1, b'ab')". `failure` where they take more than 16 MiB: a
 * sub-array of no elements may have any number of brackets. */
std::string item_text(const pybuffer_item &item, const pybuffer_value *values);

/** Its first characters: `most` of them and one more, at least, where there are more. Takes no more work than these need. */
std::string item_start(const pybuffer_item &item, const pybuffer_value *values, std::size_t most);

/** The same for JSON: numbers; bytes as {"bytes": "00ff"}, complex numbers and long arrays as lists. */
std::string item_json(const pybuffer_item &item, const pybuffer_value *values);

/** A string of JSON's. */
std::string json_text(const std::string &text);

/** What an element is, in words: "32-bit signed integer, big-endian". */
std::string kind_text(const pybuffer_item &item);

/** The bytes of an item with all its elements. */
Py_ssize_t bytes_of(const pybuffer_item &item);

/** How many values unpacking an item gives. */
Py_ssize_t values_of(const pybuffer_item &item);

/** Rows of cells as lines, in columns that are as wide as they need to be. Columns that `right` names are aligned to the right. */
std::string table(const std::vector<std::vector<std::string>> &rows, const std::vector<bool> &right);

/** A parsed format, with the item that it describes. */
class format {
public:
    explicit format(const std::string &text)
        : parsed_(pybuffer::object::steal(pybuffer_format_parse(text.c_str())))
    {
    }
    /** The format of a view's items. */
    explicit format(const pybuffer::memoryview &view)
        : parsed_(pybuffer::object::steal(pybuffer_format_parse_sized(view.buffer().format, view.itemsize())))
    {
    }

    PyObject *get() const { return parsed_.get(); }
    const pybuffer_item &root() const { return *pybuffer_format_root(parsed_.get()); }
    Py_ssize_t itemsize() const { return pybuffer::detail::checked(pybuffer_format_itemsize(parsed_.get())); }
    Py_ssize_t alignment() const { return pybuffer::detail::checked(pybuffer_format_alignment(parsed_.get())); }
    Py_ssize_t value_count() const { return pybuffer::detail::checked(pybuffer_format_value_count(parsed_.get())); }
    std::string canonical() const;

private:
    pybuffer::object parsed_;
};

/** The canonical spelling of an item of a format, with its shape or, for one element, without. */
std::string item_format(const pybuffer_item &item);
std::string element_format(const pybuffer_item &item);

/** The fields of a record; nothing for an item of another kind, or for a pointer's target. */
std::vector<const pybuffer_item *> fields_of(const pybuffer_item &item);

} // namespace tool

#endif
