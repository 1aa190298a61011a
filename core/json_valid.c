#include "core/json_valid.h"

/* Functions that read return NULL, or what is wrong at `at`. */
struct json_text {
    const uint8_t *at, *end;
};

static const char NO_UTF8[] = "octets that are no UTF-8";
static const char NO_ESCAPE[] = "after a backslash, none of \"\\/bfnrt or u with four hex digits";
static const char NO_PAIR[] = "half of a surrogate pair";

static int peek(const struct json_text *t)
{
    return t->at < t->end ? *t->at : -1;
}

static bool accept(struct json_text *t, int octet)
{
    if (peek(t) != octet)
        return false;
    t->at++;
    return true;
}

static void skip_blanks(struct json_text *t)
{
    while (peek(t) == ' ' || peek(t) == '\t' || peek(t) == '\n' || peek(t) == '\r')
        t->at++;
}

/* ---- strings ---- */

/* The octets of a character by its first one, and what the second may be (RFC 3629, section 4):
 * nothing overlong, no surrogate, nothing above U+10FFFF. */
static size_t utf8_shape(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static const char *skip_character(struct json_text *t)
{
    uint8_t low, high;
    size_t len = utf8_shape(*t->at, &low, &high);
    if (len == 0 || len > (size_t)(t->end - t->at))
        return NO_UTF8;
    if (len > 1 && (t->at[1] < low || t->at[1] > high))
        return NO_UTF8;
    for (size_t i = 2; i < len; i++)
        if ((t->at[i] & 0xc0) != 0x80)
            return NO_UTF8;
    t->at += len;
    return NULL;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* reads uXXXX */
static const char *take_unit(uint32_t *unit, struct json_text *t)
{
    uint32_t value = 0;
    if (t->end - t->at < 5 || *t->at != 'u')
        return NO_ESCAPE;
    for (size_t i = 1; i < 5; i++) {
        int digit = hex_value(t->at[i]);
        if (digit < 0)
            return NO_ESCAPE;
        value = value << 4 | (uint32_t)digit;
    }
    t->at += 5;
    *unit = value;
    return NULL;
}

/* what follows a backslash */
static const char *skip_escape(struct json_text *t)
{
    uint32_t unit, low = 0;
    int c = peek(t);
    if (c > 0 && strchr("\"\\/bfnrt", c) != NULL) {
        t->at++;
        return NULL;
    }
    const char *fault = take_unit(&unit, t);
    if (fault != NULL || unit < 0xd800 || unit > 0xdfff)
        return fault;
    if (unit > 0xdbff || !accept(t, '\\') || take_unit(&low, t) != NULL || low < 0xdc00 ||
        low > 0xdfff)
        return NO_PAIR;
    return NULL;
}

static const char *skip_string(struct json_text *t)
{
    const char *fault = NULL;
    if (!accept(t, '"'))
        return "no string where a key must be";
    while (fault == NULL && !accept(t, '"')) {
        if (peek(t) < 0)
            fault = "the end inside a string";
        else if (peek(t) < 0x20)
            fault = "a control character inside a string";
        else
            fault = accept(t, '\\') ? skip_escape(t) : skip_character(t);
    }
    return fault;
}

/* ---- numbers and words ---- */

static bool skip_digits(struct json_text *t)
{
    const uint8_t *start = t->at;
    while (peek(t) >= '0' && peek(t) <= '9')
        t->at++;
    return t->at > start;
}

static const char *skip_number(struct json_text *t)
{
    bool negative = accept(t, '-');
    if (!accept(t, '0') && !skip_digits(t))
        return negative ? "no digit after the minus" : "no value";
    if (accept(t, '.') && !skip_digits(t))
        return "no digit after the point";
    if (accept(t, 'e') || accept(t, 'E')) {
        if (!accept(t, '+'))
            accept(t, '-');
        if (!skip_digits(t))
            return "no digit in the exponent";
    }
    return NULL;
}

static const char *skip_word(struct json_text *t, struct bytes word)
{
    if ((size_t)(t->end - t->at) < word.len || memcmp(t->at, word.data, word.len) != 0)
        return "no value";
    t->at += word.len;
    return NULL;
}

static const char *skip_scalar(struct json_text *t)
{
    switch (peek(t)) {
    case '"': return skip_string(t);
    case 't': return skip_word(t, bytes_text("true"));
    case 'f': return skip_word(t, bytes_text("false"));
    case 'n': return skip_word(t, bytes_text("null"));
    default: return skip_number(t);
    }
}

/* ---- arrays and objects ---- */

/* what will close each array and object that is open, the innermost last */
struct nesting {
    char closers[JSON_DEPTH_MAX];
    size_t depth;
};

static bool in_object(const struct nesting *n)
{
    return n->depth > 0 && n->closers[n->depth - 1] == '}';
}

static const char *skip_key(struct json_text *t)
{
    skip_blanks(t);
    const char *fault = skip_string(t);
    if (fault != NULL)
        return fault;
    skip_blanks(t);
    return accept(t, ':') ? NULL : "no colon after a key";
}

/* goes into arrays and objects, past the first value or as far as the first that is empty */
static const char *open_all(struct json_text *t, struct nesting *n)
{
    for (;;) {
        skip_blanks(t);
        int c = peek(t);
        if (c != '[' && c != '{')
            return skip_scalar(t);
        if (n->depth == JSON_DEPTH_MAX)
            return "arrays and objects nested too deeply";
        t->at++;
        n->closers[n->depth++] = c == '[' ? ']' : '}';
        skip_blanks(t);
        if (peek(t) == n->closers[n->depth - 1])
            return NULL;
        const char *fault = c == '{' ? skip_key(t) : NULL;
        if (fault != NULL)
            return fault;
    }
}

/* after a value: leaves what ends here, up to the comma before the next value; *more: there is
 * one */
static const char *close_all(struct json_text *t, struct nesting *n, bool *more)
{
    *more = false;
    for (;;) {
        skip_blanks(t);
        if (n->depth == 0)
            return t->at == t->end ? NULL : "something after the end of the value";
        if (accept(t, ',')) {
            *more = true;
            return in_object(n) ? skip_key(t) : NULL;
        }
        if (!accept(t, n->closers[n->depth - 1]))
            return in_object(n) ? "no comma or } after a member" : "no comma or ] after an element";
        n->depth--;
    }
}

const char *json_fault(size_t *at, struct bytes text)
{
    if (text.len == 0)
        text = bytes_text("");
    struct json_text t = {text.data, text.data + text.len};
    struct nesting nesting = {.depth = 0};
    const char *fault = NULL;
    bool more = true;
    while (fault == NULL && more) {
        fault = open_all(&t, &nesting);
        if (fault == NULL)
            fault = close_all(&t, &nesting, &more);
    }
    if (fault != NULL)
        *at = (size_t)(t.at - text.data);
    return fault;
}

bool json_is_valid(struct bytes text)
{
    size_t at;
    return json_fault(&at, text) == NULL;
}
