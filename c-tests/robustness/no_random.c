/* Hashes where the system has no random bits: a filter of system calls lets getrandom fail. Each process has a key of its own all the
 * same, unless PYTHONHASHSEED says which. */
#define _GNU_SOURCE
#include "support.h"

#if defined(__linux__) && defined(__has_include)
#  if __has_include(<linux/seccomp.h>)
#    define HAS_FILTERS 1
#  endif
#endif

#if defined(HAS_FILTERS)
#  include <errno.h>
#  include <linux/filter.h>
#  include <linux/seccomp.h>
#  include <stddef.h>
#  include <sys/prctl.h>
#  include <sys/syscall.h>
#  include <sys/wait.h>
#  include <unistd.h>

static int has_no_random_bits(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {COUNT(steps), steps};
    char byte;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_getrandom, &byte, 1, 0) == -1;
}

/* The hash of some bytes in a process of its own, or 0, which is none of them. */
static Py_hash_t hash_elsewhere(const char *seed)
{
    int ends[2], status = 0;
    Py_hash_t hash = 0;
    if (pipe(ends) != 0) {
        return 0;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (seed == NULL) {
            unsetenv("PYTHONHASHSEED");
        } else {
            setenv("PYTHONHASHSEED", seed, 1);
        }
        PyObject *one = PyBytes_FromString("some bytes"), *same = PyBytes_FromString("some bytes");
        hash = PyObject_Hash(one);
        int failed = hash == -1 || hash != PyObject_Hash(same) || write(ends[1], &hash, sizeof(hash)) != sizeof(hash);
        Py_DECREF(same);
        Py_DECREF(one);
        exit(failed);
    }
    close(ends[1]);
    int complete = read(ends[0], &hash, sizeof(hash)) == sizeof(hash);
    close(ends[0]);
    waitpid(child, &status, 0);
    return complete && status == 0 ? hash : 0;
}

static void processes_have_keys_of_their_own(void)
{
    if (!has_no_random_bits()) {
        SKIP("no filter of system calls");
    }
    /* Numbers that CPython does not take, either. */
    const char *const seeds[] = {NULL, "", "random", "-1", "4294967296", "1x", "99999999999999999999"};
    Py_hash_t fixed = hash_elsewhere("0"), last = hash_elsewhere("4294967295");
    CHECK(fixed != 0 && last != 0 && fixed != last);
    CHECK_INT(hash_elsewhere("0"), fixed);
    CHECK_INT(hash_elsewhere("4294967295"), last);
    for (size_t i = 0; i < COUNT(seeds); i++) {
        Py_hash_t a = hash_elsewhere(seeds[i]), b = hash_elsewhere(seeds[i]);
        CHECK(a != 0 && b != 0 && a != b && a != fixed && b != fixed);
    }
}
#else
static void processes_have_keys_of_their_own(void)
{
    SKIP("no filter of system calls");
}
#endif

int main(void)
{
    tap_after_each = nothing_is_left_pending;
    RUN(processes_have_keys_of_their_own);
    return tap_end();
}
