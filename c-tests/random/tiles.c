/* Transposes and other permutations of two to four axes, of items of the sizes that there are tiles for and of some that
 * there are not: too small for a tile, a few tiles with an odd rest, larger than a cache, and rarely so large that they are
 * written with non-temporal stores.
 */
#include "random.h"

static Arena data[2];
static Layout first, second;
static int way;

static void describe_tiles(void)
{
    printf("#   %s, of first to second\n", copies_by[way]);
    print_view("first", &first.view);
    print_view("second", &second.view);
}

enum { ROOM = 48 << 20 };

/* Strides for the axes in some order, the last of it fastest; with gaps where there is room. */
static void lay(Py_ssize_t *strides, Py_ssize_t itemsize, int ndim, const Py_ssize_t *shape, const int *order, int gaps)
{
    Py_ssize_t step = itemsize;
    for (int i = ndim - 1; i >= 0; i--) {
        if (gaps && once_in(4)) {
            step += once_in(2) ? between(0, 70) : itemsize * between(0, 5);
        }
        if (gaps && once_in(12) && i < ndim - 1) {
            /* A power of two, as of pictures and matrices. */
            Py_ssize_t power = 1;
            while (power < step) {
                power *= 2;
            }
            step = power;
        }
        strides[order[i]] = gaps && once_in(8) ? -step : step;
        step *= shape[order[i]];
    }
}

static void round_of_tiles(void)
{
    static const unsigned char sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32};
    Py_ssize_t itemsize = sizes[below(COUNT(sizes))], shape[4], strides[4], packed[4];
    int ndim = (int)between(2, 4), order[4];
    static const int c_order[] = {0, 1, 2, 3};
    arena_make(&data[0], ROOM);
    arena_make(&data[1], ROOM);
    describe = describe_tiles;
    Py_ssize_t bytes = once_in(40000) ? 17 << 20 : once_in(2000) ? scaled(1 << 20, 4 << 20) : once_in(30) ? scaled(8192, 1 << 17)
                                                                                            : scaled(512, 8192);
    Py_ssize_t left = bytes / itemsize + 1;
    shuffled(order, ndim);
    for (int i = 0; i < ndim; i++) {
        int axis = i == ndim - 1 ? 0 : i + 1;
        if (i == ndim - 1) {
            shape[axis] = left;
        }
        else {
            Py_ssize_t root = 1;
            while (root * root < left) {
                root++;
            }
            shape[axis] = once_in(4) ? between(1, 5) : once_in(4) ? scaled(1, left) : between(root / 2 + 1, root * 2);
        }
        left = left / shape[axis] + 1;
    }
    if (model_product(ndim, shape) * itemsize > ROOM / 2) {
        return;
    }
    way = (int)below(3);
    lay(packed, itemsize, ndim, shape, c_order, 0);
    lay(strides, itemsize, ndim, shape, order, 1);
    layout_strided(&first, itemsize, ndim, shape, way == 1 ? packed : strides);
    if (way == 2) {
        shuffled(order, ndim);
        lay(packed, itemsize, ndim, shape, order, once_in(2));
        layout_strided(&second, itemsize, ndim, shape, packed);
    }
    else {
        layout_strided(&second, itemsize, ndim, shape, way == 1 ? strides : packed);
    }
    if (first.span > ROOM || second.span > ROOM) {
        return;
    }
    layout_put(&first, arena_place(&data[0], first.span));
    layout_put(&second, arena_place(&data[1], second.span));
    scribble(first.low, first.span);
    scribble(second.low, second.span);
    copy_like_the_model(&first, &second, way);
}

const Family tiles = {"tiles", round_of_tiles, 20000};
