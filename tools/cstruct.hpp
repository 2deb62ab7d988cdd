// The C declaration that a format describes.
#ifndef TOOLS_CSTRUCT_HPP
#define TOOLS_CSTRUCT_HPP

#include <string>

#include <pybuffer/pybuffer.hpp>

namespace tool {

/** A declaration of `item` with exactly this layout, on this machine: a struct, packed and with its padding written out where a
 * plain one would be laid out otherwise; and a static assertion of its size. */
std::string c_declaration(const pybuffer_item &item, Py_ssize_t itemsize);

} // namespace tool

#endif
