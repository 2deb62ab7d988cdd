// The command line: a subcommand, options and files.
#ifndef TOOLS_OPTIONS_HPP
#define TOOLS_OPTIONS_HPP

#include <optional>
#include <string>
#include <vector>

#include "source.hpp"

namespace tool {

/** What the user asks for. An option that the subcommand does not know has been refused. */
struct options {
    std::string command;
    std::vector<std::string> operands;
    layout raw;
    selection wanted;
    std::optional<Py_ssize_t> limit;
    std::optional<std::string> output, astype, kind, bytes;
    std::optional<Py_ssize_t> rate;
    std::optional<char> order;
    bool json = false, indirect = false, help = false, version = false;
};

/** Reads the arguments of the program; `failure` with the status `misused`. */
options parse_options(int argc, char **argv);

/** How the program, or one of its subcommands, is used. */
std::string usage(const std::string &command);

} // namespace tool

#endif
