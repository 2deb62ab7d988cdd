// pybuffer/eigen.hpp: the same memory in Eigen and in views. Built where Eigen is installed.
#include <Eigen/Core>

#include <pybuffer/eigen.hpp>
#include <pybuffer/eigen.hpp> // twice is once

#include "tap.h"

namespace pb = pybuffer;

namespace {

void elements_become_a_matrix()
{
    const pb::memoryview view = pb::own(std::vector<double>{0, 1, 2, 3, 4, 5}).reshape({2, 3});
    auto matrix = pb::eigen_map(view.as<double, 2>());
    CHECK(matrix.rows() == 2 && matrix.cols() == 3 && matrix(1, 2) == 5);
    matrix(0, 1) = 7;
    CHECK((view.as<double, 2>()(0, 1) == 7));
    const auto turned = pb::eigen_map(view.transpose().as<const double, 2>());
    CHECK(turned.isApprox(matrix.transpose()));
    CHECK((matrix * turned)(0, 0) == 53);
    const auto column = pb::eigen_map(view[{pb::all, 1}].as<const double, 1>());
    CHECK(column.size() == 2 && column.sum() == 11);
    bool refused = false;
    try {
        pb::eigen_map(view.flip(0).as<double, 2>());
    } catch (const pb::buffer_error &) {
        refused = true;
    }
    CHECK(refused);
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
    auto block = matrix.block(0, 1, 2, 2);
    CHECK_STR(pb::wrap_eigen(block).text().c_str(), "[[2.0, 3.0], [5.0, 6.0]]");
    const Eigen::Matrix<int, 2, 2, Eigen::RowMajor> fixed = Eigen::Matrix<int, 2, 2, Eigen::RowMajor>::Identity();
    CHECK(pb::wrap_eigen(fixed).readonly());
    CHECK_STR(pb::wrap_eigen(fixed).text().c_str(), "[[1, 0], [0, 1]]");
}

} // namespace

int main()
{
    RUN(elements_become_a_matrix);
    RUN(a_matrix_becomes_a_memoryview);
    return tap_end();
}
