/* Random formats whose layout is known, since it is worked out while they are written, by the rules of the header. */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "codes.h"

typedef struct Node Node;

/* An item, as pybuffer_item. */
struct Node {
    char name[8];
    int named, kind;
    char byteorder, code[3];
    Py_ssize_t offset, itemsize, alignment, elements, length, first_bit, shape[6];
    int ndim, fields;
    Node *field[8];
};

/* A value of an item, where it is in the item's memory. */
typedef struct {
    int kind; /* of the item */
    char code[3];
    size_t offset, size;
    int little;
    size_t bit, bits; /* of bits: the first one, counted from the first bit of the item, and how many */
} Leaf;

enum { MOST_NODES = 200, MOST_LEAVES = 400, MOST_TEXT = 4000 };

typedef struct {
    char text[MOST_TEXT], twin[MOST_TEXT]; /* the same, spelled in another way */
    Node nodes[MOST_NODES];
    int used;
    Node *top[8];
    int tops;
    Py_ssize_t itemsize, alignment;
    int has_text_units, pads_at_top;
    Leaf leaves[MOST_LEAVES];
    size_t values;
} Grammar;

enum {
    GRAMMAR_NUMBERS = 1, /* only items with a value that can be written and read again */
};

/* Makes a random format; 0 where it has become too large, or has nothing but padding in it. */
int grammar_make(Grammar *grammar, int flags);

/* The values of one element of an item, which starts at offset 0; how many they are, of which at most MOST_LEAVES are written. */
size_t element_leaves(const Node *node, Leaf *leaves);

/* The value of an item. */
pybuffer_value leaf_value(const char *item, const Leaf *leaf);

/* The code of the parts of a complex number. */
char leaf_part_code(const Leaf *leaf);

uint64_t leaf_bits(const char *item, const Leaf *leaf);

/* Sets bits that are 0. */
void leaf_write_bits(char *item, const Leaf *leaf, uint64_t bits);

/* An item of random values, which can be packed: what belongs to no value is 0. */
void grammar_item(const Grammar *grammar, char *item, size_t size);

#endif
