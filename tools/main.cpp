// The program pybuffer: shows, draws and converts arrays in files, and explains formats.
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "commands.hpp"
#include "failure.hpp"
#include "output.hpp"
#include "text.hpp"

namespace {

/** Writes everything to standard output, or fails. */
void print(const std::string &text)
{
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        throw tool::system_failure("standard output");
    }
}

std::string run(int argc, char **argv)
{
    const tool::options asked = tool::parse_options(argc, argv);
    if (asked.help) return tool::usage(asked.command);
    if (asked.version) return std::string("pybuffer ") + pybuffer_version() + "\n";
    if (asked.command == "show") return tool::show(asked);
    if (asked.command == "draw") return tool::draw(asked);
    if (asked.command == "convert") return tool::convert(asked);
    return tool::describe_format(asked);
}

int fail(const std::string &text, tool::status code)
{
    std::fprintf(stderr, "pybuffer: %s\n", text.c_str());
    return code;
}

} // namespace

int main(int argc, char **argv)
{
    try {
        tool::catch_signals();
        print(run(argc, argv));
        return tool::done;
    } catch (const tool::failure &thrown) {
        return fail(thrown.what(), thrown.code());
    } catch (const pybuffer::memory_error &) {
        return fail("out of memory", tool::failed);
    } catch (const std::bad_alloc &) {
        return fail("out of memory", tool::failed);
    } catch (const std::exception &thrown) {
        return fail(tool::printable(thrown.what()), tool::failed);
    }
}
