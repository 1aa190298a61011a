/*
 * json_check: a second opinion on JSON strings (RFC 8259) for tests: decodes them. Whole texts are
 * judged by core/json_valid.h.
 *
 * Written apart from core/json.c, so that a mistake there is not repeated here.
 */
#ifndef MXSWEEP_TESTS_CORE_JSON_CHECK_H
#define MXSWEEP_TESTS_CORE_JSON_CHECK_H

#include <stdlib.h>

#include "core/bytes.h"

struct json_check {
    const uint8_t *at, *end;
};

static inline int json_check_peek(const struct json_check *c)
{
    return c->at < c->end ? *c->at : -1;
}

static inline bool json_check_accept(struct json_check *c, int octet)
{
    if (json_check_peek(c) != octet)
        return false;
    c->at++;
    return true;
}

/* json_check_utf8 skips one character by the table of RFC 3629, section 4. */
static inline bool json_check_utf8(struct json_check *c)
{
    static const struct { uint8_t first, last, low, high, more; } rows[] = {
        {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };
    for (size_t i = 0; c->at < c->end && i < sizeof rows / sizeof *rows; i++) {
        if (*c->at < rows[i].first || *c->at > rows[i].last)
            continue;
        if (c->end - c->at <= rows[i].more)
            return false;
        for (int k = 1; k <= rows[i].more; k++)
            if (c->at[k] < (k > 1 ? 0x80 : rows[i].low) || c->at[k] > (k > 1 ? 0xbf : rows[i].high))
                return false;
        c->at += 1 + rows[i].more;
        return true;
    }
    return false;
}

/* json_check_escape decodes what follows a backslash; code points of the basic plane only. */
static inline bool json_check_escape(struct json_check *c, uint8_t **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *simple = c->at < c->end && *c->at != 0 ? strchr(from, *c->at) : NULL;
    if (simple != NULL) {
        c->at++;
        *(*out)++ = (uint8_t)to[simple - from];
        return true;
    }
    if (c->end - c->at < 5 || *c->at != 'u')
        return false;
    char digits[5] = {0};
    memcpy(digits, c->at + 1, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return false;
    unsigned long code = strtoul(digits, NULL, 16);
    if (code >= 0xd800 && code <= 0xdfff)
        return false;
    c->at += 5;
    if (code >= 0x800)
        *(*out)++ = (uint8_t)(0xe0 | code >> 12);
    if (code >= 0x80)
        *(*out)++ = (uint8_t)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
    *(*out)++ = (uint8_t)(code >= 0x80 ? 0x80 | (code & 0x3f) : code);
    return true;
}

/* json_check_string decodes a string into *out, which moves on and needs as many octets as there
 * is JSON text. */
static inline bool json_check_string(struct json_check *c, uint8_t **out)
{
    if (!json_check_accept(c, '"'))
        return false;
    while (!json_check_accept(c, '"')) {
        if (json_check_accept(c, '\\')) {
            if (!json_check_escape(c, out))
                return false;
            continue;
        }
        const uint8_t *start = c->at;
        if (json_check_peek(c) < 0x20 || !json_check_utf8(c))
            return false;
        memcpy(*out, start, (size_t)(c->at - start));
        *out += c->at - start;
    }
    return true;
}

/* json_string_decode decodes text, which is one JSON string, into out (len octets) and returns the
 * octets of UTF-8, or SIZE_MAX if it is no valid JSON string. */
static inline size_t json_string_decode(uint8_t *out, const void *text, size_t len)
{
    struct json_check c = {text, (const uint8_t *)text + len};
    uint8_t *end = out;
    return json_check_string(&c, &end) && c.at == c.end ? (size_t)(end - out) : SIZE_MAX;
}

#endif
