#include "tools/sorter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* a sorted run in the file, and what was read of it */
struct run {
    uint64_t offset, left; /* rows that are not read yet */
    uint8_t *buffer;
    size_t num, at; /* rows in the buffer; the next of them */
};

struct sorter {
    size_t row_len, cap; /* rows in memory */
    sorter_compare *compare;
    const char *folder;
    uint8_t *rows;
    size_t num, at;
    int fd; /* -1: nothing is spilled */
    uint64_t file_len, spilled;
    struct run runs[SORTER_RUNS_MAX];
    size_t num_runs;
    struct run *last; /* whose row was given last */
};

struct sorter *sorter_new(size_t row_len, size_t memory_len, sorter_compare *compare,
                          const char *folder)
{
    struct sorter *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct sorter){
        .row_len = row_len, .cap = memory_len / row_len, .compare = compare, .folder = folder};
    s->fd = -1;
    if (s->cap < SORTER_ROWS_MIN)
        s->cap = SORTER_ROWS_MIN;
    s->rows = malloc(s->cap * row_len);
    if (s->rows == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void sorter_free(struct sorter *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s->rows);
    free(s);
}

uint64_t sorter_spilled(const struct sorter *s)
{
    return s->spilled;
}

/* ---- reading runs ---- */

/* parts the memory among the runs, and an end of it for what is written */
static void share_memory(struct sorter *s, size_t *share)
{
    *share = s->cap / (s->num_runs + 1);
    for (size_t i = 0; i < s->num_runs; i++)
        s->runs[i].buffer = s->rows + i * *share * s->row_len;
}

static int refill(struct sorter *s, char err[SPILL_ERR_MAX], struct run *r, size_t share)
{
    size_t num = r->left < share ? (size_t)r->left : share;
    int rc = spill_read(err, s->folder, s->fd, r->buffer, num * s->row_len, r->offset);
    r->offset += num * s->row_len;
    r->left -= num;
    r->num = num;
    r->at = 0;
    return rc;
}

static const uint8_t *row_of(const struct sorter *s, const struct run *r)
{
    return r->buffer + r->at * s->row_len;
}

/* the least of the runs' next rows: 1, 0 at the end, or negative */
static int merge_next(struct sorter *s, char err[SPILL_ERR_MAX], const void **row, size_t share)
{
    struct run *least = NULL;
    if (s->last != NULL)
        s->last->at++;
    for (struct run *r = s->runs; r < s->runs + s->num_runs; r++) {
        int rc = r->at == r->num && r->left > 0 ? refill(s, err, r, share) : 0;
        if (rc != 0)
            return rc;
        if (r->at < r->num && (least == NULL || s->compare(row_of(s, r), row_of(s, least)) < 0))
            least = r;
    }
    s->last = least;
    if (least == NULL)
        return 0;
    *row = row_of(s, least);
    return 1;
}

/* ---- writing runs ---- */

static int write_rows(struct sorter *s, char err[SPILL_ERR_MAX], int fd, uint64_t *file_len,
                      const uint8_t *rows, size_t num)
{
    int rc = spill_write(err, s->folder, fd, rows, num * s->row_len, *file_len);
    *file_len += num * s->row_len;
    s->spilled += num * s->row_len;
    return rc;
}

/* merges all runs into the first one of a new file */
static int collapse(struct sorter *s, char err[SPILL_ERR_MAX])
{
    const void *row;
    size_t share, num = 0;
    uint64_t len = 0;
    int rc, fd = spill_open(err, s->folder);
    if (fd < 0)
        return fd;
    share_memory(s, &share);
    uint8_t *out = s->rows + s->num_runs * share * s->row_len;
    while ((rc = merge_next(s, err, &row, share)) == 1) {
        memcpy(out + num * s->row_len, row, s->row_len);
        if (++num < share)
            continue;
        if ((rc = write_rows(s, err, fd, &len, out, num)) != 0)
            break;
        num = 0;
    }
    if (rc == 0)
        rc = write_rows(s, err, fd, &len, out, num);
    close(s->fd);
    s->fd = fd;
    s->file_len = len;
    s->runs[0] = (struct run){.offset = 0, .left = len / s->row_len};
    s->num_runs = 1;
    s->last = NULL;
    return rc;
}

static int spill(struct sorter *s, char err[SPILL_ERR_MAX])
{
    if (s->fd < 0 && (s->fd = spill_open(err, s->folder)) < 0)
        return s->fd;
    qsort(s->rows, s->num, s->row_len, s->compare);
    s->runs[s->num_runs++] = (struct run){.offset = s->file_len, .left = s->num};
    int rc = write_rows(s, err, s->fd, &s->file_len, s->rows, s->num);
    s->num = 0;
    return rc == 0 && s->num_runs == SORTER_RUNS_MAX ? collapse(s, err) : rc;
}

int sorter_add(struct sorter *s, char err[SPILL_ERR_MAX], const void *row)
{
    int rc = s->num == s->cap ? spill(s, err) : 0;
    if (rc != 0)
        return rc;
    memcpy(s->rows + s->num++ * s->row_len, row, s->row_len);
    return 0;
}

/* ---- the end ---- */

int sorter_finish(struct sorter *s, char err[SPILL_ERR_MAX])
{
    size_t share;
    if (s->fd < 0) {
        if (s->num > 0)
            qsort(s->rows, s->num, s->row_len, s->compare);
        return 0;
    }
    int rc = s->num > 0 ? spill(s, err) : 0;
    share_memory(s, &share);
    return rc;
}

int sorter_next(struct sorter *s, char err[SPILL_ERR_MAX], const void **row)
{
    if (s->fd >= 0)
        return merge_next(s, err, row, s->cap / (s->num_runs + 1));
    if (s->at == s->num)
        return 0;
    *row = s->rows + s->at++ * s->row_len;
    return 1;
}
