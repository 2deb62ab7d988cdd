/* The runner of the random harnesses, and their shared code. See random.h.
 *
 *     random [--families copies,lines] [--levels portable,avx2] [--steps N] [--seed S] [--round R] [--failures N]
 *     random [--families copies,lines] [--levels portable,avx2] --inputs DIRECTORY-OR-FILE
 *
 * Without --steps it is the small dose. Each family runs in a process of its own, once for each level that the machine has;
 * after a failure or a crash it continues with the next round, until there have been so many failures. The results are TAP.
 *
 * An input is a few bytes that decide what a round does, in the place of the generator; a file has one in each line, in hexadecimal,
 * and a directory the files of all families (copies.hex). A fuzzer that is guided by coverage has found them: with RANDOM_FUZZ this
 * is that fuzzer (libFuzzer, of the family PYBUFFER_FUZZ_FAMILY at the level PYBUFFER_CPU); see the Makefile.
 */
#define _GNU_SOURCE /* MAP_NORESERVE, sigaltstack, strsignal */
#include "random.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const Family *const families[] = {&copies, &lines,   &tiles,   &values,  &numbers, &fields, &conversions,
                                         &parts,  &ndarray, &formats, &hostile, &checker, &extreme, &interop,
                                         &selection, &files,   &engine,  &windows};

/* ---- shared by the processes ---------------------------------------------------------------------------------- */

static struct {
    long operations, rounds; /* compared, run */
    uint64_t round;
} *shared;

static const Family *family;
static const char *level;
static uint64_t seed = 1;

/* The file of the inputs that decide what the rounds do; NULL if the generator does. */
static FILE *inputs;

void (*describe)(void);

void executed(void)
{
    shared->operations++;
}

/* ---- failures ------------------------------------------------------------------------------------------------ */

static void print_round(void)
{
    if (describe != NULL) {
        void (*once)(void) = describe;
        describe = NULL;
        once();
    }
    if (inputs != NULL) {
        printf("#   line %llu of the inputs of %s at %s\n", (unsigned long long)shared->round + 1, family->name, level);
    }
    else {
        printf("#   make fuzz-random FAMILY=%s LEVEL=%s SEED=%llu ROUND=%llu\n", family->name, level,
               (unsigned long long)seed, (unsigned long long)shared->round);
    }
    fflush(stdout);
}

_Noreturn void fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    printf("# %s, %s:%d: ", family->name, strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    if (PyErr_Occurred()) {
        printf(" [%s: %s]", pybuffer_error_name(), pybuffer_error_message());
    }
    printf("\n");
#ifdef RANDOM_FUZZ
    if (describe != NULL) {
        describe();
    }
    fflush(stdout);
    abort(); /* libFuzzer keeps the input */
#else
    print_round();
    _exit(3);
#endif
}

void must_raise(int failed, PyObject *type, const char *file, int line, const char *text)
{
    PyObject *pending = PyErr_Occurred();
    if (type == NULL) {
        if (failed || pending != NULL) {
            fail(file, line, "%s: it %s, with %s pending", text, failed ? "fails" : "succeeds",
                 pending ? "an error" : "nothing");
        }
        return;
    }
    if (!failed || pending != type) {
        fail(file, line, "%s: it %s, and is to raise %s", text, failed ? "fails" : "succeeds",
             ((PyTypeObject *)type)->tp_name);
    }
    PyErr_Clear();
}

void must_be(const char *what, const void *memory, const void *expected, size_t size, const char *file, int line)
{
    if (size == 0 || memcmp(memory, expected, size) == 0) {
        return;
    }
    const unsigned char *is = memory, *right = expected;
    size_t i = 0;
    while (is[i] == right[i]) {
        i++;
    }
    fail(file, line, "%s: byte %zu of %zu is %#x, not %#x", what, i, size, is[i], right[i]);
}

static void crashed(int number)
{
    /* Not allowed in a signal handler, but it is all over anyway. */
    printf("# %s: %s\n", family->name, strsignal(number));
    print_round();
    _exit(4);
}

/* Twice in the same round: it does not end. */
static void ticked(int number)
{
    static uint64_t before = UINT64_MAX;
    if (before == shared->round) {
        printf("# %s: the round does not end\n", family->name);
        print_round();
        _exit(5);
    }
    before = shared->round;
    (void)number;
}

/* ---- the generator: xoshiro256**, by Blackman and Vigna; seeded by splitmix64 ---------------------------------- */

static uint64_t state[4];

/* What is left of the input: it has the uppermost bits of the numbers, which decide most. */
static const unsigned char *input;
static size_t input_left;

static uint64_t rotated(uint64_t number, int by)
{
    return number << by | number >> (64 - by);
}

uint64_t any64(void)
{
    uint64_t result = rotated(state[1] * 5, 7) * 9, shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    for (int top = 64 - 8; input_left > 0 && top >= 64 - 16; top -= 8, input_left--) {
        result = (result & ~((uint64_t)0xff << top)) | (uint64_t)*input++ << top;
    }
    return result;
}

static void seed_round(uint64_t round)
{
    uint64_t mixed = seed * 0x9E3779B97F4A7C15u + round * 0xD1342543DE82EF95u;
    for (const char *c = family->name; *c != '\0'; c++) {
        mixed = (mixed ^ (unsigned char)*c) * 0x100000001B3u;
    }
    for (int i = 0; i < 4; i++) {
        uint64_t z = mixed += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        state[i] = z ^ z >> 31;
    }
}

Py_ssize_t scaled(Py_ssize_t low, Py_ssize_t high)
{
    int bits = 0;
    while (bits < 62 && (low << bits) <= high / 2) {
        bits++;
    }
    Py_ssize_t from = low << below((uint64_t)bits + 1), to = from > high / 2 ? high : 2 * from - 1;
    return between(from, to);
}

static unsigned char noise[1 << 17];

void scribble(void *memory, size_t size)
{
    char *to = memory;
    while (size > 0) {
        size_t part = size < sizeof(noise) / 2 ? size : sizeof(noise) / 2;
        memcpy(to, noise + below(sizeof(noise) / 2), part);
        to += part;
        size -= part;
    }
}

static void make_noise(void)
{
    uint64_t number = 1;
    for (size_t i = 0; i < sizeof(noise); i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        noise[i] = (unsigned char)(number >> 56);
    }
}

void shuffled(int *order, int n)
{
    for (int i = 0; i < n; i++) {
        int other = (int)below((uint64_t)i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static char *map(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        fail(__FILE__, __LINE__, "no memory: %s", strerror(errno));
    }
    return memory;
}

static void forbid(char *memory)
{
    if (mprotect(memory, PAGE, PROT_NONE) != 0) {
        fail(__FILE__, __LINE__, "mprotect: %s", strerror(errno));
    }
}

void arena_make(Arena *arena, size_t size)
{
    if (arena->start != NULL) {
        return;
    }
    size = (size + PAGE - 1) / PAGE * PAGE;
    char *memory = map(size + 2 * PAGE);
    forbid(memory);
    forbid(memory + PAGE + size);
    arena->start = memory + PAGE;
    arena->size = size;
}

char *arena_place(const Arena *arena, size_t size)
{
    if (size > arena->size) {
        fail(__FILE__, __LINE__, "%zu bytes do not fit in an arena of %zu", size, arena->size);
    }
    size_t room = arena->size - size;
    switch (below(5)) {
    case 0: case 1:
        return arena->start;
    case 2: case 3:
        return arena->start + room;
    default:
        /* Near the start, so that not all of a large arena comes to be used. */
        return arena->start + below(room < 256 ? room + 1 : 256);
    }
}

Arena chequered;

void chequered_make(size_t pages)
{
    if (chequered.start != NULL) {
        return;
    }
    chequered.size = pages * 2 * PAGE;
    chequered.start = map(chequered.size + PAGE) + PAGE;
    forbid(chequered.start - PAGE);
    for (size_t i = 1; i < 2 * pages; i += 2) {
        forbid(chequered.start + i * PAGE);
    }
}

char *snapshot(int number, const void *memory, size_t size)
{
    static char *copies[6];
    static size_t sizes[COUNT(copies)];
    if (sizes[number] < size || sizes[number] == 0) {
        if (sizes[number] != 0) {
            munmap(copies[number], sizes[number]);
        }
        sizes[number] = (size * 2 + PAGE) / PAGE * PAGE;
        copies[number] = map(sizes[number]);
    }
    if (size > 0) {
        memcpy(copies[number], memory, size);
    }
    return copies[number];
}

/* ---- the allocator ------------------------------------------------------------------------------------------- */

struct Blocks blocks = {.largest = (size_t)64 << 20};

enum { LIVE = 0x626c6f63, FRESH = 0xA5, FREED = 0xDB, FENCE = 0x7E };

/* Stands before each block; a fence byte stands after it. */
typedef union {
    struct {
        size_t size;
        int mark, domain;
    } is;
    max_align_t aligned;
} Head;

static int refused(size_t size)
{
    if (size > blocks.largest) {
        return 1;
    }
    if (blocks.fail_in > 0 && --blocks.fail_in == 0) {
        blocks.failed++;
        blocks.fail_in = blocks.fail_on;
        return 1;
    }
    if (blocks.fail_one_in > 0 && once_in(blocks.fail_one_in)) {
        blocks.failed++;
        return 1;
    }
    return 0;
}

static void *block_give(int domain, size_t size, int fill)
{
    Head *head = refused(size) ? NULL : malloc(sizeof(Head) + size + 8);
    if (head == NULL) {
        return NULL;
    }
    head->is.size = size;
    head->is.mark = LIVE;
    head->is.domain = domain;
    char *memory = (char *)(head + 1);
    memset(memory, fill, fill == 0 || size < 256 ? size : 256);
    memset(memory + size, FENCE, 8);
    blocks.live++;
    return memory;
}

static void block_take(int domain, void *memory)
{
    static const unsigned char fence[8] = {FENCE, FENCE, FENCE, FENCE, FENCE, FENCE, FENCE, FENCE};
    if (memory == NULL) {
        return;
    }
    Head *head = (Head *)memory - 1;
    MUST_SAY(head->is.mark == LIVE, "freed what is no block");
    MUST_SAY(head->is.domain == domain, "freed in domain %d what came from domain %d", domain, head->is.domain);
    MUST_SAY(memcmp((char *)memory + head->is.size, fence, 8) == 0, "a block was written past its end");
    head->is.mark = 0;
    memset(memory, FREED, head->is.size < 256 ? head->is.size : 256);
    blocks.live--;
    free(head);
}

static int domains[3] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};

static void *hook_malloc(void *domain, size_t size)
{
    return block_give(*(int *)domain, size, FRESH);
}

static void *hook_calloc(void *domain, size_t count, size_t size)
{
    return size != 0 && count > (size_t)PY_SSIZE_T_MAX / size ? NULL : block_give(*(int *)domain, count * size, 0);
}

static void *hook_realloc(void *domain, void *memory, size_t size)
{
    void *moved = block_give(*(int *)domain, size, FRESH);
    if (moved != NULL && memory != NULL) {
        size_t before = ((Head *)memory - 1)->is.size;
        memcpy(moved, memory, before < size ? before : size);
        block_take(*(int *)domain, memory);
    }
    return moved;
}

static void hook_free(void *domain, void *memory)
{
    block_take(*(int *)domain, memory);
}

static void install_hooks(void)
{
    for (int i = 0; i < 3; i++) {
        PyMemAllocatorEx all = {&domains[i], hook_malloc, hook_calloc, hook_realloc, hook_free};
        PyMem_SetAllocator(i, &all);
    }
}

/* ---- the exporter -------------------------------------------------------------------------------------------- */

long samples_alive;

static int sample_get(PyObject *op, Py_buffer *view, int flags)
{
    Sample *self = (Sample *)op;
    int status = self->on_get ? self->on_get(self, view, flags) : pybuffer_fill_view(view, op, &self->offer, flags);
    self->gets += status == 0;
    return status;
}

static void sample_release(PyObject *op, Py_buffer *view)
{
    Sample *self = (Sample *)op;
    self->releases++;
    if (self->on_release != NULL) {
        self->on_release(self, view);
    }
}

static void sample_dealloc(PyObject *op)
{
    Sample *self = (Sample *)op;
    samples_alive--;
    if (self->on_dealloc != NULL) {
        self->on_dealloc(self);
    }
    PyObject_Free(op);
}

static PyBufferProcs sample_procs = {sample_get, sample_release};

PyTypeObject Sample_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "Sample",
    .tp_basicsize = sizeof(Sample),
    .tp_dealloc = sample_dealloc,
    .tp_as_buffer = &sample_procs,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

Sample *sample_new(const Py_buffer *offer)
{
    Sample *self = PyObject_New(Sample, &Sample_Type);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    PyObject head = self->ob_base;
    memset(self, 0, sizeof(*self));
    self->ob_base = head;
    self->offer = *offer;
    samples_alive++;
    return self;
}

void sample_done(Sample *sample)
{
    MUST_SAY(sample->gets == sample->releases, "%ld views of the exporter, %ld given back", sample->gets,
             sample->releases);
    MUST_SAY(Py_REFCNT(sample) == 1, "%zd references to the exporter are left", Py_REFCNT(sample));
    Py_DECREF(sample);
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static void prepare(void)
{
    make_noise();
    for (size_t i = 0; i < COUNT(model_list); i++) {
        model_list[i] = (char **)map(MODEL_ITEMS * sizeof(char *));
    }
    install_hooks();
    MUST(PyType_Ready(&Sample_Type) == 0);
}

static void run_round(void)
{
    long live = blocks.live;
    family->round();
    describe = NULL;
    MUST_RAISE(0, NULL);
    MUST_SAY(blocks.live == live, "%ld blocks are left", blocks.live - live);
    MUST_SAY(samples_alive == 0, "%ld exporters are left", samples_alive);
    shared->rounds++;
}

/* A round that these bytes decide. */
static void run_input(const unsigned char *data, size_t size)
{
    seed_round(0);
    input = data;
    input_left = size;
    run_round();
}

#ifdef RANDOM_FUZZ

/* libFuzzer counts the rounds, which it calls executions. */
static void print_counts(void)
{
    printf("# %ld operations in %ld rounds\n", shared->operations, shared->rounds);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("PYBUFFER_FUZZ_FAMILY");
    for (size_t f = 0; f < COUNT(families); f++) {
        if (name != NULL && strcmp(families[f]->name, name) == 0) {
            family = families[f];
        }
    }
    if (family == NULL) {
        fprintf(stderr, "PYBUFFER_FUZZ_FAMILY names no family\n");
        exit(2);
    }
    shared = (void *)map(PAGE);
    atexit(print_counts);
    prepare();
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    run_input(data, size);
    return 0;
}

#else

/* The next line of the inputs: its bytes, and whether there was one. */
static int read_input(unsigned char *data, size_t most, size_t *size)
{
    int letter;
    unsigned int byte;
    for (*size = 0; *size < most && fscanf(inputs, "%2x", &byte) == 1; (*size)++) {
        data[*size] = (unsigned char)byte;
        letter = getc(inputs);
        if (letter == '\n') {
            (*size)++;
            return 1;
        }
        ungetc(letter, inputs);
    }
    MUST_SAY(feof(inputs) && *size == 0, "no line of at most %zu bytes in hexadecimal", most);
    return 0;
}

static void run_rounds(long steps, int only)
{
    static char handler_stack[1 << 16];
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const char *seconds = getenv("PYBUFFER_RANDOM_SECONDS");
    stack_t other = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    sigaltstack(&other, NULL);
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK;
    for (size_t i = 0; i < COUNT(fatal); i++) {
        sigaction(fatal[i], &action, NULL);
    }
    action.sa_handler = ticked;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{seconds == NULL ? 10 : atol(seconds), 0}, {seconds == NULL ? 10 : atol(seconds), 0}};
    setitimer(ITIMER_REAL, &timer, NULL);

    setenv("PYBUFFER_CPU", level, 1);
    prepare();
    static unsigned char data[1 << 16];
    size_t size;
    uint64_t first = shared->round;
    if (inputs != NULL) {
        rewind(inputs); /* an earlier process may have read it */
        for (shared->round = 0; read_input(data, sizeof(data), &size); shared->round++) {
            if (shared->round >= first) {
                run_input(data, size);
            }
        }
    }
    for (; inputs == NULL && shared->operations < steps; shared->round++) {
        seed_round(shared->round);
        run_round();
        if (only) {
            break;
        }
    }
    fflush(stdout);
    _exit(0);
}

/* Returns how many rounds have failed. */
static long run_family(long steps, long first, int only, long most_failures)
{
    long failures = 0;
    shared->operations = shared->rounds = 0;
    shared->round = (uint64_t)first;
    for (;;) {
        int status = 0;
        fflush(stdout);
        pid_t child = fork();
        if (child < 0) {
            perror("fork");
            exit(1);
        }
        if (child == 0) {
            run_rounds(steps, only);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (status == 0) {
            return failures;
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) < 3 || WEXITSTATUS(status) > 5) {
            printf("# %s: ended with %s %d\n", family->name, WIFEXITED(status) ? "status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
            describe = NULL;
            print_round();
        }
        if (++failures >= most_failures || only) {
            return failures;
        }
        shared->round++;
    }
}

static int named(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *c = list; c != NULL; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL) {
        if (strncmp(c, name, length) == 0 && (c[length] == ',' || c[length] == '\0')) {
            return 1;
        }
    }
    return strcmp(list, "all") == 0;
}

static int machine_has(const char *name)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(name, "avx2") == 0) {
        return __builtin_cpu_supports("avx2") != 0;
    }
    if (strcmp(name, "avx512") == 0) {
        return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw")
               && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    }
#elif defined(__aarch64__)
    if (strcmp(name, "neon") == 0) {
        return 1;
    }
#endif
    return strcmp(name, "portable") == 0;
}

/* Opens `path`, or the file of the family where that is a directory. Whether there is one. */
static int open_inputs(const char *path)
{
    char of_family[4096];
    snprintf(of_family, sizeof(of_family), "%s/%s.hex", path, family->name);
    inputs = fopen(of_family, "r");
    if (inputs == NULL && errno == ENOTDIR) {
        inputs = fopen(path, "r");
    }
    return inputs != NULL;
}

int main(int argc, char **argv)
{
    static const char *const levels[] = {"portable", "avx2", "avx512", "neon"};
    const char *of_families = "all", *of_levels = "all", *of_inputs = NULL;
    long steps = 0, round = -1, most_failures = 10, tests = 0, failed = 0, operations = 0, rounds = 0;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--families") == 0) {
            of_families = value;
        }
        else if (strcmp(argv[i], "--levels") == 0) {
            of_levels = value;
        }
        else if (strcmp(argv[i], "--steps") == 0) {
            steps = atol(value);
        }
        else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(value, NULL, 10);
        }
        else if (strcmp(argv[i], "--round") == 0) {
            round = *value == '\0' ? -1 : atol(value);
        }
        else if (strcmp(argv[i], "--inputs") == 0) {
            of_inputs = value;
        }
        else if (strcmp(argv[i], "--failures") == 0) {
            most_failures = atol(value);
        }
        else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    for (size_t l = 0; l < COUNT(levels); l++) {
        level = levels[l];
        if (!machine_has(level) || !named(of_levels, level)) {
            continue;
        }
        for (size_t f = 0; f < COUNT(families); f++) {
            family = families[f];
            if (!named(of_families, family->name)) {
                continue;
            }
            if (of_inputs != NULL && !open_inputs(of_inputs)) {
                printf("not ok %ld - %s has inputs\n", ++tests, family->name);
                failed++;
                continue;
            }
            struct timespec before, after;
            clock_gettime(CLOCK_MONOTONIC, &before);
            long failures = run_family(steps > 0 ? steps : family->dose, round < 0 ? 0 : round, round >= 0, most_failures);
            clock_gettime(CLOCK_MONOTONIC, &after);
            failed += failures > 0;
            operations += shared->operations;
            rounds += shared->rounds;
            printf("%sok %ld - %s at %s%s\n", failures > 0 ? "not " : "", ++tests, family->name, level,
                   inputs != NULL ? ", the fuzzer's inputs" : "");
            printf("# %s at %s: %ld operations in %ld rounds, seed %llu, %ld failed, %.1f s\n", family->name, level,
                   shared->operations, shared->rounds, (unsigned long long)seed, failures,
                   (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9);
        }
    }
    printf("1..%ld\n# %ld operations in %ld rounds, %ld failed\n", tests, operations, rounds, failed);
    return failed > 0 || tests == 0;
}

#endif
