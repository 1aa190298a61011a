#include "tools/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cert_table.h"
#include "tools/partial.h"

/* ---- sweeps ---- */

void sweeps_cleanup(struct sweeps *s)
{
    for (size_t i = 0; i < s->num; i++)
        coverage_cleanup(&s->list[i].coverage);
    free(s->list);
    *s = (struct sweeps){0};
}

/* returns what is covered of a file's sweep; NULL without memory */
static struct coverage *sweep_of(struct sweeps *s, const struct dataset_header *header,
                                 const char *path)
{
    for (size_t i = 0; i < s->num; i++) {
        struct coverage *c = &s->list[i].coverage;
        if (memcmp(c->sweep_id, header->sweep_id, sizeof header->sweep_id) == 0)
            return c;
    }
    struct sweep *list = realloc(s->list, (s->num + 1) * sizeof list[0]);
    if (list == NULL)
        return NULL;
    s->list = list;
    list[s->num].path = path;
    coverage_init(&list[s->num].coverage, header);
    return &list[s->num++].coverage;
}

/* ---- one file ---- */

struct verifying {
    struct walk w;
    struct verified *out;
    struct coverage *sweep;
    struct word_tally certs, missing;   /* hashes that came so far; that did not, and were named */
    uint64_t lines;                     /* of a stream, that were read; 0: none */
    uint8_t list_sha256[32];            /* of those */
    bool after_trailer;                 /* nothing but an index came since */
    struct dataset_index_entry *blocks; /* as the file has them: what an index must say */
    size_t blocks_cap;
    char *err;
};

static int damaged(struct verifying *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int damaged(struct verifying *v, const char *format, ...)
{
    char what[DATASET_ERR_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    snprintf(v->err, WALK_ERR_MAX, "%s: frame %llu at offset %llu, block %llu: %s", v->w.path,
             (unsigned long long)v->w.item.number, (unsigned long long)v->w.item.offset,
             (unsigned long long)v->w.blocks, what);
    return -EBADMSG;
}

static int no_memory(struct verifying *v)
{
    snprintf(v->err, WALK_ERR_MAX, "%s: no memory to verify it", v->w.path);
    return -ENOMEM;
}

static int check_chains(struct verifying *v)
{
    const struct block *b = v->w.block;
    size_t num_certs = block_num_certs(b), num_chains = block_num_chains(b);
    for (size_t i = 0; i < num_certs; i++) {
        uint8_t sha256[32];
        block_cert(b, i, sha256);
        word_tally_add(&v->certs, bytes_of(sha256, sizeof sha256), 0);
    }
    struct cbor_reader r = cbor_reader_of(block_reduced(b));
    struct reduced_cert reduced;
    int rc;
    while ((rc = reduced_cert_next(&r, &reduced)) == 1)
        word_tally_add(&v->certs, bytes_of(reduced.sha256, sizeof reduced.sha256), 0);
    if (rc != 0)
        return damaged(v, "what it says of reduced certificates is malformed");
    if (v->certs.bad)
        return no_memory(v);
    for (size_t i = 0; i < num_chains; i++) {
        uint16_t num;
        bool cut;
        const uint8_t(*chain)[32] = block_chain(b, i, &num, &cut);
        for (uint16_t k = 0; k < num; k++) {
            struct bytes hash = bytes_of(chain[k], 32);
            if (word_tally_find(&v->certs, hash) != WORD_NONE)
                continue;
            if (v->out->repairs == 0)
                return damaged(v, "chain %zu names a certificate that came in no block so far", i);
            word_tally_add(&v->missing, hash, 0);
        }
    }
    return v->missing.bad ? no_memory(v) : 0;
}

static bool runs_contain(const struct dataset_run *runs, size_t num, uint32_t step,
                         uint64_t position)
{
    while (num > 0) {
        size_t half = num / 2;
        if (position < runs[half].first) {
            num = half;
        } else if ((position - runs[half].first) / step < runs[half].count) {
            return true;
        } else {
            runs += half + 1;
            num -= half + 1;
        }
    }
    return false;
}

/* returns how many positions have records: of a host name, a record for each address. Records come
 * in two groups, each in the order of positions; no position is in both. */
static uint64_t count_positions(const struct block *b)
{
    size_t num = block_num_records(b), in_full = block_num_in_full(b);
    uint64_t count = 0, last = 0;
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(b, &r, i);
        count += i == 0 || i == in_full || r.position != last;
        last = r.position;
    }
    return count;
}

/* every record's position is marked done here, and every position done has a record or was counted
 */
static int check_positions(struct verifying *v)
{
    size_t num_runs, num_counted, num_records = block_num_records(v->w.block);
    const struct dataset_run *runs = block_runs(v->w.block, &num_runs);
    const struct block_unrecorded *counted = block_unrecorded(v->w.block, &num_counted);
    uint64_t done = 0;
    uint64_t accounted = count_positions(v->w.block) + block_num_skipped(v->w.block);
    for (size_t i = 0; i < num_runs; i++)
        done += runs[i].count;
    for (size_t i = 0; i < num_counted; i++)
        accounted += counted[i].count;
    for (size_t i = 0; i < num_records; i++) {
        struct record r;
        block_record(v->w.block, &r, i);
        if (!runs_contain(runs, num_runs, v->w.header->num_shards, r.position))
            return damaged(v, "position %llu has a record and is not marked done",
                           (unsigned long long)r.position);
    }
    if (accounted != done)
        return damaged(v, "%llu positions are marked done, and %llu have a record or were counted",
                       (unsigned long long)done, (unsigned long long)accounted);
    v->out->records += num_records;
    v->out->positions += done;
    return coverage_add(v->sweep, v->w.header->shard, runs, num_runs) != 0 ? no_memory(v) : 0;
}

static int note_block(struct verifying *v)
{
    block_consumed(v->w.block, &v->lines, v->list_sha256);
    if (v->out->blocks == v->blocks_cap) {
        size_t cap = v->blocks_cap > 0 ? 2 * v->blocks_cap : 64;
        struct dataset_index_entry *grown = realloc(v->blocks, cap * sizeof grown[0]);
        if (grown == NULL)
            return no_memory(v);
        v->blocks = grown;
        v->blocks_cap = cap;
    }
    v->blocks[v->out->blocks++] = (struct dataset_index_entry){
        .offset = v->w.item.offset,
        .frame_len = v->w.item.frame_len,
        .payload_len = v->w.item.payload.len,
        .records = block_num_records(v->w.block),
    };
    return 0;
}

static int check_event(struct verifying *v)
{
    v->after_trailer = false;
    v->out->events++;
    v->out->repairs += bytes_equal(v->w.event.what, bytes_text(DATASET_EVENT_REPAIRED));
    return 0;
}

static int check_trailer(struct verifying *v)
{
    const struct dataset_trailer *t = &v->w.trailer;
    const struct verified *out = v->out;
    const uint8_t *list = v->lines == t->lines ? v->list_sha256 : NULL;
    v->after_trailer = true;
    if (t->has_lines && !coverage_end(v->sweep, t->lines, list))
        return damaged(v, "the list of targets ends otherwise than that of another file");
    if (t->records == out->records && t->positions == out->positions && t->blocks == out->blocks)
        return 0;
    return damaged(v,
                   "the trailer counts %llu records, %llu positions, %llu blocks; there are %llu, "
                   "%llu, %llu",
                   (unsigned long long)t->records, (unsigned long long)t->positions,
                   (unsigned long long)t->blocks, (unsigned long long)out->records,
                   (unsigned long long)out->positions, (unsigned long long)out->blocks);
}

static int check_index(struct verifying *v)
{
    char why[DATASET_ERR_MAX] = "";
    size_t num = 0;
    struct dataset_index_entry *list = calloc(v->out->blocks + 1, sizeof list[0]);
    if (list == NULL)
        return no_memory(v);
    int rc = dataset_index_decode(list, v->out->blocks, &num, v->w.item.payload, why);
    if (rc != 0)
        rc = damaged(v, "index: %s", why);
    else if (num != v->out->blocks)
        rc = damaged(v, "the index lists %zu blocks; there are %llu", num,
                     (unsigned long long)v->out->blocks);
    for (size_t i = 0; rc == 0 && i < num; i++)
        if (list[i].offset != v->blocks[i].offset || list[i].frame_len != v->blocks[i].frame_len ||
            list[i].payload_len != v->blocks[i].payload_len ||
            list[i].records != v->blocks[i].records)
            rc = damaged(v, "the index has block %zu otherwise than the file", i + 1);
    free(list);
    return rc;
}

static int check_block(struct verifying *v)
{
    if (v->after_trailer)
        return damaged(v, "it follows a trailer, and no event says that the sweep was resumed");
    int rc = check_chains(v);
    if (rc == 0)
        rc = check_positions(v);
    return rc != 0 ? rc : note_block(v);
}

static int check_item(struct verifying *v)
{
    v->out->frames++;
    v->out->bytes = v->w.item.offset + v->w.item.frame_len;
    switch (v->w.item.kind) {
    case DATASET_BLOCK: return check_block(v);
    case DATASET_TRAILER: return check_trailer(v);
    case DATASET_INDEX: return check_index(v);
    case DATASET_EVENT: return check_event(v);
    case DATASET_HEADER: break;
    }
    return 0;
}

int verify_file(struct verified *out, struct sweeps *sweeps, char err[WALK_ERR_MAX],
                const char *path)
{
    struct verifying v = {.out = out, .err = err};
    *out = (struct verified){.frames = 1};
    word_tally_init(&v.certs);
    word_tally_init(&v.missing);
    int rc = walk_open(&v.w, err, path);
    if (rc != 0)
        goto out;
    memcpy(out->id, v.w.header->id, sizeof out->id);
    out->shard = v.w.header->shard;
    v.sweep = sweep_of(sweeps, v.w.header, path);
    if (v.sweep == NULL) {
        rc = no_memory(&v);
        goto out;
    }
    while ((rc = walk_next(&v.w, err)) == 1)
        if ((rc = check_item(&v)) != 0)
            goto out;
    if (rc == 0 || rc == -ENODATA)
        out->end = walk_end_of(&v.w, rc);
    out->certificates = v.certs.num;
    out->missing_certs = v.missing.num;
out:
    walk_close(&v.w);
    word_tally_cleanup(&v.certs);
    word_tally_cleanup(&v.missing);
    free(v.blocks);
    return rc;
}
