/*
 * OpenCV 4 and libpybuffer: the same memory as a cv::Mat and as a memoryview, without a copy, kept alive by either. Include OpenCV
 * first, such as <opencv2/core.hpp>; pybuffer.hpp has the rest.
 *
 *     cv::Mat image = pybuffer::opencv_mat(view);                     // (rows, columns, 3) of B: CV_8UC3
 *     pybuffer::memoryview result = pybuffer::wrap_opencv(image);     // and back
 *
 *     depth      format           depth      format
 *     CV_8U      B (from: ?, c)   CV_32S     i (from: l of 4 bytes)
 *     CV_8S      b                CV_32F     f
 *     CV_16U     H                CV_64F     d
 *     CV_16S     h                CV_16F     e
 */
#ifndef PYBUFFER_OPENCV_HPP
#define PYBUFFER_OPENCV_HPP

#include <pybuffer/pybuffer.hpp>

#if !defined(CV_VERSION_MAJOR) || !defined(CV_MAKETYPE)
#  error "include OpenCV, such as <opencv2/core.hpp>, before <pybuffer/opencv.hpp>"
#elif CV_VERSION_MAJOR < 4
#  error "pybuffer/opencv.hpp needs OpenCV 4"
#else

namespace pybuffer {

/** Which axis of a view are the channels of a cv::Mat: the last one of three, as OpenCV's functions have it in Python (`automatic`),
 * the last one of any number, or none, so that a view of three axes is a Mat of three dimensions. Elements of items ("3B", two of a
 * complex number) are channels in any case, and then no axis is. */
enum class channels { automatic, last, none };

namespace detail {

inline constexpr std::size_t opencv_dims = 32; // CV_MAX_DIM, which core.hpp does not have

struct opencv_depth {
    const char *format;
    int depth;
};
inline constexpr opencv_depth opencv_depths[] = {
    {"B", CV_8U}, {"b", CV_8S}, {"H", CV_16U}, {"h", CV_16S}, {"i", CV_32S}, {"f", CV_32F}, {"d", CV_64F}, {"e", CV_16F},
    {"?", CV_8U}, {"c", CV_8U},
};

/** The depth for the elements of a view, in whatever way their format is spelled. */
inline int opencv_depth_of(const Py_buffer &buffer)
{
    const object given = object::steal(pybuffer_format_parse_sized(buffer.format, buffer.itemsize));
    for (const opencv_depth &one : opencv_depths) {
        const object known = object::steal(pybuffer_format_parse(one.format));
        if (checked(pybuffer_format_equivalent(given.get(), known.get(), 0)) != 0) return one.depth;
    }
    throw type_error("cv::Mat has no elements of the format '" + std::string(buffer.format) + "'");
}

/** What OpenCV calls when the last Mat of a view's memory is gone. */
class opencv_keeper final : public cv::MatAllocator {
public:
    /** It lives for ever, since a Mat may. */
    static const opencv_keeper &get()
    {
        static const opencv_keeper *const one = new opencv_keeper;
        return *one;
    }

    /** The counted owner of a Mat's memory. */
    static cv::UMatData *keep(const memoryview &view, std::size_t size)
    {
        auto kept = std::make_unique<memoryview>(view);
        auto *made = new cv::UMatData(&get());
        made->data = made->origdata = static_cast<uchar *>(view.data());
        made->size = size;
        made->userdata = kept.release();
        return made;
    }

    void deallocate(cv::UMatData *memory) const override
    {
        if (memory == nullptr) return;
        delete static_cast<memoryview *>(memory->userdata);
        delete memory;
    }

    // New memory is no business of this one.
    cv::UMatData *allocate(int dims, const int *sizes, int type, void *data, std::size_t *step, cv::AccessFlag flags,
                           cv::UMatUsageFlags usage) const override
    {
        return cv::Mat::getDefaultAllocator()->allocate(dims, sizes, type, data, step, flags, usage);
    }
    bool allocate(cv::UMatData *memory, cv::AccessFlag flags, cv::UMatUsageFlags usage) const override
    {
        return cv::Mat::getDefaultAllocator()->allocate(memory, flags, usage);
    }
};

inline cv::Mat opencv_mat_of(const memoryview &view, channels from)
{
    const memoryview elements = view.elements();
    const Py_buffer &buffer = elements.buffer();
    if (buffer.suboffsets != nullptr) throw buffer_error("the items lie behind pointers: copy() makes a view without");
    const int depth = opencv_depth_of(buffer);
    const auto element = static_cast<Py_ssize_t>(CV_ELEM_SIZE1(depth));
    const axes shape = elements.shape(), strides = elements.strides();

    // The last axis, or the elements of an item, are channels.
    const std::size_t parts = shape.size() - view.ndim();
    std::size_t dims = shape.size();
    Py_ssize_t count = 1;
    if (parts > 1) throw buffer_error("cv::Mat has one axis of channels: elements() makes a view of the items' elements");
    if (parts == 0 && from == channels::last && dims == 0) throw buffer_error("the view has no axis for channels");
    if (parts == 1 || (parts == 0 && (from == channels::last || (from == channels::automatic && dims == 3)))) {
        count = shape[--dims];
        if (count < 1 || count > CV_CN_MAX) {
            throw buffer_error("a cv::Mat of " + std::to_string(count) + " channels: see pybuffer::channels");
        }
        if (count > 1 && strides[dims] != element) throw buffer_error("the channels of a cv::Mat are adjacent: copy() makes a view of such");
    }
    if (dims > opencv_dims) throw buffer_error("more axes than a cv::Mat can have");

    // From the inside: each step covers the axes within it. One axis is a column, none are one element.
    const std::size_t made_dims = std::max<std::size_t>(dims, 2);
    int sizes[opencv_dims];
    std::size_t steps[opencv_dims];
    std::fill_n(sizes, made_dims, 1);
    Py_ssize_t covered = element * count;
    bool empty = false;
    for (std::size_t axis = made_dims; axis-- > 0;) {
        const Py_ssize_t length = axis < dims ? shape[axis] : 1;
        if (length > std::numeric_limits<int>::max()) throw buffer_error("an axis is too long for a cv::Mat");
        sizes[axis] = static_cast<int>(length);
        empty = empty || length == 0;
        if (length > 1 && buffer.len != 0) {
            const Py_ssize_t stride = strides[axis];
            if (stride < 0) throw buffer_error("cv::Mat has no negative strides: copy() makes a view without");
            if (axis + 1 == made_dims && stride != covered) {
                throw buffer_error("the elements of a row of a cv::Mat are adjacent: copy() makes a view of such");
            }
            if (stride < covered) throw buffer_error("the rows of a cv::Mat do not overlap: copy() makes a view of such, in C order");
            if (stride % element != 0) throw buffer_error("the steps of a cv::Mat are multiples of an element: copy() makes a view of such");
            covered = stride;
        }
        steps[axis] = static_cast<std::size_t>(covered);
        // What follows starts after all of this axis. Of nothing, it does not matter where.
        if (buffer.len != 0) covered *= length;
    }

    cv::Mat made(static_cast<int>(made_dims), sizes, CV_MAKETYPE(depth, static_cast<int>(count)), view.data(), steps);
    if (!empty) {
        made.u = opencv_keeper::keep(elements, static_cast<std::size_t>(covered)); // the memory outlives a release of `view`
        made.addref();
    }
    return made;
}

} // namespace detail

/** A cv::Mat of the memory of a view, which it keeps, with all copies and parts of it, in whichever thread the last one goes. A view
 * of one axis is a column, one of no axes has one element. Rows may have any step, as crops of an image have.
 *
 * `type_error` for read-only memory and formats that Mat has no depth for; `buffer_error` for what Mat cannot have: negative
 * strides, elements of a row or channels that are not adjacent, rows that overlap (columns of a transposed view among them), more than
 * CV_CN_MAX channels, items behind pointers. */
inline cv::Mat opencv_mat(const memoryview &view, channels from = channels::automatic)
{
    if (view.readonly()) throw type_error("cannot modify read-only memory: see pybuffer::opencv_const_mat");
    return detail::opencv_mat_of(view, from);
}

/** The same for memory that is only read. cv::Mat does not know such memory: a copy of the result is not const, and must not be
 * written either. */
inline const cv::Mat opencv_const_mat(const memoryview &view, channels from = channels::automatic)
{
    return detail::opencv_mat_of(view, from);
}

/** A memoryview of the elements of a Mat, of which it keeps a header, so that memory that OpenCV counts lives as long as the views of
 * it; memory that the Mat was only lent, the program keeps alive. The axes are the Mat's, and one of channels where there are several. */
inline memoryview wrap_opencv(cv::Mat mat)
{
    const char *format = nullptr;
    for (const detail::opencv_depth &one : detail::opencv_depths) {
        if (format == nullptr && one.depth == mat.depth()) format = one.format;
    }
    if (format == nullptr) throw type_error("PEP 3118 has no format for this depth of a cv::Mat");
    std::vector<Py_ssize_t> shape, strides;
    for (int axis = 0; axis < std::max(mat.dims, 2); axis++) { // a Mat of nothing has no dimensions
        shape.push_back(mat.dims == 0 ? 0 : mat.size[axis]);
        strides.push_back(mat.dims == 0 ? 1 : static_cast<Py_ssize_t>(mat.step[axis]));
    }
    if (mat.channels() > 1) {
        shape.push_back(mat.channels());
        strides.push_back(static_cast<Py_ssize_t>(mat.elemSize1()));
    }
    return detail::owned(std::move(mat), [&](cv::Mat &kept, pybuffer_destroy destroy, void *context) {
        return memoryview::steal(pybuffer_memoryview_wrap(kept.data, format, detail::length(shape), shape.data(), strides.data(), 0,
                                                          destroy, context));
    });
}

} // namespace pybuffer

#endif
#endif /* PYBUFFER_OPENCV_HPP */
