#include "core/dataset_write.h"

#include <errno.h>
#include <stdlib.h>

/* what is read before there is a builder */
struct scanned {
    struct shard_space shard;
    struct block_consumed consumed;   /* the most that a block said */
    /* of the part that was read last */
    struct dataset_trailer trailer;   /* the last one */
    uint64_t torn_bytes;
};

static int note_block(struct dataset_writer *w, struct scanned *s, const struct dataset_item *item,
                      char err[DATASET_ERR_MAX])
{
    struct block_summary sum;
    int rc = block_summarise(&sum, &w->sweep.done, item->payload, &s->shard);
    if (rc == 0)
        rc = writer_note_block(w, (struct dataset_index_entry){
                                      item->offset, item->frame_len, item->payload.len,
                                      sum.num_records, sum.first_position});
    if (rc != 0)
        return dataset_fail(err, rc, "%s: the block at octet %llu: %s", w->path,
                            (unsigned long long)item->offset,
                            rc == -ENOMEM ? "no memory" : "malformed, or done before");
    w->num_blocks++;
    w->totals.blocks++;
    w->totals.records += sum.num_records;
    w->totals.positions += sum.num_positions;
    if (sum.consumed.lines > s->consumed.lines)
        s->consumed = sum.consumed;
    return 0;
}

static int note_trailer(struct dataset_writer *w, struct scanned *s,
                        const struct dataset_item *item, char err[DATASET_ERR_MAX])
{
    char why[DATASET_ERR_MAX] = "";
    int rc = dataset_trailer_decode(&s->trailer, item->payload, why);
    return rc == 0 ? 0 : dataset_fail(err, rc, "%.300s: at octet %llu: %.150s", w->path,
                                      (unsigned long long)item->offset, why);
}

/* reads a part to its end, or to where its last write was cut short */
static int scan(struct dataset_writer *w, struct scanned *s, char err[DATASET_ERR_MAX])
{
    struct dataset_item item;
    int rc;
    s->torn_bytes = 0;
    while ((rc = dataset_next(w->sweep.reader, &item, err)) > 0) {
        if (item.kind == DATASET_BLOCK)
            rc = note_block(w, s, &item, err);
        else if (item.kind == DATASET_TRAILER)
            rc = note_trailer(w, s, &item, err);
        else
            rc = 0;
        if (rc != 0)
            return rc;
    }
    if (rc == -ENODATA || rc == -EBADMSG) {
        int torn = reader_tail_is_torn(w->sweep.reader, &s->torn_bytes);
        rc = torn > 0 ? 0 : torn < 0 ? torn : rc;   /* err says where the damage is */
        if (rc != 0)
            s->torn_bytes = 0;
    }
    w->end = w->totals.bytes = reader_place(w->sweep.reader, w->previous);
    return rc;
}

static bool is_ended(const struct dataset_writer *w, const struct scanned *s)
{
    return dataset_reader_finished(w->sweep.reader) && s->trailer.reason == DATASET_COMPLETE;
}

/* whether nothing is left to do: of a stream, its writer must have said so */
static bool is_finished(const struct dataset_writer *w, const struct scanned *s)
{
    struct dataset_totals all;
    dataset_writer_totals(w, &all);
    return s->shard.streamed ? is_ended(w, s) : all.positions == s->shard.num_slots;
}

/* ---- the parts of a sweep ---- */

static const struct dataset_header *header_of_part(const struct dataset_writer *w)
{
    return dataset_reader_header(w->sweep.reader);
}

/* opens the file at w->path for writing */
static int open_locked(struct dataset_writer *w, char err[DATASET_ERR_MAX],
                       const struct file_ops *ops, void *context)
{
    int rc = file_open(&w->file, w->path, ops, context);
    if (rc == -EAGAIN)
        return dataset_fail(err, rc, "%s: another process is writing it", w->path);
    return rc == 0 ? 0
                   : dataset_fail(err, rc, "%s: cannot be opened for writing: %s", w->path,
                                  strerrordesc_np(-rc));
}

static int open_and_read(struct dataset_writer *w, char err[DATASET_ERR_MAX],
                         const struct file_ops *ops, void *context)
{
    int rc = open_locked(w, err, ops, context);
    return rc == 0 ? reader_open(&w->sweep.reader, err, w->file.fd, w->path) : rc;
}

/* opens the first part, where w->path is the name of any */
static int open_first(struct dataset_writer *w, char err[DATASET_ERR_MAX],
                      const struct file_ops *ops, void *context)
{
    int rc = open_and_read(w, err, ops, context);
    uint32_t part = rc == 0 ? header_of_part(w)->part : 0;
    if (part == 0)
        return rc;
    char *first = part_first_path(w->path, part);
    if (first == NULL)
        return dataset_fail(err, -EINVAL,
                            "%s: is part %u of a sweep, and not named so: give it the name of the "
                            "first part, with .%04u before .mxs.zst",
                            w->path, part, part);
    dataset_close(w->sweep.reader);
    w->sweep.reader = NULL;
    file_close(&w->file);
    free(w->path);
    w->path = first;
    rc = open_and_read(w, err, ops, context);
    if (rc == 0 && header_of_part(w)->part != 0)
        rc = dataset_fail(err, -EINVAL, "%s: is not the first part of its sweep", w->path);
    return rc;
}

/* fails because of what is where the next part must be; rc and why: what came of opening that */
static int fail_next(const struct dataset_writer *w, char err[DATASET_ERR_MAX], int rc,
                     const char *path, const char *why)
{
    if (rc == -ENOENT)
        return dataset_fail(err, rc, "%.230s: is missing: %.230s goes on in it", path, w->path);
    if (rc != 0)
        return dataset_fail(err, rc, "%s", why);
    return dataset_fail(err, -EINVAL, "%.200s: is not the part that %.200s goes on in", path,
                        w->path);
}

/* from the part that was read to the next, which is r at path; both are w's then */
static void enter_part(struct dataset_writer *w, char *path, struct dataset_reader *r)
{
    if (w->sweep.first_path == NULL)
        w->sweep.first_path = w->path;
    else
        free(w->path);
    w->path = path;
    w->part++;
    dataset_close(w->sweep.reader);
    w->sweep.reader = r;
    writer_add_totals(w);
    w->totals = (struct dataset_totals){0};
    w->num_blocks = 0;
}

/* goes to the part after the one that was read, if that goes on in one: 1, or 0 */
static int next_part(struct dataset_writer *w, struct scanned *s, char err[DATASET_ERR_MAX])
{
    char why[DATASET_ERR_MAX] = "";
    struct dataset_header next;
    struct dataset_reader *r = NULL;
    bool is_left = s->torn_bytes == 0 && dataset_reader_finished(w->sweep.reader) &&
                   s->trailer.reason == DATASET_ROTATED;
    header_next_part(&next, header_of_part(w));
    char *path = part_next_path(w);
    if (path == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", w->path);
    int rc = dataset_open(&r, why, path);
    bool follows = rc == 0 && part_follows(&next, dataset_reader_header(r));
    if (follows && (is_left || (s->torn_bytes == 0 && !part_is_begun(w, &next, path)))) {
        enter_part(w, path, r);
        return 1;
    }
    bool begun = !is_left && rc != -ENOENT && part_is_begun(w, &next, path);
    rc = is_left ? fail_next(w, err, rc, path, why) : 0;
    if (follows && !is_left && !begun)
        rc = dataset_fail(err, -EBADMSG,
                          "%.200s: is cut short, and %.200s has what came later: see mxstat verify",
                          w->path, path);
    if (r != NULL)
        dataset_close(r);
    if (begun)
        w->begun_path = path;
    else
        free(path);
    return rc;
}

/* ---- all of it ---- */

static int read_parts(struct dataset_writer *w, struct scanned *s, char err[DATASET_ERR_MAX],
                      const struct file_ops *ops, void *context)
{
    int rc = open_first(w, err, ops, context);
    if (rc != 0)
        return rc;
    run_set_init(&w->sweep.done, header_of_part(w)->num_shards);
    s->shard = shard_space_of(header_of_part(w));
    do {
        rc = scan(w, s, err);
        if (rc == 0)
            rc = next_part(w, s, err);
    } while (rc > 0);
    if (rc == 0 && w->part > 0) {
        w->sweep.first = w->file;
        w->file.fd = -1;
        rc = open_locked(w, err, ops, context);
    }
    return rc;
}

static int resume(struct dataset_writer *w, struct dataset_found *found, char err[DATASET_ERR_MAX],
                  const struct file_ops *ops, void *context)
{
    uint64_t twice;
    struct scanned s = {.torn_bytes = 0};
    struct dataset_totals all;
    int rc = read_parts(w, &s, err, ops, context);
    if (rc != 0)
        return rc;
    const struct dataset_header *header = header_of_part(w);
    if (run_set_seal(&w->sweep.done, &twice) != 0)
        return dataset_fail(err, -EBADMSG, "%s: position %llu is done twice", w->path,
                            (unsigned long long)twice);
    if (block_builder_init(&w->builder, header, header->space) != 0)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", w->path);
    w->dirty = s.torn_bytes > 0;
    w->builder.consumed = s.consumed;
    dataset_writer_totals(w, &all);
    *found = (struct dataset_found){
        .header = header,
        .done = w->sweep.done.runs,
        .num_done = w->sweep.done.num,
        .num_done_positions = all.positions,
        .torn_bytes = s.torn_bytes,
        .finished = is_finished(w, &s),
        .ended = is_ended(w, &s) && s.torn_bytes == 0,
        .consumed_lines = s.consumed.lines,
    };
    memcpy(found->consumed_sha256, s.consumed.sha256, HASH_LEN);
    return 0;
}

int dataset_resume_on(struct dataset_writer **out, struct dataset_found *found,
                      char err[DATASET_ERR_MAX], const char *path, const struct file_ops *ops,
                      void *context)
{
    struct dataset_writer *w = writer_new(path);
    if (w == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", path);
    int rc = resume(w, found, err, ops, context);
    if (rc != 0)
        writer_free(w);
    else
        *out = w;
    return rc;
}

int dataset_resume(struct dataset_writer **out, struct dataset_found *found,
                   char err[DATASET_ERR_MAX], const char *path)
{
    return dataset_resume_on(out, found, err, path, &file_system, NULL);
}
