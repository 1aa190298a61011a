#include "tools/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/names.h"
#include "tools/diff_rows.h"
#include "tools/sorter.h"

struct diff {
    struct text_store *texts;
    struct sorter *sides[NUM_DIFF_SIDES];
    struct diff_rows rows; /* of the side that is added */
    enum diff_side side;
    struct diff_file files[NUM_DIFF_SIDES];
    uint64_t records[NUM_DIFF_SIDES];
};

/* ---- fields ---- */

static const struct {
    const char *name;
    bool text;
} fields[NUM_DIFF_FIELDS] = {
#define NUMBER                 false
#define TEXT                   true
#define X(NAME, slug, is_text) {slug, is_text},
    DIFF_FIELDS(X)
#undef X
#undef TEXT
#undef NUMBER
};

const char *diff_field_name(enum diff_field field)
{
    return fields[field].name;
}

bool diff_field_is_text(enum diff_field field)
{
    return fields[field].text;
}

static void write_code(char out[DIFF_NUMBER_MAX], uint64_t code, const char *name)
{
    if (name != NULL)
        snprintf(out, DIFF_NUMBER_MAX, "%s", name);
    else
        snprintf(out, DIFF_NUMBER_MAX, "0x%04x", (unsigned)code);
}

void diff_number_text(char out[DIFF_NUMBER_MAX], enum diff_field field, uint64_t number)
{
    uint16_t code = (uint16_t)number;
    switch (field) {
    case DIFF_OUTCOME:
        snprintf(out, DIFF_NUMBER_MAX, "%s/%s", stage_slug(code >> 8), cause_slug(code & 255));
        return;
    case DIFF_VERSION: write_code(out, code, tls_version_name(code)); return;
    case DIFF_SUITE: write_code(out, code, tls_suite_name(code)); return;
    case DIFF_GROUP: write_code(out, code, tls_group_name(code)); return;
    case DIFF_SMTP_CODE:
    case DIFF_GREETING:
    case DIFF_EHLO:
    case DIFF_EHLO_TLS:
    case DIFF_KEY:
    case DIFF_ISSUER:
    case DIFF_LEAF:
    case DIFF_CHAIN:
    case NUM_DIFF_FIELDS: break;
    }
    snprintf(out, DIFF_NUMBER_MAX, "%llu", (unsigned long long)number);
}

/* ---- order ---- */

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_targets(const struct diff_row *a, const struct diff_row *b)
{
    int by = memcmp(a->host_digest, b->host_digest, sizeof a->host_digest);
    if (by == 0)
        by = order(a->has_addr, b->has_addr);
    if (by == 0)
        by = addr_cmp(a->addr, b->addr);
    return by != 0 ? by : order(a->port, b->port);
}

static int compare_rows(const void *one, const void *other)
{
    const struct diff_row *a = one, *b = other;
    int by = compare_targets(a, b);
    return by != 0 ? by : order(a->number, b->number);
}

/* ---- life ---- */

struct diff *diff_new(size_t memory_len, const char *folder)
{
    struct diff *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->texts = text_store_new(folder);
    bool good = d->texts != NULL;
    for (size_t i = 0; i < NUM_DIFF_SIDES; i++) {
        d->sides[i] =
            sorter_new(sizeof(struct diff_row), memory_len / NUM_DIFF_SIDES, compare_rows, folder);
        good &= d->sides[i] != NULL;
    }
    if (good) {
        diff_rows_init(&d->rows, d->texts);
        return d;
    }
    diff_free(d);
    return NULL;
}

void diff_free(struct diff *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < NUM_DIFF_SIDES; i++)
        sorter_free(d->sides[i]);
    diff_rows_cleanup(&d->rows);
    text_store_free(d->texts);
    free(d);
}

uint64_t diff_spilled(const struct diff *d)
{
    return sorter_spilled(d->sides[DIFF_OLD]) + sorter_spilled(d->sides[DIFF_NEW]);
}

int diff_text(struct diff *d, char err[DIFF_ERR_MAX], char out[STORED_TEXT_MAX], size_t *len,
              struct text_ref ref)
{
    return text_store_get(d->texts, err, out, len, ref);
}

int diff_value(struct diff *d, char err[DIFF_ERR_MAX], char out[STORED_TEXT_MAX], size_t *len,
               enum diff_field field, struct text_ref ref)
{
    if (diff_field_is_text(field))
        return diff_text(d, err, out, len, ref);
    diff_number_text(out, field, ref.digest);
    *len = strlen(out);
    return 0;
}

static int compare_moves(const void *one, const void *other)
{
    const struct tally_row *a = one, *b = other;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

struct tally_row *diff_moves(const struct tally *moves)
{
    struct tally_row *rows = malloc((moves->num + 1) * sizeof rows[0]);
    size_t n = 0, at = 0;
    if (rows == NULL)
        return NULL;
    while (tally_next(moves, &at, &rows[n]))
        n++;
    qsort(rows, n, sizeof rows[0], compare_moves);
    return rows;
}

/* ---- reading ---- */

static int add_block(struct diff *d, char err[DIFF_ERR_MAX], const struct block *block)
{
    size_t num = block_num_records(block);
    int rc = diff_rows_begin(&d->rows, err, block);
    for (size_t i = 0; rc == 0 && i < num; i++) {
        struct record r;
        struct diff_row row;
        block_record(block, &r, i);
        rc = diff_rows_make(&d->rows, err, &row, block, &r);
        if (rc != 0)
            break;
        row.number = d->records[d->side]++;
        rc = sorter_add(d->sides[d->side], err, &row);
    }
    return rc;
}

int diff_add(struct diff *d, char err[DIFF_ERR_MAX], enum diff_side side, const char *path)
{
    struct walk w;
    d->side = side;
    int rc = walk_open(&w, err, path);
    if (rc == 0)
        d->files[side].start_us = w.header->start_us;
    while (rc == 0 && (rc = walk_next(&w, err)) == 1)
        rc = w.item.kind == DATASET_BLOCK ? add_block(d, err, w.block) : 0;
    if (rc == 0 || rc == -ENODATA)
        d->files[side].end = walk_end_of(&w, rc);
    if (rc == 0)
        walk_note(&w, rc, path);
    walk_close(&w);
    diff_rows_cleanup(&d->rows);
    diff_rows_init(&d->rows, d->texts);
    return rc;
}

/* ---- comparing ---- */

/* the rows of both sides, side by side */
struct join {
    struct diff *d;
    struct diff_sum *sum;
    char *err;
    const void *next[NUM_DIFF_SIDES]; /* NULL: at the end */
};

static int advance(struct join *j, enum diff_side side)
{
    int rc = sorter_next(j->d->sides[side], j->err, &j->next[side]);
    if (rc == 0)
        j->next[side] = NULL;
    return rc < 0 ? rc : 0;
}

static uint32_t compare_fields(struct diff_sum *sum, const struct diff_row *old,
                               const struct diff_row *new)
{
    uint32_t changed = 0;
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++) {
        uint64_t a = old->fields[f].digest, b = new->fields[f].digest;
        sum->fields[f].only[DIFF_OLD] += a != 0 && b == 0;
        sum->fields[f].only[DIFF_NEW] += a == 0 && b != 0;
        if (a == 0 || b == 0)
            continue;
        sum->fields[f].compared++;
        if (a == b)
            continue;
        sum->fields[f].changed++;
        if (!fields[f].text)
            tally_add(&sum->fields[f].moves, a << 32 | b, 1);
        changed |= UINT32_C(1) << f;
    }
    return changed;
}

/* takes the next change, or none: sides that are the same; *change tells which rows are used */
static bool take_change(struct join *j, struct diff_change *change)
{
    const struct diff_row *old = j->next[DIFF_OLD], *new = j->next[DIFF_NEW];
    int by = old == NULL ? 1 : new == NULL ? -1 : compare_targets(old, new);
    *change = (struct diff_change){
        .kind = by < 0   ? DIFF_VANISHED
                : by > 0 ? DIFF_APPEARED
                         : DIFF_CHANGED,
        .sides = {by <= 0 ? old : NULL, by >= 0 ? new : NULL},
    };
    if (by != 0) {
        *(by < 0 ? &j->sum->vanished : &j->sum->appeared) += 1;
        return true;
    }
    change->changed = compare_fields(j->sum, old, new);
    *(change->changed != 0 ? &j->sum->changed : &j->sum->same) += 1;
    return change->changed != 0;
}

static int join_sides(struct join *j, diff_each *each, void *ctx)
{
    int rc = advance(j, DIFF_OLD);
    if (rc == 0)
        rc = advance(j, DIFF_NEW);
    while (rc == 0 && (j->next[DIFF_OLD] != NULL || j->next[DIFF_NEW] != NULL)) {
        struct diff_change change;
        if (take_change(j, &change))
            rc = each(ctx, j->err, j->d, &change);
        for (enum diff_side side = 0; rc == 0 && side < NUM_DIFF_SIDES; side++)
            if (change.sides[side] != NULL)
                rc = advance(j, side);
    }
    return rc;
}

int diff_run(struct diff *d, struct diff_sum *sum, char err[DIFF_ERR_MAX], diff_each *each,
             void *ctx)
{
    struct join j = {.d = d, .sum = sum, .err = err};
    bool bad = false;
    *sum = (struct diff_sum){.files = {d->files[DIFF_OLD], d->files[DIFF_NEW]},
                             .records = {d->records[DIFF_OLD], d->records[DIFF_NEW]}};
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++)
        tally_init(&sum->fields[f].moves);
    int rc = sorter_finish(d->sides[DIFF_OLD], err);
    if (rc == 0)
        rc = sorter_finish(d->sides[DIFF_NEW], err);
    if (rc == 0)
        rc = join_sides(&j, each, ctx);
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++)
        bad |= sum->fields[f].moves.bad;
    if (rc == 0 && bad) {
        snprintf(err, DIFF_ERR_MAX, "no memory for the comparison");
        rc = -ENOMEM;
    }
    return rc;
}

void diff_sum_cleanup(struct diff_sum *sum)
{
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++)
        tally_cleanup(&sum->fields[f].moves);
}
