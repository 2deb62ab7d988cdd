// Allocations of C++ and of the library, which fail when they are told to, and are counted. Once in a program: it defines the
// operators new and delete.
#ifndef FAILING_HPP
#define FAILING_HPP

#include <pybuffer/pybuffer.hpp>

#include "hooks.h"
#include "tap.h"

#include <cstdlib>
#include <new>

namespace {

long new_calls, new_fails_at, new_alive;

void *allocate(std::size_t size)
{
    if (__atomic_add_fetch(&new_calls, 1, __ATOMIC_RELAXED) == new_fails_at) throw std::bad_alloc();
    void *memory = std::malloc(size != 0 ? size : 1);
    if (memory == nullptr) throw std::bad_alloc();
    __atomic_fetch_add(&new_alive, 1, __ATOMIC_RELAXED);
    return memory;
}

void deallocate(void *memory) noexcept
{
    if (memory != nullptr) __atomic_fetch_sub(&new_alive, 1, __ATOMIC_RELAXED);
    std::free(memory);
}

/** Runs `everything` with each allocation failing in turn, those of C++ (at least so many) and those of the library. Nothing may be left,
 * not even a pending error, and `balanced`, where it is given, must hold. */
template <class Everything, class Balanced>
void check_failing_allocations(Everything everything, long least_cxx, long least_library, Balanced balanced)
{
    everything(); // what is made once
    const long cxx = new_alive, library = hooks.outstanding;
    long failures[2] = {0, 0};
    for (int which = 0; which < 2; which++) {
        for (long call = 1;; call++) {
            bool done = false;
            new_calls = 0;
            new_fails_at = which == 0 ? call : 0;
            hooks_fail_at(which == 0 ? 0 : call, 0);
            try {
                everything();
                done = true;
            } catch (const std::bad_alloc &) {
                failures[which]++;
            } catch (const pybuffer::memory_error &) {
                failures[which]++;
            }
            new_fails_at = 0;
            hooks_fail_at(0, 0);
            CHECK(PyErr_Occurred() == nullptr);
            if (!CHECK_INT(new_alive, cxx) || !CHECK_INT(hooks.outstanding, library) || !CHECK(balanced()) || done) break;
            if (!CHECK(call < 10000)) break;
        }
    }
    new_calls = 0;
    delete new int;
    // Under valgrind the operators are valgrind's, and none fails.
    CHECK(failures[0] > least_cxx || new_calls == 0);
    CHECK(failures[1] > least_library);
    CHECK_INT(hooks.wrong, 0);
}
template <class Everything> void check_failing_allocations(Everything everything, long least_cxx, long least_library)
{
    check_failing_allocations(everything, least_cxx, least_library, [] { return true; });
}

} // namespace

// Not inlined: valgrind has all of them or none.
#define APART __attribute__((__noinline__))
APART void *operator new(std::size_t size) { return allocate(size); }
APART void *operator new[](std::size_t size) { return allocate(size); }
APART void operator delete(void *memory) noexcept { deallocate(memory); }
APART void operator delete[](void *memory) noexcept { deallocate(memory); }
APART void operator delete(void *memory, std::size_t) noexcept { deallocate(memory); }
APART void operator delete[](void *memory, std::size_t) noexcept { deallocate(memory); }

#endif
