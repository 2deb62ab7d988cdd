// What the program does: each command gives the text that it prints, or has written a file.
#ifndef TOOLS_COMMANDS_HPP
#define TOOLS_COMMANDS_HPP

#include <string>

#include "options.hpp"

namespace tool {

std::string show(const options &asked);
std::string draw(const options &asked);
std::string convert(const options &asked);
std::string describe_format(const options &asked);

} // namespace tool

#endif
