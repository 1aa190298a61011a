#include "tools/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/block_reduce.h"
#include "core/dataset_on.h"
#include "core/times.h"
#include "tools/coverage.h"
#include "tools/merge_header.h"
#include "tools/merge_source.h"
#include "tools/new_file.h"
#include "tools/tally.h"

struct merging;

/* a file in the middle of being merged */
struct merge_file {
    struct merge_source source;
    struct merging *all;
    struct merge_part *part;
    uint64_t position; /* that comes next */
};

struct merging {
    struct merged *out;
    char *err;
    struct new_file file;
    struct dataset_writer *to; /* writes to it */
    struct merge_header header;
    struct merge_file *files;
    struct merge_part *parts;
    size_t num_files;
    struct merge_file **heap; /* those that have a position, the smallest first */
    size_t num_heap;
    struct word_tally certs; /* hashes of those that were written */
    struct coverage coverage;
    uint64_t end_us; /* of the latest trailer */
    struct merge_done done;
};

static int no_memory(struct merging *m)
{
    snprintf(m->err, WALK_ERR_MAX, "no memory to merge");
    return -ENOMEM;
}

static int seal_if(struct merging *m, bool due)
{
    return due ? dataset_seal(m->to, m->err) : 0;
}

/* ---- events ---- */

/* writes an event with the file's name in front of its details; those that have no room come in
 * another */
static int put_event(struct merge_file *f, uint64_t at_us, const char *what,
                     const struct dataset_pair *details, size_t num)
{
    struct dataset_pair with_file[DATASET_DETAILS_MAX];
    size_t at = 0;
    int rc;
    with_file[0] = (struct dataset_pair){bytes_text("file"), bytes_text(f->part->path)};
    do {
        size_t n = num - at < DATASET_DETAILS_MAX - 1 ? num - at : DATASET_DETAILS_MAX - 1;
        memcpy(with_file + 1, details + at, n * sizeof details[0]);
        rc = dataset_event(f->all->to, f->all->err, at_us, what, with_file, 1 + n);
        at += n;
    } while (rc == 0 && at < num);
    return rc;
}

/* what a partial says in place of certificates is about its own blocks */
static int refuse_partial(const struct merge_file *f)
{
    snprintf(f->all->err, WALK_ERR_MAX,
             "%s: is a partial, which only reports put together; merge the datasets that partials "
             "are made of",
             f->part->path);
    return -EINVAL;
}

static int on_event(void *context, const struct dataset_event_view *e)
{
    struct merge_file *f = context;
    if (bytes_equal(e->what, bytes_text(DATASET_EVENT_REDUCED)))
        return refuse_partial(f);
    char what[257]; /* core/dataset_items.c lets no longer ones through */
    uint64_t at_us;
    snprintf(what, sizeof what, "%.*s", (int)e->what.len, (const char *)e->what.data);
    if (__builtin_add_overflow(e->at_us, f->part->later_us, &at_us))
        at_us = UINT64_MAX;
    return put_event(f, at_us, what, e->details, e->num_details);
}

static bool agreed(const struct merge_header *m, const struct dataset_pair *option)
{
    for (size_t i = 0; i < m->header.num_options; i++)
        if (bytes_equal(m->header.options[i].key, option->key))
            return true;
    return false;
}

/* tells of a part what the header of the whole cannot say */
static int tell_part(struct merge_file *f)
{
    const struct dataset_header *h = f->part->header;
    const struct merge_header *m = &f->all->header;
    struct dataset_pair *details = calloc(h->num_options + 6, sizeof details[0]);
    char id[33], shard[32], start[TIME_TEXT_MAX];
    size_t num = 0;
    if (details == NULL)
        return no_memory(f->all);
    for (size_t i = 0; i < sizeof h->id; i++)
        snprintf(id + 2 * i, 3, "%02x", h->id[i]);
    snprintf(shard, sizeof shard, "%u of %u", h->shard, h->num_shards);
    time_rfc3339(start, h->start_us);
    details[num++] = (struct dataset_pair){bytes_text("id"), bytes_text(id)};
    details[num++] = (struct dataset_pair){bytes_text("shard"), bytes_text(shard)};
    details[num++] = (struct dataset_pair){bytes_text("start"), bytes_text(start)};
    details[num++] = (struct dataset_pair){bytes_text("tool"), h->tool};
    if (h->user_metadata.len > 0 && m->header.user_metadata.len == 0)
        details[num++] = (struct dataset_pair){bytes_text("user-metadata"), h->user_metadata};
    for (size_t i = 0; i < h->num_options; i++)
        if (!agreed(m, &h->options[i]))
            details[num++] = h->options[i];
    int rc = put_event(f, f->part->later_us, "part", details, num);
    free(details);
    return rc;
}

/* ---- blocks ---- */

static int put_cert(struct merging *m, struct bytes der, const uint8_t sha256[32])
{
    size_t before = m->certs.num;
    word_tally_add(&m->certs, bytes_of(sha256, 32), 0);
    if (m->certs.bad)
        return no_memory(m);
    if (m->certs.num == before)
        return 0;
    int rc = dataset_add_cert(m->to, der);
    if (rc == -ENOBUFS && (rc = dataset_seal(m->to, m->err)) == 0)
        rc = dataset_add_cert(m->to, der);
    if (rc != 0 && rc != -ENOMEM)
        snprintf(m->err, WALK_ERR_MAX,
                 "a block's certificates are too many to be put into another");
    return rc == -ENOMEM ? no_memory(m) : rc;
}

static int on_block(void *context, const struct block *b)
{
    struct merge_file *f = context;
    struct merging *m = f->all;
    const struct dataset_header *h = f->part->header;
    size_t num_runs;
    uint64_t lines;
    uint8_t sha256[32];
    const struct dataset_run *runs = block_runs(b, &num_runs);
    if (block_reduced(b).len > 0 || block_verdicts(b).len > 0)
        return refuse_partial(f);
    if (coverage_add(&m->coverage, h->shard, runs, num_runs) != 0)
        return no_memory(m);
    m->out->blocks_before++;
    for (size_t i = 0; i < block_num_certs(b); i++) {
        struct bytes der = block_cert(b, i, sha256);
        int rc = put_cert(m, der, sha256);
        if (rc != 0)
            return rc;
    }
    if (block_consumed(b, &lines, sha256))
        dataset_consumed(m->to, lines, sha256);
    return 0;
}

/* ---- positions ---- */

/* fits a record into the new file; false: its times are out of all bounds */
static bool fit(struct record *r, const struct merge_part *part)
{
    bool good = !__builtin_add_overflow(r->start_us, part->later_us, &r->start_us);
    for (size_t i = 0; i < r->num_attempts; i++)
        good &= !__builtin_add_overflow(r->attempts[i].start_us, part->later_us,
                                        &r->attempts[i].start_us);
    r->source = part->sources[r->source];
    if (r->has_tls)
        r->hello = part->hellos[r->hello];
    return good;
}

static int add_done(struct merging *m)
{
    const struct merge_done *d = &m->done;
    const struct record *records[RECORD_NAME_ADDRS_MAX];
    const struct bytes *no_ders[RECORD_NAME_ADDRS_MAX] = {NULL};
    for (size_t i = 0; i < d->num_records; i++)
        records[i] = &d->records[i];
    switch (d->kind) {
    case MERGE_RECORDS: return dataset_add_all(m->to, records, no_ders, d->num_records);
    case MERGE_COUNTED:
        return dataset_count(m->to, d->position, (enum stage)d->stage, (enum cause)d->cause);
    case MERGE_SKIPPED: break;
    }
    return dataset_skip(m->to, d->position);
}

static int fail_position(struct merging *m, const struct merge_file *f, int rc)
{
    snprintf(m->err, WALK_ERR_MAX, "%s: position %llu: %s", f->part->path,
             (unsigned long long)m->done.position,
             rc == -EINVAL  ? "what it holds is unknown to this version of mxstat, or out of bounds"
             : rc == -E2BIG ? "too large for a block"
                            : "no memory to merge it");
    return rc;
}

static int put_position(struct merging *m, struct merge_file *f)
{
    bool good = true;
    merge_source_take(&f->source, &m->done);
    for (size_t i = 0; i < m->done.num_records; i++)
        good &= fit(&m->done.records[i], f->part);
    int rc = good ? add_done(m) : -EINVAL;
    if (rc == -ENOBUFS) {
        rc = dataset_seal(m->to, m->err);
        if (rc != 0)
            return rc;
        rc = add_done(m);
    }
    if (rc != 0)
        return fail_position(m, f, rc);
    return seal_if(m, dataset_pending(m->to) >= DATASET_BLOCK_TARGET);
}

/* ---- the files by the position that comes next ---- */

static void sift_down(struct merging *m, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < m->num_heap; i = child) {
        struct merge_file **h = m->heap;
        if (child + 1 < m->num_heap && h[child + 1]->position < h[child]->position)
            child++;
        if (h[i]->position <= h[child]->position)
            return;
        struct merge_file *f = h[i];
        h[i] = h[child];
        h[child] = f;
    }
}

/* finds the next position of the file at the top, or drops it */
static int move_on(struct merging *m)
{
    struct merge_file *f = m->heap[0];
    int rc = merge_source_peek(&f->source, &f->position, m->err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        m->heap[0] = m->heap[--m->num_heap];
    sift_down(m, 0);
    return 0;
}

static int merge_all(struct merging *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->num_files && rc == 0; i++) {
        struct merge_file *f = &m->files[i];
        rc = merge_source_peek(&f->source, &f->position, m->err);
        if (rc == 1)
            m->heap[m->num_heap++] = f;
        rc = rc > 0 ? 0 : rc;
    }
    for (size_t i = m->num_heap; i-- > 0;)
        sift_down(m, i);
    while (rc == 0 && m->num_heap > 0) {
        rc = put_position(m, m->heap[0]);
        rc = rc == 0 ? move_on(m) : rc;
    }
    return rc;
}

/* ---- beginning and end ---- */

static int open_all(struct merging *m, char *const *paths, size_t num)
{
    m->files = calloc(num, sizeof m->files[0]);
    m->parts = calloc(num, sizeof m->parts[0]);
    m->heap = calloc(num, sizeof m->heap[0]);
    if (m->files == NULL || m->parts == NULL || m->heap == NULL)
        return no_memory(m);
    for (size_t i = 0; i < num; i++) {
        struct merge_file *f = &m->files[i];
        int rc = merge_source_open(&f->source, m->err, paths[i]);
        m->num_files++;
        if (rc != 0)
            return rc;
        f->all = m;
        f->part = &m->parts[i];
        f->source.listener = (struct merge_listener){on_event, on_block, f};
        m->parts[i].path = paths[i];
        m->parts[i].header = f->source.walk.header;
    }
    return merge_header_init(&m->header, m->err, m->parts, num);
}

static int tell_parts(struct merging *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->num_files && rc == 0; i++)
        rc = tell_part(&m->files[i]);
    return rc;
}

/* the worst end of all: complete only if all are. How parts end that go on in the next, the last of
 * them says. */
static int note_end(struct merging *m, const struct merge_file *f)
{
    const struct walk *w = &f->source.walk;
    bool has_end = !f->source.is_torn && w->has_trailer;
    enum dataset_reason reason = has_end ? w->trailer.reason : DATASET_STOPPED;
    uint64_t end_us;
    m->out->num_torn += f->source.is_torn;
    m->out->octets_before += w->item.offset + w->item.frame_len;
    if (reason != DATASET_ROTATED && reason > m->out->reason)
        m->out->reason = reason;
    if (has_end && !__builtin_add_overflow(w->trailer.end_us, f->part->later_us, &end_us) &&
        end_us > m->end_us)
        m->end_us = end_us;
    if (!has_end || !w->trailer.has_lines)
        return 0;
    dataset_stream_end(m->to, w->trailer.lines);
    if (coverage_end(&m->coverage, w->trailer.lines, NULL))
        return 0;
    snprintf(m->err, WALK_ERR_MAX, "%s: its list of targets is not as long as that of another part",
             f->part->path);
    return -EINVAL;
}

/* of the merged positions: none is there twice, and those that are missing are counted */
static int check_coverage(struct merging *m)
{
    struct coverage_sum sum;
    coverage_sum(&m->coverage, &sum, NULL, 0);
    if (sum.duplicates > 0) {
        snprintf(
            m->err, WALK_ERR_MAX,
            "%llu targets are done in more than one of the files, which cannot be parts of one "
            "sweep; see mxstat verify",
            (unsigned long long)sum.duplicates);
        return -EINVAL;
    }
    uint64_t all = m->coverage.count;
    const struct dataset_header *h = &m->header.header;
    if (h->num_shards > 1)
        all = all > h->shard ? (all - h->shard - 1) / h->num_shards + 1 : 0;
    m->out->missing = all - sum.done;
    return 0;
}

static int finish(struct merging *m)
{
    struct dataset_totals totals;
    int rc = 0;
    m->out->reason = DATASET_COMPLETE;
    for (size_t i = 0; i < m->num_files && rc == 0; i++)
        rc = note_end(m, &m->files[i]);
    rc = rc == 0 ? check_coverage(m) : rc;
    rc = rc == 0 ? dataset_seal(m->to, m->err) : rc;
    if (rc != 0)
        return rc;
    bool open_ended = m->coverage.streamed && !m->coverage.has_end;
    if (m->out->reason == DATASET_COMPLETE && (m->out->missing > 0 || open_ended))
        m->out->reason = DATASET_STOPPED;
    dataset_writer_totals(m->to, &totals);
    m->out->records = totals.records;
    m->out->positions = totals.positions;
    m->out->blocks = totals.blocks;
    m->out->certificates = m->certs.num;
    rc = dataset_finish(m->to, m->err, m->end_us, m->out->reason);
    m->to = NULL;
    return rc;
}

static int create(struct merging *m, const char *path)
{
    coverage_init(&m->coverage, m->parts[0].header);
    int rc = new_file_open_dataset(&m->file, m->err, path);
    return rc == 0 ? dataset_create_on(&m->to, m->err, path, &m->header.header, &new_file_ops,
                                       &m->file)
                   : rc;
}

static void cleanup(struct merging *m)
{
    dataset_abandon(m->to);
    for (size_t i = 0; i < m->num_files; i++)
        merge_source_close(&m->files[i].source);
    free(m->files);
    free(m->parts);
    free(m->heap);
    merge_header_cleanup(&m->header);
    word_tally_cleanup(&m->certs);
    coverage_cleanup(&m->coverage);
}

int merge_files(struct merged *out, char err[WALK_ERR_MAX], const char *out_path,
                char *const *paths, size_t num)
{
    struct merging m = {.out = out, .err = err};
    *out = (struct merged){0};
    word_tally_init(&m.certs);
    int rc = open_all(&m, paths, num);
    rc = rc == 0 ? create(&m, out_path) : rc;
    rc = rc == 0 ? tell_parts(&m) : rc;
    rc = rc == 0 ? merge_all(&m) : rc;
    rc = rc == 0 ? finish(&m) : rc;
    cleanup(&m);
    if (!new_file_close(&m.file, err, rc == 0))
        rc = -EIO;
    struct stat st;
    if (rc == 0 && stat(out_path, &st) == 0)
        out->octets = (uint64_t)st.st_size;
    return rc;
}
