#include "source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "image_io.h"
#include "npy_io.h"
#include "wav_io.h"
}

#include "failure.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

failure system_failure(const std::string &path)
{
    return failure(printable(path) + ": " + std::strerror(errno));
}

namespace {

// ---- bytes ----------------------------------------------------------------------------------------------------------------

/** A descriptor that is closed. */
class descriptor {
public:
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor()
    {
        if (number_ > STDERR_FILENO) ::close(number_);
    }
    int get() const noexcept { return number_; }

private:
    int number_;
};

struct mapping {
    void *start;
    std::size_t length;
};

/** A file's bytes, mapped, from a place on. */
pb::memoryview map(int file, Py_ssize_t size, Py_ssize_t from, const std::string &path)
{
    void *start = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED) throw system_failure(path);
    const auto unmap = [](void *context) {
        const std::unique_ptr<mapping> mapped(static_cast<mapping *>(context));
        ::munmap(mapped->start, mapped->length);
    };
    std::unique_ptr<mapping> mapped;
    try {
        mapped.reset(new mapping{start, static_cast<std::size_t>(size)});
        const Py_ssize_t count = size - from;
        pb::memoryview bytes = pb::memoryview::steal(
            pybuffer_memoryview_wrap(static_cast<char *>(start) + from, "B", 1, &count, nullptr, 1, unmap, mapped.get()));
        static_cast<void>(mapped.release());
        return bytes;
    } catch (...) {
        ::munmap(start, static_cast<std::size_t>(size));
        throw;
    }
}

// ---- kinds of files -------------------------------------------------------------------------------------------------------

enum class contents { numpy, wave, picture, unknown };

/** So many bytes of a file, if it has them, say what it is. */
constexpr std::size_t magic_size = 12;

contents contents_of(const void *bytes, std::size_t size)
{
    const auto has = [&](const char *magic, std::size_t length, std::size_t at = 0) {
        return size >= at + length && std::memcmp(static_cast<const char *>(bytes) + at, magic, length) == 0;
    };
    if (has("\x93NUMPY", 6)) return contents::numpy;
    if (has("RIFF", 4) && has("WAVE", 4, 8)) return contents::wave;
    return has("P5", 2) || has("P6", 2) || has("BM", 2) ? contents::picture : contents::unknown;
}

failure unknown_contents(const std::string &path)
{
    return failure(printable(path) + ": neither .npy, .wav, .pgm, .ppm nor .bmp; --format says what raw memory holds");
}

/** The name of a file for the user. */
std::string name_of(const std::string &path) { return path == "-" ? "standard input" : path; }

/** What is left in a file that cannot be mapped, up to so many bytes: a pipe, which may have no end, and is refused where its start is
 * of no kind. */
pb::memoryview read(int file, const std::string &path, bool is_raw, std::size_t most)
{
    bool is_known = is_raw;
    // malloc'ed, since a vector would fill its memory first.
    const auto free_bytes = [](void *bytes) { std::free(bytes); };
    std::unique_ptr<char, void (*)(void *)> bytes(nullptr, free_bytes);
    std::size_t size = 0, room = 0;
    while (size < most) {
        if (size == room) {
            room = room == 0 ? std::size_t{1} << 16 : room * 2;
            auto *grown = static_cast<char *>(std::realloc(bytes.get(), room));
            if (grown == nullptr) throw std::bad_alloc();
            static_cast<void>(bytes.release());
            bytes.reset(grown);
        }
        const ssize_t got = ::read(file, bytes.get() + size, std::min(room, most) - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw system_failure(path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (!is_known && size >= magic_size) {
            if (contents_of(bytes.get(), size) == contents::unknown) throw unknown_contents(name_of(path));
            is_known = true;
        }
    }
    const auto count = static_cast<Py_ssize_t>(size);
    pb::memoryview view = pb::memoryview::steal(
        pybuffer_memoryview_wrap(bytes.get(), "B", 1, &count, nullptr, 1, free_bytes, bytes.get()));
    static_cast<void>(bytes.release());
    return view;
}

/** The bytes of a file, and whether they are mapped. */
pb::memoryview open_bytes(const std::string &path, bool is_raw, std::size_t most, bool &is_mapped)
{
    const bool is_input = path == "-";
    const descriptor file(is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about;
    if (file.get() < 0 || ::fstat(file.get(), &about) != 0) throw system_failure(path);
    const off_t from = is_input && S_ISREG(about.st_mode) ? ::lseek(file.get(), 0, SEEK_CUR) : 0;
    is_mapped = S_ISREG(about.st_mode) && about.st_size > 0 && from >= 0 && from < about.st_size;
    // A file of no bytes may still have some, in /proc.
    return is_mapped ? map(file.get(), about.st_size, from, path) : read(file.get(), path, is_raw, most);
}

// ---- raw memory -----------------------------------------------------------------------------------------------------------

/** Numbers of bytes, checked. */
Py_ssize_t times(Py_ssize_t a, Py_ssize_t b)
{
    Py_ssize_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) throw failure("--shape and --strides reach further than memory");
    return product;
}

Py_ssize_t plus(Py_ssize_t a, Py_ssize_t b)
{
    Py_ssize_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) throw failure("--shape and --strides reach further than memory");
    return sum;
}

/** The bytes from the lowest to the end of the highest item, counted from the item at index 0: begin <= 0 <= end. */
struct extent {
    Py_ssize_t begin = 0, end = 0;
};

bool has_no_items(const std::vector<Py_ssize_t> &shape) { return std::find(shape.begin(), shape.end(), 0) != shape.end(); }

extent extent_of(const std::vector<Py_ssize_t> &shape, const std::vector<Py_ssize_t> &strides, Py_ssize_t itemsize)
{
    if (has_no_items(shape)) return {};
    extent found;
    found.end = itemsize;
    for (std::size_t axis = 0; axis < shape.size(); axis++) {
        const Py_ssize_t last = times(shape[axis] - 1, strides[axis]);
        Py_ssize_t &side = last < 0 ? found.begin : found.end;
        side = plus(side, last);
    }
    return found;
}

std::vector<Py_ssize_t> contiguous_strides(const std::vector<Py_ssize_t> &shape, Py_ssize_t itemsize)
{
    std::vector<Py_ssize_t> strides(shape.size());
    Py_ssize_t next = itemsize;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        strides[axis] = next;
        const Py_ssize_t length = shape[axis] == 0 ? 1 : shape[axis];
        // Where there are no items, no stride is used, and it may be any.
        if (__builtin_mul_overflow(next, length, &next)) next = has_no_items(shape) ? itemsize : times(strides[axis], length);
    }
    return strides;
}

/** How many bytes of a file are looked at: as far as the items reach, where the layout says all lengths; else all. What contradicts
 * itself is found later. */
std::size_t bytes_needed(const layout &given)
{
    const std::size_t all = std::numeric_limits<std::size_t>::max();
    if (!given.is_given || !given.shape || given.offset < 0) return all;
    const std::vector<Py_ssize_t> &shape = *given.shape;
    if (given.strides && given.strides->size() != shape.size()) return all;
    if (std::any_of(shape.begin(), shape.end(), [](Py_ssize_t length) { return length < 0; })) return all;
    const Py_ssize_t itemsize = format(given.format.value_or("B")).itemsize();
    const extent reach = extent_of(shape, given.strides ? *given.strides : contiguous_strides(shape, itemsize), itemsize);
    return static_cast<std::size_t>(plus(given.offset, reach.end));
}

void open_raw(source &into, const pb::memoryview &bytes, const layout &given)
{
    const std::string text = given.format.value_or("B");
    const Py_ssize_t itemsize = format(text).itemsize();
    if (given.offset < 0 || given.offset > bytes.nbytes()) {
        throw failure("--offset " + std::to_string(given.offset) + " is outside of the file, which has " +
                      counted(bytes.nbytes(), "byte"));
    }
    const Py_ssize_t room = bytes.nbytes() - given.offset;
    std::vector<Py_ssize_t> shape = given.shape.value_or(std::vector<Py_ssize_t>{-1});
    if (shape.size() > PyBUF_MAX_NDIM) throw failure("--shape has more than 64 axes");
    if (given.strides && given.strides->size() != shape.size()) throw failure("--strides needs as many numbers as --shape");
    std::size_t unknown = shape.size();
    Py_ssize_t known = has_no_items(shape) ? 0 : itemsize;
    for (std::size_t axis = 0; axis < shape.size(); axis++) {
        if (shape[axis] >= 0) {
            known = times(known, shape[axis]);
        } else if (shape[axis] != -1 || unknown != shape.size()) {
            throw failure("--shape has a negative number: only one may be -1, what the others leave");
        } else {
            unknown = axis;
        }
    }
    if (unknown != shape.size()) {
        if (given.strides) throw failure("with --strides, --shape must say all lengths");
        if (known == 0) throw failure("items of no bytes: --shape must say how many");
        shape[unknown] = room / known;
    }
    const std::vector<Py_ssize_t> strides = given.strides ? *given.strides : contiguous_strides(shape, itemsize);
    const extent reach = extent_of(shape, strides, itemsize);
    const Py_ssize_t lowest = given.offset + reach.begin, after = reach.end - room; // of numbers with different signs
    if (lowest < 0 || after > 0) {
        // Without the sign, since the lowest number has no negative.
        throw failure("the items reach " + (lowest < 0 ? counted(lowest, "byte").substr(1) : counted(after, "byte")) +
                      (lowest < 0 ? " before the start" : " past the end") + " of the file, which has " +
                      counted(bytes.nbytes(), "byte"));
    }
    // The view keeps the bytes, which it is part of.
    pb::object kept = bytes;
    into.items = pb::memoryview::steal(pybuffer_memoryview_wrap(
        static_cast<char *>(bytes.data()) + given.offset, text.c_str(), static_cast<int>(shape.size()), shape.data(), strides.data(), 1,
        [](void *context) { Py_DECREF(static_cast<PyObject *>(context)); }, kept.get()));
    static_cast<void>(kept.release());
    into.kind = "raw memory";
    into.rest = room - reach.end;
}

// ---- files that describe themselves ---------------------------------------------------------------------------------------

void open_known(source &into, const File &file, const std::string &path)
{
    switch (contents_of(file.bytes, static_cast<std::size_t>(file.size))) {
    case contents::numpy:
        into.items = pb::memoryview::steal(npy_view(&file));
        into.kind = "NumPy array (.npy, version " + std::to_string(file.bytes[6]) + "." + std::to_string(file.bytes[7]) + ")";
        break;
    case contents::wave: {
        Wave wave;
        if (wav_view(&file, &wave) < 0) pb::detail::throw_pending();
        into.items = pb::memoryview::steal(wave.samples);
        into.rate = wave.rate;
        into.sample_bits = wave.kind->bits;
        into.kind = "sound (.wav): " + counted(into.items.shape()[1], "channel") + ", " + std::to_string(into.sample_bits) +
                    " bits, " + std::to_string(into.rate) + " frames a second";
        break;
    }
    case contents::picture: {
        into.items = pb::memoryview::steal(image_view(&file, &into.maximum));
        const pb::axes shape = into.items.shape();
        into.kind = std::string("picture (") + (file.bytes[0] == 'B' ? ".bmp" : file.bytes[1] == '5' ? ".pgm" : ".ppm") +
                    "): " + std::to_string(shape[1]) + " x " + std::to_string(shape[0]) + " pixels, numbers up to " +
                    std::to_string(into.maximum);
        break;
    }
    case contents::unknown: throw unknown_contents(name_of(path));
    }
}

} // namespace

source open_source(const std::string &path, const layout &given)
{
    source made;
    made.path = printable(name_of(path));
    const pb::memoryview bytes = open_bytes(path, given.is_given, bytes_needed(given), made.is_mapped);
    made.size = bytes.nbytes();
    if (given.is_given) {
        open_raw(made, bytes, given);
    } else {
        const File file = {made.path.c_str(), bytes.get(), static_cast<const unsigned char *>(bytes.data()), made.size};
        open_known(made, file, path);
    }
    made.offset = static_cast<char *>(made.items.data()) - static_cast<char *>(bytes.data());
    return made;
}

pb::memoryview selected(const source &from, const selection &wanted)
{
    pb::memoryview view = from.items;
    if (!wanted.field.empty()) view = view.field(wanted.field);
    if (!wanted.subscripts.empty()) view = view.select(wanted.subscripts);
    return view;
}

} // namespace tool
