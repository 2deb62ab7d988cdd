// How the tool fails: one line on standard error, and an exit status.
#ifndef TOOLS_FAILURE_HPP
#define TOOLS_FAILURE_HPP

#include <stdexcept>
#include <string>

namespace tool {

/** The exit statuses. */
enum status { done = 0, failed = 1, misused = 2 };

/** What a user reads when something cannot be done; `failed` unless it says otherwise. */
class failure : public std::runtime_error {
public:
    explicit failure(const std::string &text, status code = failed) : std::runtime_error(text), code_(code) {}
    status code() const noexcept { return code_; }

private:
    status code_;
};

/** The name of a file with the reason, from errno, why something with it has failed. */
failure system_failure(const std::string &path);

} // namespace tool

#endif
