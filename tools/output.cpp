#include "output.hpp"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.hpp"
#include "text.hpp"

namespace tool {

namespace {

constexpr const char *became_shorter = "a mapped file became shorter, or cannot be read";

/** The name of the unfinished file, for signal handlers; empty where there is none. */
char unfinished[PATH_MAX];
volatile std::sig_atomic_t is_unfinished = 0;

extern "C" void remove_unfinished(int number)
{
    if (is_unfinished) ::unlink(unfinished);
    if (number == SIGBUS) {
        // The mapped file has become shorter, or its device fails.
        for (const char *text : {"pybuffer: ", became_shorter, "\n"}) static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text)));
        ::_exit(failed);
    }
    ::raise(number); // by SA_RESETHAND the default action, after this function
}

} // namespace

void catch_signals()
{
    static bool is_done = false;
    if (is_done) return;
    is_done = true;
    struct sigaction action = {};
    action.sa_handler = remove_unfinished;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGBUS, SIGPIPE}) {
        struct sigaction present;
        // Who starts the program may have it ignore some (nohup).
        if (::sigaction(number, nullptr, &present) == 0 && present.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
    }
    // A limit of the size is an error of write, then.
    std::signal(SIGXFSZ, SIG_IGN);
}

output::output(const std::string &path) : path_(path == "-" ? "standard output" : path)
{
    catch_signals();
    if (path == "-") {
        file_ = STDOUT_FILENO;
        return;
    }
    // A link leads to the file that is replaced.
    const std::unique_ptr<char, void (*)(void *)> real(::realpath(path.c_str(), nullptr), [](void *text) { std::free(text); });
    const std::string name = real != nullptr ? real.get() : path;
    struct stat about;
    const bool exists = ::stat(name.c_str(), &about) == 0;
    if (exists && !S_ISREG(about.st_mode)) {
        file_ = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
        if (file_ < 0) throw system_failure(path_);
        return;
    }
    if (exists && ::access(name.c_str(), W_OK) != 0) throw system_failure(path_);
    const std::string temporary = name + ".XXXXXX";
    if (temporary.size() >= sizeof unfinished) {
        errno = ENAMETOOLONG;
        throw system_failure(path_);
    }
    std::memcpy(unfinished, temporary.c_str(), temporary.size() + 1);
    // A signal between the two would leave the file.
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    file_ = ::mkostemp(unfinished, O_CLOEXEC);
    const int error = errno;
    is_unfinished = file_ >= 0;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    if (file_ < 0) throw system_failure(path_);
    name_ = name;
    const mode_t mask = ::umask(0);
    ::umask(mask);
    static_cast<void>(!::fchmod(file_, exists ? about.st_mode & 07777 : 0666 & ~mask));
}

output::~output()
{
    if (file_ > STDERR_FILENO) ::close(file_);
    if (is_unfinished) ::unlink(unfinished);
    is_unfinished = 0;
}

void output::write(const void *bytes, std::size_t count)
{
    const char *at = static_cast<const char *>(bytes);
    while (count > 0) {
        const ssize_t written = ::write(file_, at, count < 1u << 30 ? count : 1u << 30);
        if (written < 0 && errno == EINTR) continue;
        // The bytes are those of a mapped file.
        if (written < 0 && errno == EFAULT) throw failure(became_shorter);
        if (written < 0) throw system_failure(path_);
        at += written;
        count -= static_cast<std::size_t>(written);
    }
}

void output::complete()
{
    if (file_ <= STDERR_FILENO) return;
    const int closed = ::close(file_);
    file_ = -1;
    if (closed != 0) throw system_failure(path_);
    if (name_.empty()) return;
    if (::rename(unfinished, name_.c_str()) != 0) throw system_failure(path_);
    is_unfinished = 0;
}

} // namespace tool
