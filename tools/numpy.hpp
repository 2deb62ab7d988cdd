// NumPy's names for formats, and the header of its files.
#ifndef TOOLS_NUMPY_HPP
#define TOOLS_NUMPY_HPP

#include <string>

#include <pybuffer/pybuffer.hpp>

namespace tool {

/** The argument of `numpy.dtype` that makes the type of an item, such as "'<f8'" or "[('x', '<i4'), ('y', '<f8', (2, 3))]";
 * `failure` that says why where NumPy has none. A record with padding is a dictionary of names and offsets. */
std::string numpy_dtype(const pybuffer_item &item);

/** The header of a .npy file, as `numpy.save` writes it. */
std::string npy_header(const pybuffer_item &item, pybuffer::axes shape, bool fortran_order);

/** A string as Python writes it: in single quotes, unless it has one and no double quote. */
std::string python_text(const std::string &text);

} // namespace tool

#endif
