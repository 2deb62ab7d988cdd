// pybuffer/opencv.hpp: the same memory as a cv::Mat and in views, kept by either. Built where OpenCV is installed.
#include <opencv2/core.hpp>

#include <pybuffer/opencv.hpp>
#include <pybuffer/opencv.hpp> // twice is once

#include "throws.hpp"

#include <atomic>
#include <numeric>
#include <thread>

namespace {

std::atomic<int> owners_gone;

/** An owner that says when it is gone. */
struct Owner {
    std::vector<unsigned char> bytes;
    bool counts = true;
    explicit Owner(std::size_t size) : bytes(size) { std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0)); }
    Owner(Owner &&other) noexcept : bytes(std::move(other.bytes)), counts(std::exchange(other.counts, false)) {}
    ~Owner() { owners_gone += counts; }
};

pb::memoryview image(Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t channels)
{
    Owner owner(static_cast<std::size_t>(rows * columns * channels));
    unsigned char *data = owner.bytes.data();
    return pb::own(std::move(owner), data, {rows, columns, channels});
}

void an_image_becomes_a_mat()
{
    const pb::memoryview view = image(4, 5, 3);
    cv::Mat mat = pb::opencv_mat(view);
    CHECK(mat.dims == 2 && mat.rows == 4 && mat.cols == 5 && mat.type() == CV_8UC3 && mat.isContinuous());
    CHECK_PTR(mat.data, view.data());
    CHECK_INT(mat.at<cv::Vec3b>(2, 3)[1], 2 * 15 + 3 * 3 + 1);
    mat.at<cv::Vec3b>(0, 0)[2] = 99;
    CHECK((view.as<unsigned char, 3>()(0, 0, 2) == 99));
    const cv::Mat crop = pb::opencv_mat(view[{pb::slice(1, 3), pb::slice(2, 5)}]);
    CHECK(crop.rows == 2 && crop.cols == 3 && !crop.isContinuous() && crop.step[0] == 15);
    CHECK_INT(crop.at<cv::Vec3b>(1, 2)[0], 2 * 15 + 4 * 3);
    CHECK(cv::norm(crop, mat(cv::Range(1, 3), cv::Range(2, 5))) == 0);
    // Every second row; a single row of any step.
    CHECK_INT(pb::opencv_mat(view[pb::slice(0, 4, 2)]).at<cv::Vec3b>(1, 0)[0], 30);
    CHECK_INT(pb::opencv_mat(view[pb::slice(3, 4)].flip(0)).at<cv::Vec3b>(0, 0)[0], 45);
}

void channels_are_an_axis_or_elements_of_items()
{
    const pb::memoryview view = image(4, 5, 3);
    const cv::Mat volume = pb::opencv_mat(view, pb::channels::none);
    CHECK(volume.dims == 3 && volume.size[2] == 3 && volume.type() == CV_8UC1);
    CHECK_INT(volume.at<unsigned char>(3, 4, 2), 59);
    CHECK(pb::opencv_mat(view[0]).type() == CV_8UC1 && pb::opencv_mat(view[0]).cols == 3);
    const cv::Mat row = pb::opencv_mat(view[0], pb::channels::last);
    CHECK(row.type() == CV_8UC3 && row.rows == 5 && row.cols == 1);
    const cv::Mat pixels = pb::opencv_mat(view.cast("B").cast("(3)B").reshape({4, 5}));
    CHECK(pixels.type() == CV_8UC3 && pixels.rows == 4 && pixels.cols == 5);
    CHECK(pb::opencv_mat(pb::memoryview("Zf", {2, 2})).type() == CV_32FC2);
    const cv::Mat deep = pb::opencv_mat(pb::memoryview("(2)h", {2, 3, 4}));
    CHECK(deep.dims == 3 && deep.type() == CV_16SC2 && deep.size[2] == 4);
    CHECK(pb::opencv_mat(pb::memoryview("f", {2, 3, 4, 5}), pb::channels::last).type() == CV_32FC(5));
    CHECK(throws<pb::buffer_error>([] { pb::opencv_mat(pb::memoryview("B", {2, 2, 600})); }, "a cv::Mat of 600 channels: see pybuffer::channels"));
    CHECK(throws<pb::buffer_error>([] { pb::opencv_mat(pb::memoryview("B", {2, 2, 0})); }));
    CHECK(throws<pb::buffer_error>([] { pb::opencv_mat(pb::memoryview("B", {}), pb::channels::last); }));
    CHECK(throws<pb::buffer_error>([] { pb::opencv_mat(pb::memoryview("(2,2)B", {2, 2})); }));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view[{pb::all, pb::all, pb::slice(0, 3, 2)}]); },
                                   "the channels of a cv::Mat are adjacent: copy() makes a view of such"));
}

void every_depth_has_a_format()
{
    const struct {
        const char *format;
        int depth;
    } known[] = {{"B", CV_8U}, {"b", CV_8S}, {"H", CV_16U}, {"h", CV_16S}, {"i", CV_32S}, {"f", CV_32F}, {"d", CV_64F}, {"e", CV_16F}};
    for (const auto &one : known) {
        const pb::memoryview view(one.format, {2, 3});
        const cv::Mat mat = pb::opencv_mat(view);
        CHECK_INT(mat.depth(), one.depth);
        CHECK_INT(mat.elemSize(), view.itemsize());
        CHECK(pb::wrap_opencv(mat).format() == one.format);
    }
    CHECK_INT(pb::opencv_mat(pb::memoryview("?", {2, 3})).depth(), CV_8U);
    CHECK_INT(pb::opencv_mat(pb::memoryview("<i", {2, 3})).depth(), CV_32S);
    for (const char *none : {">f", "q", "I", "g", "w", "P", "T{i:a:f:b:}"}) {
        CHECK(throws<pb::type_error>([&] { pb::opencv_mat(pb::memoryview(none, {2, 3})); }));
    }
    CHECK(throws<pb::type_error>([] { pb::opencv_mat(pb::memoryview("q", {2, 3})); }, "cv::Mat has no elements of the format 'q'"));
}

void shapes_of_any_number_of_axes()
{
    const pb::memoryview view = image(4, 5, 3)[{pb::all, pb::all, 1}];
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view); }, "the elements of a row of a cv::Mat are adjacent: copy() makes a view of such"));
    const cv::Mat column = pb::opencv_mat(view[{pb::all, 2}]);
    CHECK(column.rows == 4 && column.cols == 1 && column.at<unsigned char>(3, 0) == 3 * 15 + 2 * 3 + 1);
    const cv::Mat one = pb::opencv_mat(view[{1, 1}]);
    CHECK(one.rows == 1 && one.cols == 1 && one.at<unsigned char>(0, 0) == 19);
    CHECK(pb::opencv_mat(pb::memoryview("f", {0, 3})).empty() && pb::opencv_mat(pb::memoryview("f", {3, 0})).empty());
    CHECK_INT(pb::opencv_mat(pb::memoryview("f", {3, 0})).rows, 3);
    const cv::Mat five = pb::opencv_mat(pb::memoryview("h", {2, 3, 2, 3, 2}).flip(0).flip(0)[pb::slice(0, 2)]);
    CHECK(five.dims == 5 && five.size[4] == 2 && five.type() == CV_16SC1);
    const pb::memoryview most("B", std::vector<Py_ssize_t>(32, 1)), more("B", std::vector<Py_ssize_t>(33, 1));
    CHECK_INT(pb::opencv_mat(most).dims, 32);
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(more); }, "more axes than a cv::Mat can have"));
    unsigned char byte = 0;
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(pb::wrap(&byte, {Py_ssize_t{1} << 31}, {0})); }, "an axis is too long for a cv::Mat"));
}

void what_no_mat_can_have_is_refused()
{
    const pb::memoryview view = image(4, 5, 3);
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view.flip(0)); }, "cv::Mat has no negative strides: copy() makes a view without"));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view.flip(1)); }));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view.transpose({1, 0, 2})); }));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view[{pb::all, pb::all, 0}].transpose()); }));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(view.transpose(), pb::channels::none); }));
    unsigned char bytes[64] = {};
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(pb::wrap(bytes, {4, 5}, {0, 1})); }, "the rows of a cv::Mat do not overlap: copy() makes a view of such, in C order"));
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(pb::wrap(bytes, {4, 5}, {4, 1})); }));
    CHECK(pb::opencv_mat(pb::wrap(bytes, {4, 5}, {7, 1})).step[0] == 7);
    float floats[64] = {};
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(pb::wrap(floats, {4, 5}, {21, 4})); }, "the steps of a cv::Mat are multiples of an element: copy() makes a view of such"));
    CHECK(throws<pb::type_error>([&] { pb::opencv_mat(view.toreadonly()); }, "cannot modify read-only memory: see pybuffer::opencv_const_mat"));
    CHECK_INT(pb::opencv_const_mat(view.toreadonly()).at<cv::Vec3b>(3, 4)[2], 59);
    static_assert(std::is_const_v<decltype(pb::opencv_const_mat(view))>);
    const Py_ssize_t shape[2] = {2, 2};
    const pb::memoryview pointers{pb::object::steal(pybuffer_ndarray_new(floats, 16, "f", 2, shape, nullptr, 0, PYBUFFER_ND_PIL | PYBUFFER_ND_WRITABLE))};
    CHECK(throws<pb::buffer_error>([&] { pb::opencv_mat(pointers); }, "the items lie behind pointers: copy() makes a view without"));
    CHECK(throws<pb::system_error>([] { pb::opencv_mat(pb::memoryview()); }));
    const pb::memoryview gone("f", {2, 2});
    gone.release_memory();
    CHECK(throws<pb::value_error>([&] { pb::opencv_mat(gone); }, "operation forbidden on released memoryview object"));
}

void a_mat_keeps_the_memory()
{
    owners_gone = 0;
    {
        cv::Mat kept;
        {
            pb::memoryview view = image(8, 8, 3);
            cv::Mat mat = pb::opencv_mat(view);
            view = pb::memoryview();
            const cv::Mat copy = mat;
            kept = copy(cv::Rect(2, 2, 3, 3));
            mat.release();
        }
        CHECK_INT(owners_gone, 0);
        CHECK_INT(kept.at<cv::Vec3b>(0, 0)[0], 2 * 24 + 6);
        std::thread([mat = std::move(kept)]() mutable { mat.release(); }).join();
        CHECK_INT(owners_gone, 1);
    }
    // A Mat that gets new memory gives up this one.
    cv::Mat mat = pb::opencv_mat(image(2, 2, 1));
    mat.create(10, 10, CV_32F);
    CHECK_INT(owners_gone, 2);
    mat.setTo(1);
    CHECK(cv::sum(mat)[0] == 100);
    // By a UMat, too.
    {
        cv::Mat lent = pb::opencv_mat(image(3, 3, 1));
        CHECK(cv::sum(lent.getUMat(cv::ACCESS_READ))[0] == 36);
    }
    CHECK_INT(owners_gone, 3);
    // The memory outlives a release of the view, also where the Mat's elements are parts of its items.
    {
        const pb::memoryview view = image(3, 3, 1), records = image(3, 3, 1).cast("3B");
        const cv::Mat pixels = pb::opencv_mat(view), rows = pb::opencv_const_mat(records);
        view.release_memory();
        records.release_memory();
        CHECK_INT(owners_gone, 3);
        CHECK(cv::sum(pixels)[0] == 36 && rows.at<cv::Vec3b>(2, 0)[2] == 8);
    }
    CHECK_INT(owners_gone, 5);
}

void a_mat_becomes_a_memoryview()
{
    pb::memoryview view;
    {
        cv::Mat mat(3, 4, CV_32FC2);
        cv::randu(mat, 0, 1);
        mat.at<cv::Vec2f>(1, 2)[1] = 7;
        view = pb::wrap_opencv(mat);
        CHECK_INT(mat.u->refcount, 2);
        CHECK((view.shape() == std::vector<Py_ssize_t>{3, 4, 2}) && view.is_contiguous() && !view.readonly());
        CHECK_PTR(view.data(), mat.data);
    }
    CHECK((view.as<float, 3>()(1, 2, 1) == 7)); // the Mat is gone
    {
        const cv::Mat back = pb::opencv_mat(view);
        CHECK(back.type() == CV_32FC2 && back.data == view.data());
    }
    cv::Mat volume(std::vector<int>{2, 3, 4}, CV_16S, cv::Scalar(5));
    CHECK((pb::wrap_opencv(volume)[{1, 2}].text() == "[5, 5, 5, 5]"));
    cv::Mat_<double> typed(cv::Mat::eye(3, 3, CV_64F));
    CHECK(pb::wrap_opencv(typed)[1].text() == "[0.0, 1.0, 0.0]");
    CHECK(pb::wrap_opencv(typed.col(2)).text() == "[[0.0], [0.0], [1.0]]");
    CHECK(pb::wrap_opencv(typed + typed)[2].text() == "[0.0, 0.0, 2.0]"); // an expression is evaluated
    CHECK((pb::wrap_opencv(cv::Mat()).shape() == std::vector<Py_ssize_t>{0, 0}));
    CHECK((pb::wrap_opencv(cv::Mat(0, 5, CV_8UC3)).shape() == std::vector<Py_ssize_t>{0, 5, 3}));
    CHECK_INT(typed.u->refcount, 1);
    static_assert(!can_wrap<cv::Mat &>::value); // wrap_opencv
}

} // namespace

int main()
{
    RUN(an_image_becomes_a_mat);
    RUN(channels_are_an_axis_or_elements_of_items);
    RUN(every_depth_has_a_format);
    RUN(shapes_of_any_number_of_axes);
    RUN(what_no_mat_can_have_is_refused);
    RUN(a_mat_keeps_the_memory);
    RUN(a_mat_becomes_a_memoryview);
    return tap_end();
}
