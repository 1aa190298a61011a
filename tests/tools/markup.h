/*
 * markup: a strict little reader of HTML and XML: tests see what text has become.
 *
 * What       every element is closed (but those of HTML that are empty), attributes are quoted, "<"
 *            and "&" stand for themselves nowhere but in a style sheet.
 */
#ifndef MXSWEEP_TESTS_TOOLS_MARKUP_H
#define MXSWEEP_TESTS_TOOLS_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

enum { MARKUP_NAME_MAX = 24, MARKUP_DEPTH_MAX = 64, MARKUP_WHY_MAX = 128 };

struct markup {
    size_t num_elements, num_attributes;
    char why[MARKUP_WHY_MAX]; /* what is wrong, and where */
};

/* markup_read tells whether text is whole; with element, num_elements counts only those of that name.
 * An attribute of an event ("onclick"), a script or an image is wrong in any case. */
bool markup_read(struct markup *m, const char *text, size_t len, const char *element);

#endif
