// Objects of pybuffer.hpp in several threads: copied, used and dropped everywhere, with owners, deleters and exporters of the
// program, which run in whichever thread drops the last reference. Also under ThreadSanitizer (make tsan).
#include "dlpack.h"

#include "arrow.h"

#include <pybuffer/pybuffer.hpp>

#include "throws.hpp"

#include <atomic>
#include <cstdlib>
#include <numeric>
#include <thread>

namespace {

constexpr std::size_t workers = 4;

long rounds()
{
    const char *operations = std::getenv("PYBUFFER_TEST_OPERATIONS");
    return operations != nullptr ? std::max(10L, std::atol(operations) / 2000) : 500;
}

std::atomic<long> alive;

/** Memory that is written by its owner's end, which must not race with its readers. */
struct Owner {
    std::unique_ptr<std::vector<float>> numbers = std::make_unique<std::vector<float>>(64, 1.0f);
    Owner() { ++alive; }
    Owner(Owner &&other) noexcept : numbers(std::move(other.numbers)) { ++alive; }
    ~Owner()
    {
        if (numbers) std::fill(numbers->begin(), numbers->end(), -1.0f);
        --alive;
    }
};

pb::memoryview owned()
{
    Owner owner;
    float *data = owner.numbers->data();
    return pb::own(std::move(owner), data, {8, 8});
}

/** Runs an act in all threads at once, with the number of each. */
template <class Act> void in_threads(Act act)
{
    std::vector<std::thread> threads;
    std::atomic<std::size_t> waiting{0};
    for (std::size_t i = 0; i < workers; i++) {
        threads.emplace_back([&waiting, act, i]() mutable {
            for (++waiting; waiting < workers;) std::this_thread::yield();
            act(i);
        });
    }
    for (std::thread &thread : threads) thread.join();
}

double sum_of(const pb::memoryview &view)
{
    double sum = 0;
    view.as<const float, 2>().for_each([&sum](float number) { sum += double{number}; });
    return sum;
}

void the_last_thread_ends_the_owner()
{
    std::atomic<long> wrong{0};
    for (long round = 0; round < rounds(); round++) {
        pb::memoryview view = owned();
        std::vector<pb::memoryview> copies(workers, view);
        view = pb::memoryview();
        std::vector<std::thread> threads;
        for (pb::memoryview &copy : copies) {
            threads.emplace_back([mine = std::move(copy), &wrong]() mutable {
                const pb::memoryview part = mine[pb::slice(0, 8, 2)];
                mine = pb::memoryview();
                wrong += sum_of(part) != 32;
            });
        }
        for (std::thread &thread : threads) thread.join();
        wrong += alive != 0;
    }
    CHECK_INT(wrong, 0);
}

void threads_share_one_view()
{
    std::atomic<long> wrong{0};
    const pb::memoryview view = owned();
    in_threads([&](std::size_t) {
        for (long round = 0; round < rounds(); round++) {
            pb::memoryview copy = view;
            const pb::array_view<const float, 2> numbers = copy.transpose().as<const float, 2>();
            copy = numbers.view()[{pb::all, pb::slice(2, 6)}];
            wrong += sum_of(copy) != 32 || numbers.at(-1, 0) != 1 || copy.copy() != copy;
            try {
                static_cast<void>(copy.as<double, 2>()); // errors are a thread's own
                wrong++;
            } catch (const pb::type_error &) {
            }
        }
    });
    CHECK_INT(wrong, 0);
    CHECK_INT(alive, 1);
}

template <class Tensor> void tensors_cross_threads_as()
{
    std::atomic<long> wrong{0};
    for (long round = 0; round < rounds() / 4; round++) {
        const pb::memoryview view = owned();
        // Exported here, imported or deleted there.
        std::vector<pb::dlpack<Tensor>> tensors;
        for (std::size_t i = 0; i < workers; i++) tensors.push_back(view.template to_dlpack<Tensor>());
        in_threads([&](std::size_t i) {
            if (i % 2 == 0) {
                tensors[i].reset();
            } else {
                const pb::memoryview imported = pb::from_dlpack(std::move(tensors[i]));
                wrong += sum_of(imported) != 64;
            }
            const pb::memoryview again = pb::from_dlpack(view.template to_dlpack<Tensor>());
            wrong += sum_of(again[{pb::slice(1, 2), pb::all}]) != 8;
        });
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(alive, 0);
}

void tensors_cross_threads()
{
    tensors_cross_threads_as<DLManagedTensorVersioned>();
    tensors_cross_threads_as<DLManagedTensor>();
}

void arrays_cross_threads()
{
    std::atomic<long> wrong{0};
    for (long round = 0; round < rounds() / 4; round++) {
        std::vector<pb::arrow_array> arrays(workers);
        std::vector<pb::array_interface> interfaces(workers);
        {
            const pb::memoryview view = owned();
            for (pb::arrow_array &array : arrays) array = view.to_arrow();
            for (pb::array_interface &array : interfaces) array = view.to_array_interface();
        }
        // A producer of one thread, whose releases run in others: of one import, each thread has a part.
        const pb::memoryview shared = pb::from_arrow(owned().to_arrow());
        std::vector<pb::memoryview> parts(workers, shared);
        in_threads([&](std::size_t i) {
            wrong += sum_of(parts[i]) != 64;
            parts[i] = pb::memoryview();
            const pb::memoryview imported = pb::from_arrow(std::move(arrays[i]));
            const pb::memoryview described = pb::from_array_interface(std::move(interfaces[i]));
            wrong += !imported.equal(described);
        });
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(alive, 0);
}

/** A class that exports what it has, and counts its views, as its type does for all of them. */
struct Shown {
    Owner owner;
    pb::description describe() { return pb::describe(owner.numbers->data(), {8, 8}); }
};

void exporters_are_used_and_dropped_everywhere()
{
    std::atomic<long> wrong{0};
    in_threads([&](std::size_t) {
        for (long round = 0; round < rounds(); round++) { // the first ones make the type, at once
            pb::memoryview view{pb::make_exporter<Shown>()};
            wrong += sum_of(view) != 64;
        }
    });
    pb::object shared = pb::make_exporter<Shown>();
    std::vector<pb::object> copies(workers, shared);
    shared = pb::object();
    in_threads([&](std::size_t i) {
        pb::object mine = std::move(copies[i]);
        for (long round = 0; round < rounds(); round++) wrong += sum_of(pb::memoryview(mine)) != 64;
    });
    CHECK_INT(wrong, 0);
    CHECK_INT(alive, 0);
}

} // namespace

int main()
{
    RUN(the_last_thread_ends_the_owner);
    RUN(threads_share_one_view);
    RUN(tensors_cross_threads);
    RUN(arrays_cross_threads);
    RUN(exporters_are_used_and_dropped_everywhere);
    return tap_end();
}
