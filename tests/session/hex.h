/*
 * hex: octets of tests, written as hexadecimal digits with or without white space.
 *
 * Errors     digits that are none, and more octets than there is room, are failed assertions.
 */
#ifndef MXSWEEP_TESTS_SESSION_HEX_H
#define MXSWEEP_TESTS_SESSION_HEX_H

#include <stddef.h>
#include <stdint.h>

/* hex_decode returns how many octets text has. */
size_t hex_decode(uint8_t *out, size_t cap, const char *text);

/* hex_read reads a file of the data of tests: "flights/x.hex". */
size_t hex_read(uint8_t *out, size_t cap, const char *name);

#endif
