#include "tools/weights.h"

#include <errno.h>
#include <stdlib.h>

#include "core/lines.h"

struct row {
    struct addr addr;
    uint64_t weight;
};

struct weights {
    struct row *rows; /* sorted once all are read */
    size_t num, cap;
};

static bool read_weight(uint64_t *out, struct bytes text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || n > WEIGHT_MAX)
            return false;
        n = 10 * n + (uint64_t)(text.data[i] - '0');
    }
    *out = n;
    return text.len > 0 && n <= WEIGHT_MAX;
}

static bool append(struct weights *w, struct row row)
{
    if (w->num == w->cap) {
        size_t cap = w->cap > 0 ? 2 * w->cap : 1024;
        struct row *rows = realloc(w->rows, cap * sizeof rows[0]);
        if (rows == NULL)
            return false;
        w->rows = rows;
        w->cap = cap;
    }
    w->rows[w->num++] = row;
    return true;
}

static int take_line(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                     const char *source, uint64_t line_no)
{
    struct weights *w = ctx;
    struct bytes item = line_strip(line, line_len, line_no);
    struct row row;
    if (item.len == 0)
        return 0;
    const uint8_t *comma = memchr(item.data, ',', item.len);
    size_t addr_len = comma != NULL ? (size_t)(comma - item.data) : 0;
    if (comma == NULL || !addr_parse(&row.addr, (const char *)item.data, addr_len))
        return line_error(err, err_len, -EINVAL, source, line_no,
                          "begins with no address and comma; write ADDRESS,WEIGHT");
    if (!read_weight(&row.weight, bytes_of(comma + 1, item.len - addr_len - 1)))
        return line_error(err, err_len, -EINVAL, source, line_no,
                          "the weight is no whole number up to %llu; write ADDRESS,WEIGHT",
                          (unsigned long long)WEIGHT_MAX);
    if (w->num == WEIGHTS_MAX)
        return line_error(err, err_len, -E2BIG, source, line_no,
                          "more than %d addresses; leave out those of weight 0", WEIGHTS_MAX);
    return append(w, row) ? 0 : line_error(err, err_len, -ENOMEM, source, line_no, "no memory");
}

static int compare_rows(const void *a, const void *b)
{
    return addr_cmp(((const struct row *)a)->addr, ((const struct row *)b)->addr);
}

static void add_up(struct weights *w)
{
    size_t kept = 0;
    if (w->num > 1)
        qsort(w->rows, w->num, sizeof w->rows[0], compare_rows);
    for (size_t i = 0; i < w->num; i++) {
        if (kept > 0 && addr_cmp(w->rows[kept - 1].addr, w->rows[i].addr) == 0)
            w->rows[kept - 1].weight += w->rows[i].weight;
        else
            w->rows[kept++] = w->rows[i];
    }
    w->num = kept;
}

int weights_open(struct weights **out, char err[WEIGHTS_ERR_MAX], const char *path)
{
    struct weights *w = calloc(1, sizeof *w);
    if (w == NULL)
        return line_error(err, WEIGHTS_ERR_MAX, -ENOMEM, path, 0, "no memory");
    int rc = lines_load(path, NULL, err, WEIGHTS_ERR_MAX, take_line, w);
    if (rc != 0) {
        weights_free(w);
        return rc;
    }
    add_up(w);
    *out = w;
    return 0;
}

void weights_free(struct weights *w)
{
    if (w == NULL)
        return;
    free(w->rows);
    free(w);
}

uint64_t weights_find(const struct weights *w, struct addr addr)
{
    struct row key = {.addr = addr};
    const struct row *row =
        w->num > 0 ? bsearch(&key, w->rows, w->num, sizeof w->rows[0], compare_rows) : NULL;
    return row != NULL ? row->weight : 0;
}

size_t weights_num(const struct weights *w)
{
    return w->num;
}
