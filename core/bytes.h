/*
 * bytes: a borrowed run of octets, never NUL-terminated.
 *
 * Ownership  none: whoever made it says how long it lives.
 */
#ifndef MXSWEEP_CORE_BYTES_H
#define MXSWEEP_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;   /* may be NULL when len is 0 */
    size_t len;            /* octets */
};

/* bytes_of wraps len octets at data. */
static inline struct bytes bytes_of(const void *data, size_t len)
{
    struct bytes b = {data, len};
    return b;
}

/* bytes_text wraps a NUL-terminated constant, the NUL left out. */
static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

/* ascii_lower makes a letter of ASCII small, and leaves any other octet as it is. */
static inline uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* bytes_equal tells whether a and b hold the same octets. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
