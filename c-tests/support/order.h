/* The mark of the machine's byte order, and of the other. */
#ifndef ORDER_H
#define ORDER_H

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#  define NATIVE ">"
#  define OTHER "<"
#else
#  define NATIVE "<"
#  define OTHER ">"
#endif

#endif
