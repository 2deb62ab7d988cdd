// pybuffer/eigen.hpp: the same memory in Eigen and in views. Built where Eigen is installed.
#include <Eigen/Core>

#include <pybuffer/eigen.hpp>
#include <pybuffer/eigen.hpp> // twice is once

#include "throws.hpp"

namespace {

void elements_become_a_matrix()
{
    const pb::memoryview view = pb::own(std::vector<double>{0, 1, 2, 3, 4, 5}).reshape({2, 3});
    auto matrix = pb::eigen_map(view.as<double, 2>());
    CHECK(matrix.rows() == 2 && matrix.cols() == 3 && matrix(1, 2) == 5);
    matrix(0, 1) = 7;
    CHECK((view.as<double, 2>()(0, 1) == 7));
    const auto turned = pb::eigen_map(view.transpose().as<const double, 2>());
    static_assert(!std::is_assignable_v<decltype(turned(0, 0)), double>, "const elements are const coefficients");
    CHECK(turned.isApprox(matrix.transpose()));
    CHECK((matrix * turned)(0, 0) == 53);
    const auto column = pb::eigen_map(view[{pb::all, 1}].as<const double, 1>());
    CHECK(column.size() == 2 && column.sum() == 11);
    auto by_rows = pb::eigen_map(view.as<double, 2, pb::unit_stride>());
    static_assert(decltype(by_rows)::IsRowMajor && decltype(by_rows)::InnerStrideAtCompileTime == 1);
    CHECK(by_rows.isApprox(matrix));
    const auto crop = pb::eigen_map(view[{pb::all, pb::slice(1, 3)}].as<double, 2, pb::unit_stride>());
    CHECK(crop(0, 0) == 7 && crop(1, 1) == 5);
    CHECK(pb::eigen_map(view[1].as<double, 1, pb::unit_stride>()).sum() == 12);
}

void a_matrix_type_is_checked()
{
    const pb::memoryview view = pb::own(std::vector<double>{0, 1, 2, 3, 4, 5}).reshape({2, 3});
    using Rows = Eigen::Matrix<double, 2, 3, Eigen::RowMajor>;
    using Columns = Eigen::Matrix<double, 2, 3>;
    CHECK(pb::eigen_map<Rows>(view.as<double, 2>())(1, 0) == 3);
    CHECK(pb::eigen_map<Rows>(view.as<double, 2, pb::unit_stride>())(1, 0) == 3);
    CHECK(pb::eigen_map<Columns>(view.as<const double, 2>())(1, 0) == 3);
    CHECK(pb::eigen_map<Eigen::MatrixXd>(view.as<double, 2>())(0, 2) == 2);
    CHECK(pb::eigen_map<Eigen::RowVector3d>(view[1].as<double, 1>())(2) == 5);
    CHECK(pb::eigen_map<Eigen::Vector3d>(view[1].as<double, 1, pb::unit_stride>())(2) == 5);
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map<Eigen::Matrix3d>(view.as<double, 2>()); }, "the view has 2 rows, not 3"));
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map<Eigen::Matrix2d>(view.as<double, 2>()); }, "the view has 3 columns, not 2"));
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map<Eigen::Vector2d>(view[0].as<double, 1>()); }, "the view has 3 elements, not 2"));
}

void strides_of_no_matrix_are_refused()
{
    const pb::memoryview view = pb::own(std::vector<double>{0, 1, 2, 3, 4, 5}).reshape({2, 3});
    const char *message = "Eigen has no negative strides, and none between elements: copy() makes a view without";
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map(view.flip(0).as<double, 2>()); }, message));
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map(view.flip(1).as<double, 2>()); }, message));
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map(view[0].flip(0).as<double, 1>()); }, message));
    float packed[5] = {0, 1, 2, 3, 4};
    CHECK(throws<pb::buffer_error>([&] { pb::eigen_map(pb::array_ref<float, 1>(packed, {2}, {6})); }, message));
    // Of one element, or none, the strides mean nothing.
    CHECK(pb::eigen_map(view[pb::slice(0, 1)].flip(0).as<double, 2>())(0, 2) == 2);
    CHECK(pb::eigen_map(view[{pb::slice(0, 1), pb::slice(0, 1)}].flip(0).flip(1).as<double, 2>()).sum() == 0);
    CHECK(pb::eigen_map(view[pb::slice(0, 0)].as<double, 2>()).size() == 0);
    CHECK(pb::eigen_map(pb::memoryview("d", {0}).as<double, 1>()).size() == 0);
    // Along a stride of 0, one element is all.
    CHECK(pb::eigen_map(view[0].broadcast({4, 3}).as<const double, 2>()).colwise().sum()(2) == 8);
}

void a_matrix_becomes_a_memoryview()
{
    Eigen::MatrixXf matrix(2, 3);
    matrix << 1, 2, 3, 4, 5, 6;
    const pb::memoryview view = pb::wrap_eigen(matrix);
    CHECK_STR(view.text().c_str(), "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]");
    CHECK(view.is_contiguous(pb::order::fortran) && !view.readonly());
    view.as<float, 2>()(1, 0) = 9;
    CHECK(matrix(1, 0) == 9);
    CHECK_STR(pb::wrap_eigen(matrix.block(0, 1, 2, 2)).text().c_str(), "[[2.0, 3.0], [5.0, 6.0]]");
    CHECK_STR(pb::wrap_eigen(matrix.transpose()).text().c_str(), "[[1.0, 9.0], [2.0, 5.0], [3.0, 6.0]]");
    CHECK_STR(pb::wrap_eigen(matrix.row(1)).text().c_str(), "[9.0, 5.0, 6.0]");
    CHECK_STR(pb::wrap_eigen(matrix.col(1)).text().c_str(), "[2.0, 5.0]");
    CHECK_STR(pb::wrap_eigen(pb::eigen_map(view.as<float, 2>())).text().c_str(), view.text().c_str());
    const Eigen::Matrix<int, 2, 2, Eigen::RowMajor> fixed = Eigen::Matrix<int, 2, 2, Eigen::RowMajor>::Identity();
    CHECK(pb::wrap_eigen(fixed).readonly() && pb::wrap_eigen(fixed.row(0)).readonly());
    CHECK_STR(pb::wrap_eigen(fixed).text().c_str(), "[[1, 0], [0, 1]]");
    Eigen::Vector3d vector(1, 2, 3);
    CHECK_STR(pb::wrap_eigen(vector).text().c_str(), "[1.0, 2.0, 3.0]");
    Eigen::Array<std::complex<float>, 1, 1> one;
    one << std::complex<float>(1, 2);
    CHECK_STR(pb::wrap_eigen(one).text().c_str(), "[(1+2j)]");
    Eigen::MatrixXd none(0, 3);
    CHECK((pb::wrap_eigen(none).shape() == std::vector<Py_ssize_t>{0, 3}));
    Eigen::Matrix<Eigen::half, 1, 2> halves;
    halves << Eigen::half(0.5f), Eigen::half(2);
    CHECK_STR(pb::wrap_eigen(halves).text().c_str(), "[0.5, 2.0]");
    // Rows and columns would be lost.
    static_assert(!can_wrap<Eigen::MatrixXd &>::value && can_wrap<std::vector<double> &>::value);
}


void a_matrix_moves_in()
{
    Eigen::MatrixXd matrix = Eigen::MatrixXd::Constant(20, 30, 2);
    const double *data = matrix.data();
    const pb::memoryview view = pb::own_eigen(std::move(matrix));
    CHECK_PTR(view.data(), data);
    CHECK((view[{pb::slice(18, 20), 29}].text() == "[2.0, 2.0]" && !view.readonly()));
    const Eigen::Matrix4f fixed = Eigen::Matrix4f::Identity();
    const pb::memoryview copy = pb::own_eigen(fixed);
    CHECK(copy.data() != fixed.data() && copy[3].text() == "[0.0, 0.0, 0.0, 1.0]" && !copy.readonly());
    const pb::memoryview sum = pb::own_eigen(fixed + fixed);
    CHECK(sum[3].text() == "[0.0, 0.0, 0.0, 2.0]");
}

} // namespace

int main()
{
    RUN(elements_become_a_matrix);
    RUN(a_matrix_type_is_checked);
    RUN(strides_of_no_matrix_are_refused);
    RUN(a_matrix_becomes_a_memoryview);
    RUN(a_matrix_moves_in);
    return tap_end();
}
