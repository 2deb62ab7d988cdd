/* Values of items of known formats. See grammar.h. */
#include "grammar.h"

#include <math.h>

uint64_t leaf_bits(const char *item, const Leaf *leaf)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < leaf->bits; i++) {
        size_t at = leaf->bit + i;
        unsigned bit = (unsigned char)item[at / 8] >> (leaf->little ? at % 8 : 7 - at % 8) & 1;
        bits = leaf->little ? bits | (uint64_t)bit << i : bits << 1 | bit;
    }
    return bits;
}

void leaf_write_bits(char *item, const Leaf *leaf, uint64_t bits)
{
    for (size_t i = 0; i < leaf->bits; i++) {
        size_t at = leaf->bit + i;
        unsigned bit = bits >> (leaf->little ? i : leaf->bits - 1 - i) & 1;
        item[at / 8] |= (char)(bit << (leaf->little ? at % 8 : 7 - at % 8));
    }
}

char leaf_part_code(const Leaf *leaf)
{
    return leaf->code[0] == 'Z' ? leaf->code[1] : leaf->code[0] == 'F' ? 'f' : leaf->code[0] == 'D' ? 'd' : 'g';
}

pybuffer_value leaf_value(const char *item, const Leaf *leaf)
{
    const char *at = item + leaf->offset;
    pybuffer_value value;
    Number number;
    memset(&value, 0, sizeof(value));
    switch (leaf->kind) {
    case PYBUFFER_KIND_PAD: case PYBUFFER_KIND_CHAR: case PYBUFFER_KIND_BYTES:
        return PYBUFFER_BYTES(at, (Py_ssize_t)leaf->size);
    case PYBUFFER_KIND_PASCAL: {
        Py_ssize_t room = (Py_ssize_t)leaf->size - 1, length = leaf->size == 0 ? 0 : (unsigned char)*at;
        return leaf->size == 0 ? PYBUFFER_BYTES(at, 0) : PYBUFFER_BYTES(at + 1, length < room ? length : room);
    }
    case PYBUFFER_KIND_TEXT:
        value.kind = PYBUFFER_KIND_TEXT;
        value.as.u = bits_read(at, leaf->size, leaf->little);
        return value;
    case PYBUFFER_KIND_BITS:
        value.kind = PYBUFFER_KIND_BITS;
        value.as.u = leaf_bits(item, leaf);
        return value;
    case PYBUFFER_KIND_COMPLEX: {
        size_t half = leaf->size / 2;
        value.kind = PYBUFFER_KIND_COMPLEX;
        value.as.parts[0] = number_to_double(number_read(leaf_part_code(leaf), at, half, leaf->little));
        value.as.parts[1] = number_to_double(number_read(leaf_part_code(leaf), at + half, half, leaf->little));
        return value;
    }
    case PYBUFFER_KIND_POINTER: case PYBUFFER_KIND_OBJECT: case PYBUFFER_KIND_FUNCTION:
        value.kind = PYBUFFER_KIND_POINTER;
        value.as.u = bits_read(at, leaf->size, is_little('='));
        return value;
    default:
        break;
    }
    number = number_read(leaf->code[0], at, leaf->size, leaf->little);
    value.kind = leaf->kind;
    if (leaf->code[0] == 'g') {
        value.kind = PYBUFFER_KIND_LONG_DOUBLE;
        memcpy(value.as.long_double, &number.real, sizeof(number.real));
    }
    else if (leaf->kind == PYBUFFER_KIND_FLOAT) {
        value.as.real = number_to_double(number);
    }
    else {
        value.as.u = number.negative ? -number.magnitude : number.magnitude;
    }
    return value;
}

void grammar_item(const Grammar *grammar, char *item, size_t size)
{
    memset(item, 0, size);
    for (size_t i = 0; i < grammar->values; i++) {
        const Leaf *leaf = &grammar->leaves[i];
        char *at = item + leaf->offset;
        switch (leaf->kind) {
        case PYBUFFER_KIND_PAD: case PYBUFFER_KIND_CHAR: case PYBUFFER_KIND_BYTES:
            scribble(at, leaf->size);
            break;
        case PYBUFFER_KIND_PASCAL:
            if (leaf->size > 0) {
                size_t length = below(leaf->size < 256 ? leaf->size : 256);
                *at = (char)length;
                scribble(at + 1, length);
            }
            break;
        case PYBUFFER_KIND_TEXT:
            bits_write(at, leaf->size, leaf->little, once_in(4) ? below(leaf->size == 4 ? 0x110000 : 0x10000) : below(128));
            break;
        case PYBUFFER_KIND_BITS:
            leaf_write_bits(item, leaf, any64());
            break;
        case PYBUFFER_KIND_COMPLEX:
            for (int part = 0; part < 2; part++) {
                Number number;
                do {
                    number = number_random();
                } while (number.is_real && isnan(number.real));
                number_write(number, leaf_part_code(leaf), at + (size_t)part * leaf->size / 2, leaf->size / 2, leaf->little);
            }
            break;
        default: {
            Number number;
            int tries = 0;
            do {
                number = ++tries < 30 ? number_random() : number_of_int(1);
            } while ((number.is_real && isnan(number.real))
                     || number_write(number, leaf->code[0], at, leaf->size, leaf->little) != NULL);
        }
        }
    }
}
