#include "tools/export_csv.h"

/* A row is written into room that is surely enough: nothing becomes longer than GROWTH octets for
 * each of its own ("|" in a list: \x7C), and a cell has EXTRA more: quotes, apostrophe, comma. */
enum { GROWTH = 4, EXTRA = 4 };

struct row {
    char *at;
};

static void put(struct row *out, const void *data, size_t len)
{
    if (len > 0)
        memcpy(out->at, data, len);
    out->at += len;
}

static void put_char(struct row *out, char c)
{
    *out->at++ = c;
}

static void put_hex(struct row *out, uint8_t octet)
{
    static const char digits[] = "0123456789ABCDEF";
    char piece[4] = {'\\', 'x', digits[octet >> 4], digits[octet & 15]};
    put(out, piece, sizeof piece);
}

/* ---- texts ---- */

static unsigned hex_of(uint8_t c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* the octets of \uXXXX, each escaped: in our JSON only what steers a reader is written so */
static void put_code(struct row *out, const uint8_t hex[4])
{
    unsigned code =
        hex_of(hex[0]) << 12 | hex_of(hex[1]) << 8 | hex_of(hex[2]) << 4 | hex_of(hex[3]);
    if (code >= 0x800) {
        put_hex(out, (uint8_t)(0xe0 | (code >> 12 & 15)));
        put_hex(out, (uint8_t)(0x80 | (code >> 6 & 63)));
    } else if (code >= 0x80) {
        put_hex(out, (uint8_t)(0xc0 | (code >> 6 & 31)));
    }
    put_hex(out, (uint8_t)(code >= 0x80 ? 0x80 | (code & 63) : code));
}

/* one escape of JSON at text; returns its length */
static size_t put_escape(struct row *out, struct bytes text)
{
    uint8_t c = text.len > 1 ? text.data[1] : '\\';
    switch (c) {
    case 'b': put_hex(out, '\b'); return 2;
    case 't': put_hex(out, '\t'); return 2;
    case 'n': put_hex(out, '\n'); return 2;
    case 'f': put_hex(out, '\f'); return 2;
    case 'r': put_hex(out, '\r'); return 2;
    case '"': put(out, "\"\"", 2); return 2;
    case 'u':
        if (text.len >= 6) {
            put_code(out, text.data + 2);
            return 6;
        }
        return text.len;
    default: put(out, &c, 1); return text.len > 1 ? 2 : 1;
    }
}

/* what is between the quotes of a JSON string; in a list also what would be taken for a separator.
 * Most texts are short: to look for either octet first costs more than to copy. */
static void put_text(struct row *out, struct bytes text, bool in_list)
{
    const uint8_t *in = text.data, *end = text.data + text.len;
    const uint8_t bar = in_list ? '|' : '\\';
    while (in < end) {
        char *at = out->at;
        while (in < end && *in != '\\' && *in != bar)
            *at++ = (char)*in++;
        out->at = at;
        if (in == end)
            break;
        if (*in == '\\')
            in += put_escape(out, bytes_of(in, (size_t)(end - in)));
        else
            put_hex(out, *in++);
    }
}

static bool is_string(struct bytes value)
{
    return value.len >= 2 && value.data[0] == '"';
}

static struct bytes inside(struct bytes value)
{
    return is_string(value) ? bytes_of(value.data + 1, value.len - 2) : value;
}

/* ---- cells ---- */

/* the wide forms of = + - @, U+FF1D, U+FF0B, U+FF0D, U+FF20, are taken for them by some */
static bool is_wide(struct bytes text)
{
    static const uint8_t wide[][3] = {
        {0xef, 0xbc, 0x9d}, {0xef, 0xbc, 0x8b}, {0xef, 0xbc, 0x8d}, {0xef, 0xbc, 0xa0}};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (text.len >= 3 && memcmp(text.data, wide[i], 3) == 0)
            return true;
    return false;
}

/* blanks of any kind that stay as they are: a space, and U+00A0, U+3000 and U+FEFF */
static size_t num_blank(struct bytes text)
{
    if (text.len >= 1 && text.data[0] == ' ')
        return 1;
    if (text.len >= 2 && memcmp(text.data, "\xc2\xa0", 2) == 0)
        return 2;
    bool wide = text.len >= 3 && (memcmp(text.data, "\xe3\x80\x80", 3) == 0 ||
                                  memcmp(text.data, "\xef\xbb\xbf", 3) == 0);
    return wide ? 3 : 0;
}

static bool begins_formula(struct bytes text)
{
    for (size_t blank; (blank = num_blank(text)) > 0;)
        text = bytes_of(text.data + blank, text.len - blank);
    return text.len > 0 && (memchr("=+-@'", text.data[0], 5) != NULL || is_wide(text));
}

static void put_cell_text(struct row *out, struct bytes value)
{
    struct bytes text = inside(value);
    put(out, "\"'", begins_formula(text) ? 2 : 1);
    put_text(out, text, false);
    put_char(out, '"');
}

/* the elements of a list of plain values */
static void put_cell_list(struct row *out, struct bytes list)
{
    bool first = true;
    put_char(out, '"');
    for (size_t i = 1; i + 1 < list.len;) {
        size_t len = json_skip(bytes_of(list.data + i, list.len - i));
        struct bytes element = inside(bytes_of(list.data + i, len));
        if (first && begins_formula(element))
            put_char(out, '\'');
        if (!first)
            put_char(out, '|');
        put_text(out, element, true);
        first = false;
        i += len + 1; /* the comma */
    }
    put_char(out, '"');
}

static void put_cell_json(struct row *out, struct bytes value)
{
    put_char(out, '"');
    for (size_t i = 0; i < value.len;) {
        const uint8_t *quote = memchr(value.data + i, '"', value.len - i);
        size_t run = quote != NULL ? (size_t)(quote - value.data) - i : value.len - i;
        put(out, value.data + i, run);
        i += run;
        if (quote == NULL)
            break;
        put(out, "\"\"", 2);
        i++;
    }
    put_char(out, '"');
}

static void put_cell(struct row *out, struct bytes value)
{
    if (value.len == 0)
        return;
    uint8_t first = value.data[0], second = value.len > 1 ? value.data[1] : 0;
    bool nested = first == '{' || (first == '[' && (second == '{' || second == '['));
    if (nested)
        put_cell_json(out, value);
    else if (first == '[')
        put_cell_list(out, value);
    else if (first == '"' || begins_formula(value))
        put_cell_text(out, value);
    else
        put(out, value.data, value.len);
}

/* ---- rows ---- */

void csv_header(struct json *out, const struct export_columns *c)
{
    for (size_t i = 0; i < c->num; i++) {
        out->comma = i > 0;
        json_raw(out, c->names[i]);
    }
    out->comma = false;
    json_raw(out, bytes_text("\r\n"));
}

void csv_row(struct json *out, const struct export_columns *c, struct bytes line)
{
    struct bytes cells[PICK_CELLS_MAX];
    size_t most = 2; /* CR LF */
    pick_cells(&c->pick, cells, c->num, line);
    for (size_t i = 0; i < c->num; i++)
        most += GROWTH * cells[i].len + EXTRA;
    out->comma = false;
    char *begin = json_room(out, most);
    if (begin == NULL)
        return;
    struct row row = {begin};
    for (size_t i = 0; i < c->num; i++) {
        if (i > 0)
            put_char(&row, ',');
        put_cell(&row, cells[i]);
    }
    put(&row, "\r\n", 2);
    out->len -= most - (size_t)(row.at - begin);
}
