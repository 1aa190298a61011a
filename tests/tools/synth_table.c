#include "tests/tools/synth_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_valid.h"

/* a table that is being read */
struct reading {
    struct synth_table *t;
    const char *name;
    char *err;
    uint8_t *at, *end;
    size_t line, cap_rows;
    bool counting; /* JSON: columns are collected, cells are not kept */
};

static bool fault(const struct reading *r, const char *what)
{
    snprintf(r->err, SYNTH_ERR_MAX, "%s:%zu: %s", r->name, r->line, what);
    return false;
}

/* ---- cells ---- */

static bool find_column(size_t *out, const struct synth_table *t, struct bytes name)
{
    for (size_t i = 0; i < t->num_columns; i++)
        if (bytes_equal(t->columns[i], name)) {
            *out = i;
            return true;
        }
    return false;
}

static bool add_column(struct reading *r, struct bytes name)
{
    size_t at;
    if (find_column(&at, r->t, name))
        return r->counting || fault(r, "a column has the same name as another");
    if (r->t->num_columns == SYNTH_COLUMNS_MAX)
        return fault(r, "too many columns");
    r->t->columns[r->t->num_columns++] = name;
    return true;
}

static bool add_row(struct reading *r)
{
    struct synth_table *t = r->t;
    if (t->num_rows == r->cap_rows) {
        size_t cap = r->cap_rows > 0 ? 2 * r->cap_rows : 64;
        struct bytes *more = realloc(t->cells, cap * t->num_columns * sizeof *more);
        if (more == NULL)
            return fault(r, "no memory");
        t->cells = more;
        r->cap_rows = cap;
    }
    memset(&t->cells[t->num_rows++ * t->num_columns], 0, t->num_columns * sizeof t->cells[0]);
    return true;
}

static struct bytes *last_row(const struct reading *r)
{
    return &r->t->cells[(r->t->num_rows - 1) * r->t->num_columns];
}

/* ---- CSV ---- */

static bool at_line_end(const struct reading *r)
{
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static void pass_line_end(struct reading *r)
{
    r->at += r->at < r->end && *r->at == '\r';
    r->at += r->at < r->end;
    r->line++;
}

/* a cell in quotes, its doubled quotes made single where it lies */
static bool take_quoted(struct bytes *out, struct reading *r)
{
    uint8_t *to = ++r->at, *from = to;
    for (; r->at < r->end; r->at++) {
        if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"')) {
            r->at++;
            *out = bytes_of(from, (size_t)(to - from));
            return true;
        }
        r->at += *r->at == '"';
        r->line += *r->at == '\n';
        *to++ = *r->at;
    }
    return fault(r, "a quote is not closed");
}

static bool take_csv_cell(struct bytes *out, struct reading *r)
{
    if (r->at < r->end && *r->at == '"')
        return take_quoted(out, r);
    uint8_t *from = r->at;
    while (!at_line_end(r) && *r->at != ',')
        r->at++;
    *out = bytes_of(from, (size_t)(r->at - from));
    return true;
}

/* the cells of a line, to the columns' names (first) or to a new row */
static bool take_csv_line(struct reading *r, bool first)
{
    if (!first && !add_row(r))
        return false;
    for (size_t i = 0;; i++) {
        struct bytes cell;
        if (!take_csv_cell(&cell, r))
            return false;
        if (!first && i == r->t->num_columns)
            return fault(r, "more cells than columns");
        if (first && !add_column(r, cell))
            return false;
        if (!first)
            last_row(r)[i] = cell;
        if (at_line_end(r))
            break;
        if (*r->at++ != ',')
            return fault(r, "a comma or the end of the line is missing behind a quote");
    }
    pass_line_end(r);
    return true;
}

static bool read_csv(struct reading *r)
{
    bool first = true;
    while (r->at < r->end) {
        if (*r->at == '#' || at_line_end(r)) {
            while (!at_line_end(r))
                r->at++;
            pass_line_end(r);
            continue;
        }
        if (!take_csv_line(r, first))
            return false;
        first = false;
    }
    return true;
}

/* ---- JSON, which is known to be valid ---- */

static void pass_blanks(struct reading *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r' ||
                              *r->at == ',' || *r->at == ':')) {
        r->line += *r->at == '\n';
        r->at++;
    }
}

static unsigned hex4(const uint8_t *at)
{
    char text[5] = {(char)at[0], (char)at[1], (char)at[2], (char)at[3], 0};
    return (unsigned)strtoul(text, NULL, 16);
}

static uint8_t *put_utf8(uint8_t *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (uint8_t)c;
    } else if (c < 0x800) {
        *to++ = (uint8_t)(0xc0 | c >> 6);
        *to++ = (uint8_t)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (uint8_t)(0xe0 | c >> 12);
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (c & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | c >> 18);
        *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (c & 0x3f));
    }
    return to;
}

/* \uXXXX, or a pair of them; at the u */
static uint8_t *put_escaped(uint8_t *to, struct reading *r)
{
    unsigned c = hex4(r->at + 1);
    r->at += 5;
    if (c >> 10 == 0xd800 >> 10) {
        c = 0x10000 + ((c & 0x3ff) << 10) + (hex4(r->at + 2) & 0x3ff);
        r->at += 6;
    }
    return put_utf8(to, c);
}

static uint8_t *put_short(uint8_t *to, struct reading *r)
{
    static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
    *to = (uint8_t)is[strchr(from, *r->at) - from];
    r->at++;
    return to + 1;
}

/* a string, at its quote; as it is in the file */
static struct bytes pass_string(struct reading *r)
{
    uint8_t *from = ++r->at;
    while (*r->at != '"')
        r->at += *r->at == '\\' ? 2 : 1;
    return bytes_of(from, (size_t)(r->at++ - from));
}

/* a string, its escapes undone where it lies */
static struct bytes take_string(struct reading *r)
{
    if (r->counting)
        return pass_string(r);
    uint8_t *from = ++r->at, *to = from;
    while (*r->at != '"')
        if (*r->at != '\\')
            *to++ = *r->at++;
        else if (*++r->at == 'u')
            to = put_escaped(to, r);
        else
            to = put_short(to, r);
    r->at++;
    return bytes_of(from, (size_t)(to - from));
}

static bool take_value(struct bytes *out, struct reading *r)
{
    if (*r->at == '"') {
        *out = take_string(r);
        return true;
    }
    if (*r->at == '{' || *r->at == '[')
        return fault(r, "a cell is a text or a number");
    uint8_t *from = r->at;
    while (strchr(", \t\r\n}]", *r->at) == NULL)
        r->at++;
    *out = bytes_of(from, (size_t)(r->at - from));
    if (bytes_equal(*out, bytes_text("null")))
        *out = bytes_of(NULL, 0);
    return true;
}

static bool take_member(struct reading *r)
{
    size_t column;
    struct bytes cell;
    struct bytes name = take_string(r);
    if (r->counting && memchr(name.data, '\\', name.len) != NULL)
        return fault(r, "a column's name has a backslash");
    if (r->counting && !add_column(r, name))
        return false;
    pass_blanks(r);
    if (!take_value(&cell, r))
        return false;
    if (!r->counting && find_column(&column, r->t, name))
        last_row(r)[column] = cell;
    return true;
}

static bool read_objects(struct reading *r)
{
    pass_blanks(r);
    r->at++; /* [ */
    for (pass_blanks(r); *r->at != ']'; pass_blanks(r)) {
        if (*r->at++ != '{')
            return fault(r, "expected is an array of objects");
        if (!r->counting && !add_row(r))
            return false;
        for (pass_blanks(r); *r->at != '}'; pass_blanks(r))
            if (!take_member(r))
                return false;
        r->at++;
    }
    return true;
}

/* once for the columns, once for the cells: undoing escapes changes the octets */
static bool read_json(struct reading *r)
{
    uint8_t *from = r->at;
    size_t at;
    const char *why = json_fault(&at, bytes_of(from, (size_t)(r->end - from)));
    if (why != NULL) {
        snprintf(r->err, SYNTH_ERR_MAX, "%s: octet %zu: %s", r->name, at, why);
        return false;
    }
    r->counting = true;
    if (!read_objects(r))
        return false;
    *r = (struct reading){r->t, r->name, r->err, from, r->end, 1, 0, false};
    return read_objects(r);
}

/* ---- files ---- */

bool synth_table_parse(struct synth_table *out, char err[SYNTH_ERR_MAX], uint8_t *octets,
                       size_t len, const char *name)
{
    *out = (struct synth_table){.octets = octets};
    struct reading r = {out, name, err, octets, octets + len, 1, 0, false};
    size_t blanks = 0;
    while (blanks < len && strchr(" \t\r\n", octets[blanks]) != NULL && octets[blanks] != 0)
        blanks++;
    bool good = blanks < len && octets[blanks] == '[' ? read_json(&r) : read_csv(&r);
    if (good && out->num_rows == 0)
        good = fault(&r, "no rows");
    if (!good)
        synth_table_cleanup(out);
    return good;
}

bool synth_table_read(struct synth_table *out, char err[SYNTH_ERR_MAX], const char *path)
{
    FILE *f = fopen(path, "rb");
    long len = -1;
    if (f != NULL && fseek(f, 0, SEEK_END) == 0)
        len = ftell(f);
    uint8_t *octets = len >= 0 && len <= SYNTH_TABLE_MAX ? malloc((size_t)len + 1) : NULL;
    if (octets == NULL) {
        snprintf(err, SYNTH_ERR_MAX, "%s: %s", path,
                 f == NULL || len < 0 ? strerror(errno) : "too long, or no memory");
        if (f != NULL)
            fclose(f);
        return false;
    }
    rewind(f);
    size_t num = fread(octets, 1, (size_t)len, f);
    fclose(f);
    return synth_table_parse(out, err, octets, num, path);
}

void synth_table_cleanup(struct synth_table *t)
{
    free(t->cells);
    free(t->octets);
    *t = (struct synth_table){0};
}
