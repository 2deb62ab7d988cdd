// `pybuffer convert`: an array, or a part of one, as a file of another kind.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include <unistd.h>

extern "C" {
#include "image_io.h"
#include "wav_io.h"
}

#include "commands.hpp"
#include "failure.hpp"
#include "numpy.hpp"
#include "output.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

/** How many bytes are converted, or copied, at once. */
constexpr Py_ssize_t chunk = Py_ssize_t{16} << 20;

/** A view whose items are the elements of its items, where these are sub-arrays: more axes. As NumPy has it. */
pb::memoryview without_sub_arrays(const pb::memoryview &view)
{
    const format parsed(view);
    const pybuffer_item &root = parsed.root();
    if (root.ndim == 0) return view;
    const Py_buffer &buffer = view.buffer();
    if (buffer.suboffsets != nullptr) throw failure("sub-arrays behind pointers");
    std::vector<Py_ssize_t> shape(view.shape().begin(), view.shape().end()), strides(view.strides().begin(), view.strides().end());
    Py_ssize_t inner = root.itemsize;
    std::vector<Py_ssize_t> steps;
    for (Py_ssize_t axis = root.ndim; axis-- > 0; inner *= root.shape[axis]) steps.insert(steps.begin(), inner);
    shape.insert(shape.end(), root.shape, root.shape + root.ndim);
    strides.insert(strides.end(), steps.begin(), steps.end());
    if (shape.size() > PyBUF_MAX_NDIM) throw failure("more than 64 axes");
    pb::object kept = view;
    pb::memoryview made = pb::memoryview::steal(pybuffer_memoryview_wrap(
        buffer.buf, element_format(root).c_str(), static_cast<int>(shape.size()), shape.data(), strides.data(), 1,
        [](void *context) { Py_DECREF(static_cast<PyObject *>(context)); }, kept.get()));
    static_cast<void>(kept.release());
    return made;
}

/** Shows on a terminal how far long work has got. */
class progress {
public:
    explicit progress(Py_ssize_t all) : all_(all), is_shown_(all > 4 * chunk && ::isatty(STDERR_FILENO) == 1) {}
    progress(const progress &) = delete;
    progress &operator=(const progress &) = delete;
    ~progress()
    {
        if (is_shown_) std::fputs("\r\033[K", stderr);
    }
    void add(Py_ssize_t bytes)
    {
        done_ += bytes;
        if (is_shown_) std::fprintf(stderr, "\r%3d %%", static_cast<int>(100.0 * static_cast<double>(done_) / static_cast<double>(all_)));
    }

private:
    Py_ssize_t all_, done_ = 0;
    bool is_shown_;
};

/** Writes items in C order, part after part, so that no part takes more memory than a chunk. */
class writer {
public:
    writer(output &into, const std::string *astype, Py_ssize_t all) : into_(into), astype_(astype), progress_(all) {}

    void write(const pb::memoryview &view)
    {
        if (view.count() == 0) return;
        if (view.nbytes() <= chunk || view.ndim() == 0 || view.size() == 1) {
            // One long row is left, or a part that fits.
            if (view.nbytes() <= chunk || view.ndim() == 0) return write_part(view);
            return write(view[0]);
        }
        const Py_ssize_t length = view.size(), each = std::max<Py_ssize_t>(view.nbytes() / length, 1);
        const Py_ssize_t step = std::max<Py_ssize_t>(chunk / each, 1);
        for (Py_ssize_t i = 0; i < length; i += step) write(view[pb::slice(i, std::min(i + step, length))]);
    }

private:
    void write_part(const pb::memoryview &view)
    {
        const pb::memoryview part = astype_ != nullptr ? view.astype(*astype_)
                                                       : pb::memoryview::steal(PyMemoryView_GetContiguous(view.get(), PyBUF_READ, 'C'));
        into_.write(part.data(), static_cast<std::size_t>(part.nbytes()));
        progress_.add(view.nbytes());
    }

    output &into_;
    const std::string *astype_;
    progress progress_;
};

/** A file that is to be written: what stands before the items, and the format that they get (empty: that they have). */
struct plan {
    std::string head, format;
    bool is_fortran = false;
    std::size_t padding = 0; // NULs after the items
};

bool ends_with(const std::string &text, const std::string &end)
{
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string kind_of(const options &asked)
{
    static const char *const kinds[] = {"npy", "raw", "pgm", "ppm", "wav"};
    const std::string &path = asked.operands[1];
    for (const char *kind : kinds) {
        if (asked.kind ? *asked.kind == kind : ends_with(path, std::string(".") + kind)) return kind;
    }
    if (asked.kind) throw failure("--to: '" + printable(*asked.kind) + "' is none of npy, raw, pgm, ppm and wav", misused);
    if (ends_with(path, ".bin")) return "raw";
    throw failure(printable(path) + ": --to says what kind of file it is: npy, raw, pgm, ppm or wav", misused);
}

plan npy_plan(const options &asked, const pb::memoryview &view, const std::string &astype)
{
    plan made;
    const bool c = view.is_contiguous(pb::order::c), fortran = view.is_contiguous(pb::order::fortran);
    made.is_fortran = asked.order ? *asked.order == 'F' : fortran && !c;
    // In both orders at once, as NumPy has it, is in C order.
    const pb::axes shape = view.shape();
    const bool is_line = std::count_if(shape.begin(), shape.end(), [](Py_ssize_t length) { return length != 1; }) <= 1;
    if (is_line || view.count() == 0) made.is_fortran = false;
    const format parsed = astype.empty() ? format(view) : format(astype);
    made.head = npy_header(parsed.root(), shape, made.is_fortran);
    return made;
}

plan picture_plan(const source &from, const pb::memoryview &view, const std::string &kind, const std::string &astype)
{
    const pb::axes shape = view.shape();
    const bool has_channels = shape.size() == 3;
    const Py_ssize_t channels = has_channels ? shape[2] : 1, wanted = kind == "ppm" ? 3 : 1;
    if ((shape.size() != 2 && !has_channels) || channels != wanted) {
        throw failure("a ." + kind + " file has height x width " + (wanted == 3 ? "x 3 numbers" : "numbers, or x 1") +
                      ", and the shape is " + tuple_text(shape.begin(), shape.size()));
    }
    if (view.count() == 0) throw failure("a ." + kind + " file has at least one pixel");
    const format given = astype.empty() ? format(view) : format(astype);
    const pybuffer_item &root = given.root();
    if (root.kind != PYBUFFER_KIND_UNSIGNED || root.ndim != 0 || root.itemsize > 2) {
        throw failure("the numbers of a ." + kind + " file are B or H, not " + printable(item_format(root)) + ": --astype converts them");
    }
    plan made;
    // The maximum of the picture that the numbers are from.
    const int most = root.itemsize == 1 ? 255 : 65535;
    const bool is_kept = from.maximum > 0 && from.maximum <= most && (root.itemsize == 1) == (from.maximum <= 255);
    const Py_ssize_t lengths[3] = {shape[0], shape[1], wanted};
    char head[96];
    made.head.assign(head, static_cast<std::size_t>(image_header(head, sizeof head, lengths, is_kept ? from.maximum : most)));
    made.format = root.itemsize == 1 ? "B" : ">H";
    return made;
}

plan sound_plan(const options &asked, const source &from, const pb::memoryview &view, const std::string &astype)
{
    const pb::axes shape = view.shape();
    if (shape.empty() || shape.size() > 2) {
        throw failure("a .wav file has frames x channels, and the shape is " + tuple_text(shape.begin(), shape.size()));
    }
    const Py_ssize_t channels = shape.size() == 2 ? shape[1] : 1;
    if (channels < 1 || channels > WAV_MAX_CHANNELS) throw failure("a .wav file has 1 to 64 channels, not " + grouped(channels));
    const format given = astype.empty() ? format(view) : format(astype);
    // The spelling that files of sound have.
    const WavSample *kind = nullptr;
    for (const char *text : {"B", "<h", "<B:low:h:high:", "<i", "<f", "<d"}) {
        const format known(text);
        if (pb::detail::checked(pybuffer_format_equivalent(given.get(), known.get(), 0)) != 0 ||
            (given.root().kind == known.root().kind && given.root().kind != PYBUFFER_KIND_RECORD && given.root().ndim == 0 &&
             given.itemsize() == known.itemsize())) {
            kind = wav_kind(text);
        }
    }
    if (kind == nullptr) {
        throw failure("samples of a .wav file are B, h, i, f or d, not " + printable(item_format(given.root())) + ": --astype converts them");
    }
    const Py_ssize_t rate = asked.rate.value_or(from.rate);
    if (rate == 0) throw failure("--rate says how many frames a second a .wav file has", misused);
    const Py_ssize_t size = view.count() * given.itemsize(), frame = channels * given.itemsize();
    if (size > Py_ssize_t{UINT32_MAX} - WAV_HEADER_SIZE) throw failure("a .wav file has less than 4 GiB");
    if (rate > Py_ssize_t{UINT32_MAX} / frame) throw failure("--rate " + std::to_string(rate) + " is too much");
    plan made;
    char head[WAV_HEADER_SIZE];
    pb::detail::checked(wav_header(head, kind, static_cast<std::uint32_t>(rate), static_cast<std::uint64_t>(channels),
                                   static_cast<std::uint64_t>(size)));
    made.head.assign(head, sizeof head);
    made.format = kind->format;
    made.padding = static_cast<std::size_t>(size % 2);
    return made;
}

} // namespace

std::string convert(const options &asked)
{
    const std::string kind = kind_of(asked);
    const source from = open_source(asked.operands[0], asked.raw);
    const pb::memoryview view = without_sub_arrays(selected(from, asked.wanted));
    const std::string astype = asked.astype.value_or("");
    if (!astype.empty()) {
        // Whether the values convert at all, before there is a file.
        const format wanted(astype);
        if (wanted.root().ndim != 0) throw failure("--astype: items that are sub-arrays are axes of a file");
        pb::memoryview nothing = pb::memoryview::steal(pybuffer_memoryview_wrap(
            view.data(), view.buffer().format, 1, std::vector<Py_ssize_t>{0}.data(), nullptr, 1, nullptr, nullptr));
        static_cast<void>(nothing.astype(astype));
    }
    const bool is_fixed = kind != "npy" && kind != "raw";
    if (is_fixed && asked.order.value_or('C') == 'F') throw failure("a ." + kind + " file has its items in C order");
    plan made;
    if (kind == "npy") {
        made = npy_plan(asked, view, astype);
    } else if (kind == "raw") {
        made.is_fortran = asked.order.value_or('C') == 'F';
    } else {
        made = kind == "wav" ? sound_plan(asked, from, view, astype) : picture_plan(from, view, kind, astype);
    }
    // The items have the format that the file needs where they are as many bytes in the same order.
    std::string change = !astype.empty() ? astype : made.format;
    if (!made.format.empty()) {
        const format wanted(made.format), present(view);
        if (astype.empty() && pb::detail::checked(pybuffer_format_equivalent(wanted.get(), present.get(), 0)) != 0) change.clear();
        else change = made.format;
    }
    output into(asked.operands[1]);
    into.write(made.head.data(), made.head.size());
    writer items(into, change.empty() ? nullptr : &change, view.nbytes());
    items.write(made.is_fortran ? view.transpose() : view);
    static const char nuls[1] = {0};
    into.write(nuls, made.padding);
    into.complete();
    return "";
}

} // namespace tool
