#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/where_private.h"

enum { SHOWN_MAX = 72, SHOWN_BEFORE = 48, US_PER_MS = 1000 };
enum { NUMBER_DIGITS_MAX = 18, DURATION_DIGITS_MAX = 8, DECIMALS_MAX = 3 };

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    size_t at, len; /* in the text; of a string, with its quotes */
};

struct parser {
    struct where *w;
    const char *text;
    size_t len, at;
    struct token token; /* that is looked at */
    unsigned depth;
    char *err;
    bool failed;
};

/* ---- errors ---- */

/* says what is wrong, and shows it: a line of the text, and a caret under the place */
static bool fail(struct parser *s, size_t at, const char *why)
{
    char shown[SHOWN_MAX + 1];
    size_t first = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0, n = 0;
    if (s->failed)
        return false;
    s->failed = true;
    for (size_t i = first; i < s->len && n < SHOWN_MAX; i++)
        shown[n++] = s->text[i] >= 0x20 && s->text[i] < 0x7f ? s->text[i] : '?';
    shown[n] = '\0';
    snprintf(s->err, WHERE_ERR_MAX, "--where, character %zu: %s\n  %s\n  %*s^", at + 1, why, shown,
             (int)(at - first), "");
    return false;
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* of names, numbers, addresses and ranges */
static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("_.:/-", c) != NULL);
}

static bool next_string(struct parser *s)
{
    size_t first = s->at++;
    for (;; s->at++) {
        if (s->at >= s->len)
            return fail(s, first, "no closing quote; write ' at the end of the text");
        if (s->text[s->at] != '\'')
            continue;
        if (s->at + 1 < s->len && s->text[s->at + 1] == '\'')
            s->at++; /* a quote in the text */
        else
            break;
    }
    s->at++;
    s->token = (struct token){TOKEN_STRING, first, s->at - first};
    return true;
}

static bool next_sign(struct parser *s)
{
    char c = s->text[s->at], second = s->at + 1 < s->len ? s->text[s->at + 1] : '\0';
    size_t len = (c == '!' || c == '<' || c == '>') && second == '=' ? 2 : 1;
    if (c == '\0' || strchr("()=<>~,", c) == NULL)
        if (len != 2)
            return fail(s, s->at,
                        c == '"' ? "texts are in single quotes, as in 'done'"
                                 : "nothing begins so; write a field, a comparison or a text "
                                   "in single quotes");
    s->token = (struct token){TOKEN_SIGN, s->at, len};
    s->at += len;
    return true;
}

/* goes to the next token; false: there is an error */
static bool next(struct parser *s)
{
    while (s->at < s->len && is_blank(s->text[s->at]))
        s->at++;
    if (s->at == s->len) {
        s->token = (struct token){TOKEN_END, s->at, 0};
        return true;
    }
    if (s->text[s->at] == '\'')
        return next_string(s);
    size_t first = s->at;
    while (s->at < s->len && is_word(s->text[s->at]))
        s->at++;
    if (s->at == first)
        return next_sign(s);
    s->token = (struct token){TOKEN_WORD, first, s->at - first};
    return true;
}

static struct bytes token_text(const struct parser *s)
{
    return bytes_of(s->text + s->token.at, s->token.len);
}

static bool is_token(const struct parser *s, const char *text)
{
    return s->token.kind != TOKEN_STRING && bytes_equal(token_text(s), bytes_text(text));
}

/* takes the token if it is that; *taken tells */
static bool take_if(struct parser *s, bool *taken, const char *text)
{
    *taken = is_token(s, text);
    return !*taken || next(s);
}

/* ---- nodes ---- */

static bool add_node(struct parser *s, uint16_t *out, struct where_node node)
{
    if (s->w->num_nodes == WHERE_NODES_MAX)
        return fail(s, s->token.at, "more than 256 comparisons, and, or, not; ask for less");
    *out = s->w->num_nodes;
    s->w->nodes[s->w->num_nodes++] = node;
    return true;
}

/* ---- values ---- */

/* the octets of a text in quotes: '' is a quote */
static struct bytes unquote(struct parser *s)
{
    struct where *w = s->w;
    size_t first = w->octets_len;
    for (size_t i = s->token.at + 1; i + 1 < s->token.at + s->token.len; i++) {
        w->octets[w->octets_len++] = (uint8_t)s->text[i];
        if (s->text[i] == '\'')
            i++;
    }
    return bytes_of(w->octets + first, w->octets_len - first);
}

static bool read_text(struct parser *s, struct where_value *v, const struct where_field *f,
                      bool equal)
{
    if (s->token.kind != TOKEN_STRING)
        return fail(s, s->token.at,
                    "this field is a text: write one in single quotes, as in "
                    "'done'");
    v->text = unquote(s);
    if (equal && f->can_be != NULL && !f->can_be(v->text))
        return fail(s, s->token.at, "the field is never that; doc/where.md tells what it can be");
    return true;
}

static bool read_bool(struct parser *s, struct where_value *v)
{
    v->number = is_token(s, "true");
    return v->number != 0 || is_token(s, "false") ||
           fail(s, s->token.at, "this field is true or false");
}

/* appends digits to a number; false: more than max */
static bool take_digits(struct bytes *text, int64_t *number, size_t *num, size_t max)
{
    *num = 0;
    while (text->len > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
        if (++*num > max)
            return false;
        *number = 10 * *number + (text->data[0] - '0');
        *text = bytes_of(text->data + 1, text->len - 1);
    }
    return true;
}

static bool read_number(struct parser *s, struct where_value *v)
{
    struct bytes text = token_text(s);
    size_t digits;
    v->number = 0;
    if (s->token.kind != TOKEN_WORD ||
        !take_digits(&text, &v->number, &digits, NUMBER_DIGITS_MAX) || digits == 0 || text.len > 0)
        return fail(s, s->token.at, "a number of at most 18 digits is expected");
    return true;
}

/* what one unit is, in us; 0: no such unit */
static int64_t unit_us(struct bytes text)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"", US_PER_MS}, {"us", 1}, {"ms", US_PER_MS}, {"s", 1000000}, {"m", 60000000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (bytes_equal(text, bytes_text(units[i].name)))
            return units[i].us;
    return 0;
}

static bool read_duration(struct parser *s, struct where_value *v)
{
    struct bytes text = token_text(s);
    int64_t number = 0, scale = 1;
    size_t digits = 0, decimals = 0;
    bool good = s->token.kind == TOKEN_WORD &&
                take_digits(&text, &number, &digits, DURATION_DIGITS_MAX) && digits > 0;
    if (good && text.len > 0 && text.data[0] == '.') {
        text = bytes_of(text.data + 1, text.len - 1);
        good = take_digits(&text, &number, &decimals, DECIMALS_MAX) && decimals > 0;
    }
    int64_t unit = good ? unit_us(text) : 0;
    if (unit == 0)
        return fail(s, s->token.at, "a duration is expected: 250 (ms), 1.5s, 2m");
    for (size_t i = 0; i < decimals; i++)
        scale *= 10;
    v->number = number * unit / scale;
    return true;
}

static bool read_time(struct parser *s, struct where_value *v)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"};
    char text[32] = "";
    size_t len = s->token.len;
    if (s->token.kind == TOKEN_STRING && len > 2 && len - 2 < sizeof text)
        memcpy(text, s->text + s->token.at + 1, len - 2);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {.tm_mday = 1};
        const char *end = strptime(text, forms[i], &tm);
        if (end == NULL || *end != '\0' || text[0] < '0' || text[0] > '9')
            continue;
        v->number = (int64_t)timegm(&tm) * 1000000;
        return true;
    }
    return fail(s, s->token.at,
                "a moment (UTC) is expected: '2026-11-26' or "
                "'2026-11-26T05:30:00Z'");
}

static bool read_addr(struct parser *s, struct where_value *v, bool equal)
{
    struct bytes text = s->token.kind == TOKEN_STRING ? unquote(s) : token_text(s);
    const char *why = "an address is expected: 192.0.2.1";
    bool good = s->token.kind == TOKEN_WORD || s->token.kind == TOKEN_STRING;
    if (good && equal) {
        good = addr_parse(&v->range.first, (const char *)text.data, text.len);
        v->range.last = v->range.first;
    } else if (good) {
        good = addr_range_parse(&v->range, &why, (const char *)text.data, text.len);
    }
    return good || fail(s, s->token.at,
                        equal ? "an address is expected, such as 192.0.2.1; for networks "
                                "write in 192.0.2.0/24"
                              : why);
}

static bool read_as(struct parser *s, struct where_value *v, const struct where_field *f,
                    bool equal, bool single)
{
    switch (f->type) {
    case WHERE_TEXT: return read_text(s, v, f, equal);
    case WHERE_ADDR: return read_addr(s, v, single);
    case WHERE_BOOL: return read_bool(s, v);
    case WHERE_NUMBER: return read_number(s, v);
    case WHERE_DURATION: return read_duration(s, v);
    case WHERE_TIME: return read_time(s, v);
    case WHERE_GROUP: break;
    }
    return fail(s, s->token.at, "this can only be asked for, not compared: write its name alone");
}

/* reads the value that the token is. equal: it is compared whole; single: not a range */
static bool take_value(struct parser *s, struct where_node *n, bool equal, bool single)
{
    struct where *w = s->w;
    if (w->num_values == WHERE_VALUES_MAX)
        return fail(s, s->token.at, "more than 512 values; ask for less");
    struct where_value v = {.number = 0};
    if (!read_as(s, &v, n->field, equal, single))
        return false;
    w->values[w->num_values++] = v;
    n->num++;
    return next(s);
}

/* ---- comparisons ---- */

static bool find_op(uint8_t *out, const struct parser *s)
{
    static const char *const signs[] = {
        [WHERE_EQ] = "=", [WHERE_NE] = "!=", [WHERE_LT] = "<",       [WHERE_LE] = "<=",
        [WHERE_GT] = ">", [WHERE_GE] = ">=", [WHERE_CONTAINS] = "~",
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (is_token(s, signs[i])) {
            *out = (uint8_t)i;
            return true;
        }
    return false;
}

/* what an operator cannot do with a type; NULL: it can */
static const char *misfit(enum where_op op, enum where_type type)
{
    if (type == WHERE_GROUP)
        return "this can only be asked for, not compared: write its name alone";
    if (op == WHERE_CONTAINS && type != WHERE_TEXT)
        return "`~` looks for a part of a text, and this field is none; write = or in";
    bool ordered = op != WHERE_EQ && op != WHERE_NE && op != WHERE_CONTAINS;
    if (ordered && (type == WHERE_ADDR || type == WHERE_BOOL))
        return "this field has no order; write = or !=, or for addresses in 192.0.2.0/24";
    return NULL;
}

static bool take_compared(struct parser *s, struct where_node *n)
{
    const char *why = misfit((enum where_op)n->op, n->field->type);
    if (why != NULL)
        return fail(s, s->token.at, why);
    n->kind = WHERE_COMPARE;
    return next(s) && take_value(s, n, n->op == WHERE_EQ || n->op == WHERE_NE, true);
}

static bool take_list(struct parser *s, struct where_node *n)
{
    bool more = true, open, closed;
    n->kind = WHERE_IN;
    if (n->field->type == WHERE_GROUP)
        return fail(s, s->token.at, misfit(WHERE_EQ, WHERE_GROUP));
    if (!next(s) || !take_if(s, &open, "("))
        return false;
    if (!open)
        return n->field->type == WHERE_ADDR
                   ? take_value(s, n, true, false)
                   : fail(s, s->token.at, "a list is expected, as in ('a', 'b')");
    while (more)
        if (!take_value(s, n, true, false) || !take_if(s, &more, ","))
            return false;
    return take_if(s, &closed, ")") &&
           (closed || fail(s, s->token.at, "`,` and a further value, or `)` is expected"));
}

static bool take_field(struct parser *s, uint16_t *out)
{
    struct where_node n = {.kind = WHERE_IS, .first = s->w->num_values};
    bool negated = false;
    if (s->token.kind != TOKEN_WORD || is_token(s, "and") || is_token(s, "or") || is_token(s, "in"))
        return fail(s, s->token.at, "a field is expected, such as stage or tls.version");
    n.field = where_field_find(token_text(s));
    if (n.field == NULL)
        return fail(s, s->token.at, "no such field; doc/where.md lists them");
    if (!next(s))
        return false;
    if (find_op(&n.op, s))
        return take_compared(s, &n) && add_node(s, out, n);
    if (!take_if(s, &negated, "not"))
        return false;
    if (negated && !is_token(s, "in"))
        return fail(s, s->token.at, "`in` is expected behind `not`");
    if (is_token(s, "in") && !take_list(s, &n))
        return false;
    struct where_node not = {.kind = WHERE_NOT};
    if (!add_node(s, negated ? &not .left : out, n))
        return false;
    return !negated || add_node(s, out, not );
}

/* ---- and, or, not ---- */

static bool take_or(struct parser *s, uint16_t *out);

static bool take_parentheses(struct parser *s, uint16_t *out)
{
    bool closed;
    return next(s) && take_or(s, out) && take_if(s, &closed, ")") &&
           (closed || fail(s, s->token.at, "`)` is expected, or and, or"));
}

static bool take_not(struct parser *s, uint16_t *out)
{
    struct where_node n = {.kind = WHERE_NOT};
    bool negated = is_token(s, "not");
    if (!negated && !is_token(s, "("))
        return take_field(s, out);
    if (++s->depth > WHERE_DEPTH_MAX)
        return fail(s, s->token.at,
                    "more than 32 parentheses and not within each other; ask simpler");
    bool good =
        negated ? next(s) && take_not(s, &n.left) && add_node(s, out, n) : take_parentheses(s, out);
    s->depth--;
    return good;
}

static bool take_and(struct parser *s, uint16_t *out)
{
    bool more = true;
    bool good = take_not(s, out);
    while (good && (good = take_if(s, &more, "and")) && more) {
        struct where_node n = {.kind = WHERE_AND, .left = *out};
        good = take_not(s, &n.right) && add_node(s, out, n);
    }
    return good;
}

static bool take_or(struct parser *s, uint16_t *out)
{
    bool more = true;
    bool good = take_and(s, out);
    while (good && (good = take_if(s, &more, "or")) && more) {
        struct where_node n = {.kind = WHERE_OR, .left = *out};
        good = take_and(s, &n.right) && add_node(s, out, n);
    }
    return good;
}

static bool parse(struct parser *s)
{
    if (s->len > WHERE_TEXT_MAX)
        return fail(s, WHERE_TEXT_MAX, "longer than 4096 characters; ask for less");
    return next(s) && take_or(s, &s->w->root) &&
           (s->token.kind == TOKEN_END ||
            fail(s, s->token.at, "and, or, or the end is expected here"));
}

int where_parse(struct where **out, char err[WHERE_ERR_MAX], const char *text)
{
    struct parser s = {.w = calloc(1, sizeof *s.w), .text = text, .len = strlen(text), .err = err};
    if (s.w == NULL) {
        snprintf(err, WHERE_ERR_MAX, "--where: no memory for it");
        return -ENOMEM;
    }
    if (parse(&s)) {
        *out = s.w;
        return 0;
    }
    where_free(s.w);
    return -EINVAL;
}
