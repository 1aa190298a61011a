#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CAP_MIN = 4096,        /* octets of the first allocation */
    PIECE_MAX = 16,        /* octets of one character or octet, escaped: four of "\xHH" */
    DECIMALS_MAX = 17,     /* more than a double holds */
    NUMBER_MAX = 360,      /* octets of the longest double with DECIMALS_MAX decimals */
};

/* What goes into a JSON string as it is: printable ASCII without the quote and the backslash. */
static inline bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* num_plain returns how many octets at the start are plain, eight at a time. */
static size_t num_plain(const uint8_t *data, size_t len)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    size_t i = 0;
    if (len == 0 || !is_plain(data[0]))
        return 0;
    for (; len - i >= 8; i += 8) {
        uint64_t w, quote, slash, del;
        memcpy(&w, data + i, 8);
        quote = w ^ (ones * '"');
        slash = w ^ (ones * '\\');
        del = w ^ (ones * 0x7f);
        /* x - ones borrows into the top bit of an octet that is 0 (of one below 0x20: x - 0x20s) */
        if (((w | (w - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones)) & tops) != 0)
            break;
    }
    while (i < len && is_plain(data[i]))
        i++;
    return i;
}

/* utf8_take reads the first character of data and returns its octets, or 0: no UTF-8 (RFC 3629). */
static inline size_t utf8_take(uint32_t *out, const uint8_t *data, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = data[0] < 0x80 ? 1 : data[0] < 0xc0 ? 0 : data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3
             : data[0] < 0xf8 ? 4 : 0;
    if (n < 2) {
        *out = data[0];
        return n;
    }
    if (n > len)
        return 0;
    uint32_t c = data[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((data[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (data[i] & 0x3f);
    }
    if (c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return 0;
    *out = c;
    return n;
}

/* Characters that a terminal or an editor acts upon although they are no controls: marks,
 * embeddings, overrides and isolates of bidirectional text, line and paragraph separators, and the
 * mark of byte order. */
static inline bool is_active(uint32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* short_form returns the letter that JSON escapes c with, or 0. */
static char short_form(uint32_t c)
{
    switch (c) {
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\f': return 'f';
    case '\r': return 'r';
    case '"':
    case '\\': return (char)c;
    default:   return 0;
    }
}

static inline bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

static char hex_upper(unsigned nibble)
{
    return "0123456789ABCDEF"[nibble & 15];
}

/* escape_next writes the character or octet that octets begins with in the reversible escape, and
 * says how many octets that used; one_line also escapes what moves a terminal's cursor or turns
 * its text. */
static size_t escape_next(char piece[PIECE_MAX], size_t *used, struct bytes octets, bool one_line)
{
    uint32_t c = 0;
    size_t len = 0, n = utf8_take(&c, octets.data, octets.len);
    *used = n > 0 ? n : 1;
    if (n == 1 && c == '\\') {
        piece[0] = piece[1] = '\\';
        return 2;
    }
    bool keep = n > 0 && !is_control(c) && !(one_line && is_active(c));
    if (keep || (n > 0 && !one_line && short_form(c) != 0)) {
        memcpy(piece, octets.data, n);
        return n;
    }
    for (size_t i = 0; i < *used; i++) {
        piece[len++] = '\\';
        piece[len++] = 'x';
        piece[len++] = hex_upper(octets.data[i] >> 4);
        piece[len++] = hex_upper(octets.data[i]);
    }
    return len;
}

void json_init(struct json *j)
{
    *j = (struct json){0};
}

void json_cleanup(struct json *j)
{
    free(j->text);
    json_init(j);
}

void json_reset(struct json *j)
{
    j->len = 0;
    j->bad = false;
    j->comma = false;
}

/* grow makes room for num more octets; noinline keeps the common case of put short. */
__attribute__((noinline)) static bool grow(struct json *j, size_t num)
{
    size_t cap = j->cap > 0 ? j->cap : CAP_MIN;
    while (cap - j->len < num && cap <= SIZE_MAX / 2)
        cap *= 2;
    char *text = cap - j->len >= num ? realloc(j->text, cap) : NULL;
    if (text == NULL) {
        j->bad = true;
        return false;
    }
    j->text = text;
    j->cap = cap;
    return true;
}

static inline bool reserve(struct json *j, size_t num)
{
    return !j->bad && (j->cap - j->len >= num || grow(j, num));
}

static inline void put(struct json *j, const void *data, size_t len)
{
    if (len > 0 && reserve(j, len)) {
        memcpy(j->text + j->len, data, len);
        j->len += len;
    }
}

static inline void put_char(struct json *j, char c)
{
    if (reserve(j, 1))
        j->text[j->len++] = c;
}

static void value_begin(struct json *j)
{
    if (j->comma)
        put_char(j, ',');
    j->comma = true;
}

static void put_unicode_escape(struct json *j, uint32_t c)
{
    char text[6] = {'\\', 'u', hex_upper(c >> 12), hex_upper(c >> 8),
                    hex_upper(c >> 4), hex_upper(c)};
    put(j, text, sizeof text);
}

/* put_text writes text as the inside of a JSON string; what is no UTF-8 becomes U+FFFD. */
static void put_text(struct json *j, struct bytes text)
{
    for (size_t i = 0; i < text.len;) {
        size_t run = num_plain(text.data + i, text.len - i);
        put(j, text.data + i, run);
        i += run;
        if (i == text.len)
            break;
        uint32_t c = 0;
        size_t n = utf8_take(&c, text.data + i, text.len - i);
        if (n > 0 && short_form(c) != 0) {
            put_char(j, '\\');
            put_char(j, short_form(c));
        } else if (n > 0 && !is_control(c) && !is_active(c)) {
            put(j, text.data + i, n);
        } else {
            put_unicode_escape(j, n > 0 ? c : 0xfffd);
        }
        i += n > 0 ? n : 1;
    }
}

static void put_octets(struct json *j, struct bytes octets)
{
    for (size_t i = 0; i < octets.len;) {
        size_t run = num_plain(octets.data + i, octets.len - i);
        put(j, octets.data + i, run);
        i += run;
        if (i == octets.len)
            break;
        char piece[PIECE_MAX];
        size_t used;
        size_t len = escape_next(piece, &used, bytes_of(octets.data + i, octets.len - i), false);
        put_text(j, bytes_of(piece, len));
        i += used;
    }
}

void json_object(struct json *j)
{
    value_begin(j);
    put_char(j, '{');
    j->comma = false;
}

void json_object_end(struct json *j)
{
    put_char(j, '}');
    j->comma = true;
}

void json_array(struct json *j)
{
    value_begin(j);
    put_char(j, '[');
    j->comma = false;
}

void json_array_end(struct json *j)
{
    put_char(j, ']');
    j->comma = true;
}

void json_key(struct json *j, const char *name)
{
    value_begin(j);
    put_char(j, '"');
    put(j, name, strlen(name));
    put(j, "\":", 2);
    j->comma = false;
}

void json_string(struct json *j, const char *text)
{
    json_text(j, bytes_text(text));
}

void json_text(struct json *j, struct bytes text)
{
    value_begin(j);
    put_char(j, '"');
    put_text(j, text);
    put_char(j, '"');
}

void json_raw(struct json *j, struct bytes value)
{
    value_begin(j);
    put(j, value.data, value.len);
}

char *json_room(struct json *j, size_t len)
{
    value_begin(j);
    if (!reserve(j, len))
        return NULL;
    j->len += len;
    return j->text + (j->len - len);
}

void json_raw_key(struct json *j, struct bytes key)
{
    json_raw(j, key);
    put_char(j, ':');
    j->comma = false;
}

void json_octets(struct json *j, struct bytes octets)
{
    value_begin(j);
    put_char(j, '"');
    put_octets(j, octets);
    put_char(j, '"');
}

void json_octets_key(struct json *j, struct bytes octets)
{
    json_octets(j, octets);
    put_char(j, ':');
    j->comma = false;
}

static void put_decimal(struct json *j, uint64_t value, bool negative)
{
    char text[21];   /* 20 digits and a sign */
    char *at = text + sizeof text;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    if (negative)
        *--at = '-';
    value_begin(j);
    put(j, at, (size_t)(text + sizeof text - at));
}

void json_uint(struct json *j, uint64_t value)
{
    put_decimal(j, value, false);
}

void json_int(struct json *j, int64_t value)
{
    put_decimal(j, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void json_fixed(struct json *j, double value, int decimals)
{
    char text[NUMBER_MAX];
    if (!isfinite(value)) {
        json_null(j);
        return;
    }
    if (decimals < 0 || decimals > DECIMALS_MAX)
        decimals = decimals < 0 ? 0 : DECIMALS_MAX;
    int len = snprintf(text, sizeof text, "%.*f", decimals, value);   /* the C locale: a point */
    value_begin(j);
    put(j, text, (size_t)len);
}

void json_bool(struct json *j, bool value)
{
    value_begin(j);
    put(j, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json *j)
{
    value_begin(j);
    put(j, "null", 4);
}

void json_hex(struct json *j, const uint8_t *octets, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    value_begin(j);
    put_char(j, '"');
    for (size_t i = 0; i < len; i++) {
        char pair[2] = {digits[octets[i] >> 4], digits[octets[i] & 15]};
        put(j, pair, sizeof pair);
    }
    put_char(j, '"');
}

void json_base64(struct json *j, struct bytes octets)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    value_begin(j);
    put_char(j, '"');
    for (size_t i = 0; i < octets.len; i += 3) {
        size_t num = octets.len - i < 3 ? octets.len - i : 3;   /* octets of this group */
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < num ? octets.data[i + k] : 0U);
        char group[4] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                         digits[bits & 63]};
        memset(group + 1 + num, '=', 3 - num);
        put(j, group, sizeof group);
    }
    put_char(j, '"');
}

/* ---- members ---- */

void json_add_string(struct json *j, const char *key, const char *text)
{
    if (text == NULL)
        return;
    json_key(j, key);
    json_string(j, text);
}

void json_add_octets(struct json *j, const char *key, struct bytes octets)
{
    if (octets.len == 0)
        return;
    json_key(j, key);
    json_octets(j, octets);
}

void json_add_text(struct json *j, const char *key, struct bytes text)
{
    if (text.len == 0)
        return;
    json_key(j, key);
    json_text(j, text);
}

void json_add_hex(struct json *j, const char *key, struct bytes octets)
{
    if (octets.len == 0)
        return;
    json_key(j, key);
    json_hex(j, octets.data, octets.len);
}

void json_add_base64(struct json *j, const char *key, struct bytes octets)
{
    if (octets.len == 0)
        return;
    json_key(j, key);
    json_base64(j, octets);
}

void json_add_uint(struct json *j, const char *key, uint64_t value)
{
    json_key(j, key);
    json_uint(j, value);
}

void json_add_bool(struct json *j, const char *key, bool value)
{
    json_key(j, key);
    json_bool(j, value);
}

void json_newline(struct json *j)
{
    put_char(j, '\n');
    j->comma = false;
}

/* hex_value returns the value of an upper-case hex digit, or -1. */
static int hex_value(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* is_escape_of tells whether json_octets writes octets as text. */
static bool is_escape_of(struct bytes text, struct bytes octets)
{
    size_t at = 0;
    for (size_t i = 0; i < octets.len;) {
        char piece[PIECE_MAX];
        size_t used;
        size_t len = escape_next(piece, &used, bytes_of(octets.data + i, octets.len - i), false);
        if (len > text.len - at || memcmp(text.data + at, piece, len) != 0)
            return false;
        at += len;
        i += used;
    }
    return at == text.len;
}

size_t json_unescape(uint8_t *out, struct bytes text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        const uint8_t *at = text.data + i;
        size_t left = text.len - i;
        if (at[0] != '\\') {
            out[len++] = at[0];
            i++;
        } else if (left >= 2 && at[1] == '\\') {
            out[len++] = '\\';
            i += 2;
        } else if (left >= 4 && at[1] == 'x' && hex_value(at[2]) >= 0 && hex_value(at[3]) >= 0) {
            out[len++] = (uint8_t)(hex_value(at[2]) << 4 | hex_value(at[3]));
            i += 4;
        } else {
            return SIZE_MAX;
        }
    }
    return is_escape_of(text, bytes_of(out, len)) ? len : SIZE_MAX;
}

size_t text_for_terminal(char *out, size_t out_len, struct bytes octets)
{
    static const char dots[] = "...";
    size_t len = 0, cut = 0;   /* cut: where the dots go if the rest does not fit */
    if (out_len == 0)
        return 0;
    for (size_t i = 0; i < octets.len;) {
        char piece[PIECE_MAX];
        size_t used;
        struct bytes rest = bytes_of(octets.data + i, octets.len - i);
        size_t piece_len = escape_next(piece, &used, rest, true);
        if (piece_len >= out_len - len) {
            size_t room = out_len - 1 - cut;
            size_t num_dots = room < sizeof dots - 1 ? room : sizeof dots - 1;
            memcpy(out + cut, dots, num_dots);
            len = cut + num_dots;
            break;
        }
        memcpy(out + len, piece, piece_len);
        len += piece_len;
        i += used;
        if (out_len - len >= sizeof dots)
            cut = len;
    }
    out[len] = '\0';
    return len;
}
