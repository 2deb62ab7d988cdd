/* Shared by the random harnesses: a repeatable generator, memory between inaccessible pages, an
 * allocator that counts and fails when told, random structures, and the naive model of what a view's items are.
 *
 * A family is a function that makes one random case, does it with the library, does it again with a model that is too
 * simple to be wrong, and compares. It is called again and again, in rounds. Each round starts with a generator of its own,
 * made of seed, family and number of the round, so that a round can be repeated alone:
 *
 *     make fuzz-random FAMILY=copies SEED=1 ROUND=123
 *
 * A round that fails prints that, and ends its process; the runner (random.c) continues with the next round in another one.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <pybuffer/pybuffer.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes that no size type has. */
__extension__ typedef __int128 Big;
__extension__ typedef unsigned __int128 UnsignedBig;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- families ------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    void (*round)(void);
    long dose; /* operations of the small dose, at each level */
} Family;

extern const Family copies, lines, tiles, values, numbers, fields, conversions, parts, ndarray, formats, hostile, checker, extreme, interop,
    selection, files, engine, windows;

/* Called before a failure or a crash ends the process: prints the case. May be NULL. */
extern void (*describe)(void);

/* One operation of the library has been done, and compared with the model; a round has one or several. */
void executed(void);

/* Ends the round, as one that failed. */
_Noreturn void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail(__FILE__, __LINE__, "not so: %s", #condition);                                                        \
        }                                                                                                              \
    } while (0)
#define MUST_SAY(condition, ...)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail(__FILE__, __LINE__, __VA_ARGS__);                                                                     \
        }                                                                                                              \
    } while (0)

/* The call failed with an error of this type, which is forgotten; or it succeeded, and none is pending (NULL). */
#define MUST_RAISE(failed, type) must_raise((failed), (type), __FILE__, __LINE__, #failed)
void must_raise(int failed, PyObject *type, const char *file, int line, const char *text);

/* ---- the generator ------------------------------------------------------------------------------------------- */

uint64_t any64(void);

/* 0 to n - 1; of 0 it is 0. */
static inline uint64_t below(uint64_t n)
{
    return n < 2 ? 0 : (uint64_t)(((UnsignedBig)any64() * n) >> 64);
}

/* Both ends included. */
static inline Py_ssize_t between(Py_ssize_t low, Py_ssize_t high)
{
    return low + (Py_ssize_t)below((uint64_t)(high - low) + 1);
}

/* Once in n times. */
static inline int once_in(int n)
{
    return below((uint64_t)n) == 0;
}

/* Each order of magnitude as often as any other; both ends included, the low one above 0. */
Py_ssize_t scaled(Py_ssize_t low, Py_ssize_t high);

/* Writes random bytes: not good ones, but fast. */
void scribble(void *memory, size_t size);

/* A random order of 0 to n - 1. */
void shuffled(int *order, int n);

/* ---- memory -------------------------------------------------------------------------------------------------- */

enum { PAGE = 4096 };

/* Memory with a page that cannot be accessed on either side. */
typedef struct {
    char *start;
    size_t size;
} Arena;

/* At least `size` bytes. Made once for each process. */
void arena_make(Arena *arena, size_t size);

/* A place for `size` bytes, whose last or first byte mostly meets a page that cannot be accessed. */
char *arena_place(const Arena *arena, size_t size);

/* Memory of which each second page cannot be accessed. */
extern Arena chequered;
void chequered_make(size_t pages);

/* The allocator of the library: all blocks are counted, and checked when they are freed. */
extern struct Blocks {
    long live;
    long fail_in;    /* the allocation that fails, from 1; 0 for none */
    int fail_on;     /* and all after it */
    int fail_one_in; /* or one in so many; 0 for none */
    long failed;
    size_t largest; /* larger blocks are refused, always */
} blocks;

/* ---- an exporter --------------------------------------------------------------------------------------------- */

typedef struct Sample Sample;
struct Sample {
    PyObject_HEAD
    Py_buffer offer;
    int (*on_get)(Sample *self, Py_buffer *view, int flags); /* instead of an answer from the offer */
    void (*on_release)(Sample *self, Py_buffer *view);
    void (*on_dealloc)(Sample *self);
    long gets, releases;
    int number;
};
extern PyTypeObject Sample_Type;
extern long samples_alive;

/* An exporter of the memory that the view describes, whose arrays must stay valid. NULL with an error set. */
Sample *sample_new(const Py_buffer *offer);

/* Drops the caller's reference, which must be the last one, with all views released. */
void sample_done(Sample *sample);

/* ---- structures ---------------------------------------------------------------------------------------------- */

enum { AXES = 8 };

typedef struct {
    Py_buffer view; /* complete; no obj */
    Py_ssize_t shape[AXES], strides[AXES], suboffsets[AXES];
    Py_ssize_t items;
    char *low; /* the memory from the first to after the last byte of an item */
    size_t span;
    char *table; /* the table of pointers */
    size_t table_span;
    int shared; /* some items may share bytes */
} Layout;

enum { LAYOUT_SHARED = 1, LAYOUT_POINTERS = 2 };

/* A random shape of at most `limit` items; with none once in a while. */
int random_shape(Py_ssize_t *shape, int most_axes, Py_ssize_t limit);

/* Lays items of this shape at random, in the arena; pointers in the other one. */
void layout_make(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, int allowed,
                 const Arena *data, const Arena *tables);

/* Where a structure with these strides lies that starts at `low`. */
void layout_strided(Layout *layout, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, const Py_ssize_t *strides);
void layout_put(Layout *layout, char *low);

void print_view(const char *name, const Py_buffer *view);

/* ---- the model: the items of a view -------------------------------------------------------------------------- */

/* The address of an item, by the text of PEP 3118. */
char *model_item(const Py_buffer *view, const Py_ssize_t *index);

/* The addresses of all items, in C order or Fortran order; as many as there are, which must be at most MODEL_ITEMS. */
enum { MODEL_ITEMS = 24 << 20 };
size_t model_items(const Py_buffer *view, char order, char **items);

/* Lists of addresses, as many as there are operands. */
extern char **model_list[3];

/* The product of a shape; exact up to the greatest size, and one more where it is larger than that. */
static inline Big model_product(int ndim, const Py_ssize_t *shape)
{
    Big product = 1, most = (Big)PY_SSIZE_T_MAX + 1;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) {
            return 0;
        }
    }
    for (int i = 0; i < ndim; i++) {
        product = product * shape[i] > most ? most : product * shape[i];
    }
    return product;
}

/* Contiguous as header and CPython have it, by the definition: each item where counting has it. */
int model_contiguous(const Py_buffer *view, char order);

/* A copy of memory, to be compared with afterwards; one of each number, as large as it has to be. */
char *snapshot(int number, const void *memory, size_t size);

/* The memory is as expected, byte by byte. */
#define MUST_BE(what, memory, expected, size) must_be((what), (memory), (expected), (size), __FILE__, __LINE__)

/* The names of the ways to copy the items of `first` to `second`, of which one is contiguous in the first two ways; and such a
 * copy, compared with that of the model. */
extern const char *const copies_by[3];
void copy_like_the_model(Layout *first, Layout *second, int way);
void must_be(const char *what, const void *memory, const void *expected, size_t size, const char *file, int line);

#endif
