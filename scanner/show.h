/*
 * show: lines for a person: headings, labelled values that wrap, and colour where it is wanted.
 *
 * Promise    no line is wider than SHOW_WIDTH columns, but where one octet sequence without a blank
 *            is wider than its column; then it is broken. No state but the struct: what is printed
 *            depends on nothing else.
 * Ownership  out is the caller's. Texts given are printable already (core/json.h:
 *            text_for_terminal): nothing is escaped here.
 */
#ifndef MXSWEEP_SCANNER_SHOW_H
#define MXSWEEP_SCANNER_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/bytes.h"

enum { SHOW_WIDTH = 96, SHOW_TEXT_MAX = 8192 };

enum show_color { SHOW_PLAIN, SHOW_BOLD, SHOW_GOOD, SHOW_BAD, SHOW_NOTE, SHOW_FAINT };

struct show {
    FILE *out;
    bool color;
};

/* show_heading begins a part, after a blank line. */
void show_heading(const struct show *s, const char *text);

/* show_row writes a label, and a text that wraps beside it. */
void show_row(const struct show *s, const char *label, const char *text);

/* show_wrapped writes `first` (in color), and text behind it; what wraps begins below it. */
void show_wrapped(const struct show *s, const char *first, enum show_color color, const char *text);

/* show_on, show_off bracket coloured text; nothing where there is none. */
void show_on(const struct show *s, enum show_color color);
void show_off(const struct show *s, enum show_color color);

/* a text that grows; what does not fit is left out: a full list of suites does */
struct show_text {
    size_t len;
    char text[SHOW_TEXT_MAX];
};
__attribute__((format(printf, 2, 3))) void show_add(struct show_text *t, const char *format, ...);
/* show_add_octets adds octets of others, escaped, at most max columns or so of them. */
void show_add_octets(struct show_text *t, struct bytes octets, size_t max);

#endif
