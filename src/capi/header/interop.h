/* DLPack's structs, which dlpack.h defines. */
struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* Arrow's structs, as its specification has them: whoever comes first defines them. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    /* The type of an array. */
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    /* NULL where it has been released. */
    void (*release)(struct ArrowSchema *);
    /* The producer's. */
    void *private_data;
};
struct ArrowArray {
    /* The memory of an array. */
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    /* NULL where it has been released. */
    void (*release)(struct ArrowArray *);
    /* The producer's. */
    void *private_data;
};
#endif
