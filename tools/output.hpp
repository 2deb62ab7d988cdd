// Files that are there as a whole or not at all.
#ifndef TOOLS_OUTPUT_HPP
#define TOOLS_OUTPUT_HPP

#include <string>

namespace tool {

/** A file that is being written under another name in the same folder, and gets its own when it is complete. Where it is not
 * completed, or the program is interrupted, it is removed. What is no regular file (a pipe, /dev/null) is written to as it is,
 * and "-" is standard output. There is at most one output at a time. */
class output {
public:
    explicit output(const std::string &path);
    output(const output &) = delete;
    output &operator=(const output &) = delete;
    ~output();

    void write(const void *bytes, std::size_t count);

    /** Gives the file its name. */
    void complete();

private:
    std::string path_;    // the user's
    std::string name_;    // that the file gets in the end; empty where it has it already
    int file_ = -1;
};

/** From now on a signal that ends the program removes an unfinished file first, and a mapped file that becomes shorter is an
 * error with a message. */
void catch_signals();

} // namespace tool

#endif
