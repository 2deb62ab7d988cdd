#include "options.hpp"

#include <cstdlib>
#include <cstring>
#include <iterator>

#include <getopt.h>

#include "failure.hpp"
#include "text.hpp"

namespace tool {

namespace {

/** An option: who knows it, and what it says in the help. */
struct known_option {
    char letter; // of the short option, if it has one (is_short), or only to know it by
    const char *name, *argument, *commands, *help;
};

// The commands are s(how), d(raw), c(onvert), f(ormat).
const known_option known[] = {
    {'f', "field", "PATH", "sdc", "a field of records: mass, orbit.radius, #0"},
    {'s', "select", "SUBSCRIPTS", "sdc", "a part, in Python's syntax: '10:20, ::2'; after --field"},
    {'F', "format", "FORMAT", "sdc", "read raw memory: items of this format of PEP 3118"},
    {'S', "shape", "N,...", "sdc", "raw memory: the lengths of the axes; one may be -1 (as many as there are)"},
    {'T', "strides", "N,...", "sdc", "raw memory: the bytes from one index of each axis to the next (C order)"},
    {'O', "offset", "N", "sdc", "raw memory: the byte at which the item at index 0 of each axis starts (0)"},
    {'n', "limit", "N", "sd", "at most N rows and columns (10); draw: at most N cells in a line (12)"},
    {'o', "output", "FILE", "d", "write the drawing to FILE: SVG where its name ends in .svg, else text"},
    {'P', "pointers", nullptr, "d", "draw a copy whose first axis holds pointers (suboffsets)"},
    {'a', "astype", "FORMAT", "c", "convert the values to this format, checked"},
    {'r', "order", "C|F", "c", "write the items in C or in Fortran order"},
    {'t', "to", "KIND", "c", "npy, raw, pgm, ppm or wav, if the name of OUT does not say it"},
    {'R', "rate", "N", "c", "frames a second of a .wav file, if IN is none"},
    {'b', "bytes", "HEX", "f", "show the values that an item of these bytes has"},
    {'j', "json", nullptr, "f", "print JSON"},
    {'h', "help", nullptr, "sdcf", "print this help"},
};

const struct {
    char letter;
    const char *name, *operands, *help;
    std::size_t least, most;
} commands[] = {
    {'s', "show", "FILE", "what a file holds, and its first items as a table", 1, 1},
    {'d', "draw", "FILE", "the memory as cells, with the items of a view in it", 1, 1},
    {'c', "convert", "IN OUT", "a file, or a part of it, as a file of another kind", 2, 2},
    {'f', "format", "FORMAT", "the size, alignment and fields of a format, its C struct and NumPy's dtype", 1, 1},
};

bool is_short(const known_option &one) { return std::strchr("fsnoh", one.letter) != nullptr; }

/** What getopt knows a long option by, which is no character: this, and its place in the list. */
constexpr int first_long = 256;

/** The option that getopt has found, or NULL: a short one by its letter. */
const known_option *option_of(int code)
{
    if (code >= first_long) return &known[code - first_long];
    for (const known_option &one : known) {
        if (one.letter == code && is_short(one)) return &one;
    }
    return nullptr;
}

[[noreturn]] void misuse(const std::string &text) { throw failure(printable(text) + " (pybuffer --help)", misused); }

Py_ssize_t number(const std::string &option, const std::string &text)
{
    char *end = nullptr;
    errno = 0;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || std::strchr(" \t\n\v\f\r", text[0]) != nullptr || *end != '\0') {
        misuse("--" + option + ": '" + text + "' is not a number");
    }
    if (errno == ERANGE) misuse("--" + option + ": " + text + " is out of range");
    return value;
}

Py_ssize_t positive(const std::string &option, const std::string &text)
{
    const Py_ssize_t value = number(option, text);
    if (value < 1) misuse("--" + option + ": " + text + " is less than 1");
    return value;
}

/** "2,3", "(2, 3)"; "" and "()" are no numbers. */
std::vector<Py_ssize_t> numbers(const std::string &option, std::string text)
{
    if (text.size() >= 2 && text.front() == '(' && text.back() == ')') text = text.substr(1, text.size() - 2);
    std::vector<Py_ssize_t> list;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text.find(',', at);
        if (end == std::string::npos) end = text.size();
        const std::size_t first = text.find_first_not_of(' ', at), last = text.find_last_not_of(' ', end - (end > 0 ? 1 : 0));
        const bool is_blank = first >= end;
        // As in Python, a comma may be the last.
        if (!is_blank || end < text.size()) list.push_back(number(option, is_blank ? "" : text.substr(first, last - first + 1)));
        at = end + 1;
    }
    return list;
}

void take(options &into, char letter, const std::string &name, const std::string &text)
{
    switch (letter) {
    case 'f': into.wanted.field = text; break;
    case 's': into.wanted.subscripts = text; break;
    case 'F': into.raw.format = text; break;
    case 'S': into.raw.shape = numbers(name, text); break;
    case 'T': into.raw.strides = numbers(name, text); break;
    case 'O': into.raw.offset = number(name, text); break;
    case 'n':
        into.limit = positive(name, text);
        if (*into.limit > 100000) misuse("--limit: " + text + " is more than 100000");
        break;
    case 'o': into.output = text; break;
    case 'P': into.indirect = true; break;
    case 'a': into.astype = text; break;
    case 'r':
        if (text != "C" && text != "F") misuse("--order is C or F");
        into.order = text[0];
        break;
    case 't': into.kind = text; break;
    case 'R': into.rate = positive(name, text); break;
    case 'b': into.bytes = text; break;
    case 'j': into.json = true; break;
    default: into.help = true; break;
    }
    into.raw.is_given = into.raw.is_given || std::strchr("FSTO", letter) != nullptr;
}

} // namespace

options parse_options(int argc, char **argv)
{
    options made;
    const std::string first = argc > 1 ? argv[1] : "";
    made.help = first == "--help" || first == "-h" || first == "help";
    made.version = first == "--version";
    if (made.help || made.version) {
        if (first == "help" && argc > 2) made.command = argv[2];
        return made;
    }
    const auto *command = std::begin(commands);
    while (command != std::end(commands) && first != command->name) command++;
    if (command == std::end(commands)) {
        misuse(first.empty() ? "expected a command: show, draw, convert or format" : "unknown command '" + first + "'");
    }
    made.command = command->name;

    std::vector<option> list;
    std::string letters = ":";
    for (const known_option &one : known) {
        if (std::strchr(one.commands, command->letter) == nullptr) continue;
        list.push_back({one.name, one.argument != nullptr ? required_argument : no_argument, nullptr,
                        first_long + static_cast<int>(&one - known)});
        if (is_short(one)) letters += std::string(1, one.letter) + (one.argument != nullptr ? ":" : "");
    }
    list.push_back({nullptr, 0, nullptr, 0});
    optind = 2;
    opterr = 0;
    for (;;) {
        const int code = ::getopt_long(argc, argv, letters.c_str(), list.data(), nullptr);
        if (code == -1) break;
        const bool is_wrong = code == ':' || code == '?';
        const known_option *one = option_of(is_wrong ? optopt : code);
        if (code == ':' && one != nullptr) misuse(std::string("--") + one->name + " needs an argument");
        if (is_wrong && optopt >= first_long) misuse(std::string("--") + one->name + " takes no argument");
        if (is_wrong || one == nullptr) misuse("'" + (optopt != 0 ? std::string("-") + static_cast<char>(optopt) : argv[optind - 1]) + "' is no option of " + made.command);
        take(made, one->letter, one->name, optarg != nullptr ? optarg : "");
    }
    made.operands.assign(argv + optind, argv + argc);
    if (!made.help && (made.operands.size() < command->least || made.operands.size() > command->most)) {
        misuse(made.command + " takes " + command->operands);
    }
    return made;
}

std::string usage(const std::string &name)
{
    std::string text;
    std::vector<std::vector<std::string>> rows;
    for (const auto &command : commands) {
        if (name == command.name) {
            text = std::string("usage: pybuffer ") + command.name + " [OPTION]... " + command.operands + "\n\n" + command.help + "\n\n";
            for (const known_option &one : known) {
                if (std::strchr(one.commands, command.letter) == nullptr) continue;
                rows.push_back({std::string("  ") + (is_short(one) ? std::string("-") + one.letter + ", " : "    ") + "--" + one.name +
                                    (one.argument != nullptr ? std::string(" ") + one.argument : ""),
                                one.help});
            }
            return text + table(rows, {});
        }
        rows.push_back({std::string("  pybuffer ") + command.name + " " + command.operands, command.help});
    }
    return "Shows, draws and converts arrays in files: .npy, .wav, .pgm, .ppm, .bmp and raw memory.\n\n" + table(rows, {}) +
           "\n'pybuffer help show' lists the options of show. FILE may be '-': standard input. The status is 0; 1 where something\n"
           "cannot be done, which one line on standard error says; 2 for a wrong command line.\n";
}

} // namespace tool
