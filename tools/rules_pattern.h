/*
 * rules_pattern: one pattern of a rules file (doc/mta-rules.md), sought in one line of text.
 *
 * What       literal octets in any case, `*` for any octets, `<v>` for a version, `^` and `$` for
 *            the ends of the line. Where a pattern begins or ends with a letter or a digit, so does
 *            the word in the text.
 * Promise    no backtracking: each part is sought from the left, once; the work is at most the
 *            line's octets times the pattern's.
 * Ownership  plain value.
 */
#ifndef MXSWEEP_TOOLS_RULES_PATTERN_H
#define MXSWEEP_TOOLS_RULES_PATTERN_H

#include "core/bytes.h"

enum {
    PATTERN_MAX = 128,      /* octets as written */
    PATTERN_PARTS_MAX = 16, /* literals, versions and `*` */
    PATTERN_VERSION_MAX = 32
};

enum pattern_kind { PATTERN_LITERAL, PATTERN_VERSION, PATTERN_ANY };

struct pattern_part {
    uint8_t kind; /* enum pattern_kind */
    uint8_t at, len;
};

/* what has to be at an end of the match */
enum pattern_edge { EDGE_WORD, EDGE_ANY, EDGE_LINE };

struct pattern {
    uint8_t octets[PATTERN_MAX]; /* of the literals, in lower case */
    struct pattern_part parts[PATTERN_PARTS_MAX];
    uint8_t num_parts;
    uint8_t first, last; /* enum pattern_edge */
};

/* pattern_parse reads a pattern without its quotes. On failure *why is a constant that says what is
 * wrong and how to mend it, and *at is where. */
bool pattern_parse(struct pattern *out, const char **why, size_t *at, struct bytes text);

/* pattern_find tells whether the pattern is in line; *version, if the pattern has one, is that. */
bool pattern_find(const struct pattern *p, struct bytes *version, struct bytes line);

/* pattern_key returns the longest literal: what cannot be missing where the pattern is. */
struct bytes pattern_key(const struct pattern *p);

static inline uint8_t pattern_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

#endif
