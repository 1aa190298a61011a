#include "core/dataset_write.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

struct dataset_writer *writer_new(const char *path)
{
    struct dataset_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->file.fd = w->sweep.first.fd = -1;
    w->path = strdup(path);
    frame_codec_init(&w->codec);
    cbor_writer_init(&w->item, DATASET_ITEM_MAX);
    run_set_init(&w->sweep.done, 1);
    if (w->path == NULL) {
        writer_free(w);
        return NULL;
    }
    return w;
}

void writer_free(struct dataset_writer *w)
{
    if (w->next != NULL)
        writer_free(w->next);
    if (w->file.fd >= 0)
        file_close(&w->file);
    if (w->sweep.first.fd >= 0)
        file_close(&w->sweep.first);
    frame_codec_cleanup(&w->codec);
    cbor_writer_cleanup(&w->item);
    block_builder_cleanup(&w->builder);
    run_set_cleanup(&w->sweep.done);
    dataset_close(w->sweep.reader);
    free(w->sweep.first_path);
    free(w->begun_path);
    free(w->blocks);
    free(w->path);
    free(w);
}

/* ---- appending ---- */

/* cuts off what lies behind the end */
static int cut_back(struct dataset_writer *w)
{
    int rc = w->dirty ? file_truncate(&w->file, w->end) : 0;
    if (rc == 0)
        w->dirty = false;
    return rc;
}

static int fail_write(const struct dataset_writer *w, char err[DATASET_ERR_MAX], int rc,
                      const char *what)
{
    return dataset_fail(err, rc, "%s: cannot %s: %s (the file is whole up to octet %llu)", w->path,
                        what, strerrordesc_np(-rc), (unsigned long long)w->end);
}

int writer_append(struct dataset_writer *w, struct bytes frames, char err[DATASET_ERR_MAX])
{
    int rc = cut_back(w);
    if (rc != 0)
        return fail_write(w, err, rc, "cut off what is not whole");
    w->dirty = true;
    const char *what = "write";
    rc = file_write_all(&w->file, frames, w->end);
    if (rc == 0) {
        what = "sync";
        rc = file_sync(&w->file);
    }
    if (rc != 0) {
        fail_write(w, err, rc, what);
        cut_back(w);   /* if that fails too, the next append tries again */
        return rc;
    }
    w->dirty = false;
    w->end += frames.len;
    w->totals.bytes = w->end;
    if (w->begun_path != NULL) {   /* now nothing points to it any more */
        unlink(w->begun_path);
        free(w->begun_path);
        w->begun_path = NULL;
    }
    return 0;
}

int writer_append_item(struct dataset_writer *w, size_t *frame_len, char err[DATASET_ERR_MAX])
{
    struct bytes frame;
    if (w->item.bad)
        return dataset_fail(err, -E2BIG, "%s: an item is too large, or its text is no UTF-8",
                            w->path);
    int rc = frame_pack(&w->codec, &frame, bytes_of(w->item.data, w->item.len));
    if (rc != 0)
        return dataset_fail(err, rc, "%s: cannot compress: %s", w->path, strerrordesc_np(-rc));
    rc = writer_append(w, frame, err);
    if (rc != 0)
        return rc;
    SHA256(frame.data, frame.len, w->previous);
    *frame_len = frame.len;
    return 0;
}

int writer_note_block(struct dataset_writer *w, struct dataset_index_entry block)
{
    if (w->num_blocks == w->blocks_cap) {
        size_t cap = w->blocks_cap == 0 ? 64 : 2 * w->blocks_cap;
        struct dataset_index_entry *blocks = realloc(w->blocks, cap * sizeof *blocks);
        if (blocks == NULL)
            return -ENOMEM;
        w->blocks = blocks;
        w->blocks_cap = cap;
    }
    w->blocks[w->num_blocks] = block;
    return 0;
}

/* ---- making a file ---- */

static int write_header(struct dataset_writer *w, const struct dataset_header *header,
                        char err[DATASET_ERR_MAX])
{
    struct dataset_header h = *header;
    size_t frame_len;
    h.format = DATASET_FORMAT;
    w->part = h.part;
    dataset_sweep_id(&h);
    int rc = header_encode(&w->item, &h);
    if (rc != 0)
        return dataset_fail(err, rc,
                            rc == -E2BIG ? "%s: the header is too large (shorten the target list), "
                                           "or its text is no UTF-8"
                                         : "%s: the header contradicts itself", w->path);
    rc = block_builder_init(&w->builder, &h, h.space);
    if (rc != 0)
        return dataset_fail(err, rc, "%s: no memory to write it", w->path);
    rc = writer_append_item(w, &frame_len, err);
    if (rc != 0)
        return rc;
    rc = file_sync_folder(&w->file, w->path);
    return rc == 0 ? 0 : fail_write(w, err, rc, "sync its folder");
}

int dataset_create_on(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                      const struct dataset_header *header, const struct file_ops *ops,
                      void *context)
{
    struct dataset_writer *w = writer_new(path);
    if (w == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", path);
    int rc = file_create(&w->file, path, ops, context);
    if (rc == 0) {
        rc = write_header(w, header, err);
        if (rc != 0)
            unlink(path);
    } else if (rc == -EEXIST) {
        dataset_fail(err, rc, "%s: exists already: name another file, or go on with --resume",
                     path);
    } else {
        dataset_fail(err, rc, "%s: cannot be made: %s", path, strerrordesc_np(-rc));
    }
    if (rc != 0)
        writer_free(w);
    else
        *out = w;
    return rc;
}

int dataset_create(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                   const struct dataset_header *header)
{
    return dataset_create_on(out, err, path, header, &file_system, NULL);
}

/* ---- what goes in ---- */

int dataset_add_all(struct dataset_writer *w, const struct record *const *records,
                    const struct bytes *const *ders, size_t num)
{
    return block_builder_add(&w->builder, records, ders, num);
}

int dataset_add(struct dataset_writer *w, const struct record *record, const struct bytes *ders)
{
    return dataset_add_all(w, &record, &ders, 1);
}

int dataset_add_cert(struct dataset_writer *w, struct bytes der)
{
    return block_builder_add_cert(&w->builder, der);
}

int dataset_count(struct dataset_writer *w, uint64_t position, enum stage stage, enum cause cause)
{
    return block_builder_count(&w->builder, position, stage, cause);
}

int dataset_skip(struct dataset_writer *w, uint64_t position)
{
    return block_builder_skip(&w->builder, position);
}

void dataset_consumed(struct dataset_writer *w, uint64_t lines, const uint8_t sha256[32])
{
    struct block_consumed *c = &w->builder.consumed;
    if (lines <= c->lines)
        return;
    c->lines = lines;
    c->is_new = true;
    memcpy(c->sha256, sha256, HASH_LEN);
}

void dataset_stream_end(struct dataset_writer *w, uint64_t lines)
{
    w->sweep.has_lines = true;
    w->sweep.lines = lines;
}

size_t dataset_pending(const struct dataset_writer *w)
{
    return w->builder.size;
}

int dataset_seal(struct dataset_writer *w, char err[DATASET_ERR_MAX])
{
    struct block_summary sum;
    struct dataset_index_entry block = {.offset = w->end};
    size_t frame_len;
    if (!block_builder_has_positions(&w->builder))
        return 0;
    cbor_writer_reset(&w->item);
    int rc = block_builder_encode(&w->builder, &w->item, &sum, w->previous);
    if (rc == 0)
        rc = writer_note_block(w, block);   /* the room, before it is too late to fail */
    if (rc != 0)
        return dataset_fail(err, rc, rc == -EINVAL ? "%s: a position was recorded twice"
                                                   : "%s: no memory to seal a block", w->path);
    rc = writer_append_item(w, &frame_len, err);
    if (rc != 0)
        return rc;
    block.frame_len = frame_len;
    block.payload_len = w->item.len;
    block.records = sum.num_records;
    block.first_position = sum.first_position;
    w->blocks[w->num_blocks++] = block;
    w->totals.records += sum.num_records;
    w->totals.positions += sum.num_positions;
    w->totals.blocks++;
    w->totals.certificates = w->builder.num_certs_written;
    block_builder_reset(&w->builder);
    return 0;
}

int dataset_event(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t at_us,
                  const char *what, const struct dataset_pair *details, size_t num_details)
{
    size_t frame_len;
    if (num_details > DATASET_DETAILS_MAX)
        return dataset_fail(err, -EINVAL, "%s: an event has too many details", w->path);
    cbor_writer_reset(&w->item);
    event_encode(&w->item, w->previous, at_us, what, details, num_details);
    return writer_append_item(w, &frame_len, err);
}

static void add_totals(struct dataset_totals *sum, const struct dataset_totals *t)
{
    sum->records += t->records;
    sum->positions += t->positions;
    sum->blocks += t->blocks;
    sum->bytes += t->bytes;
    sum->certificates += t->certificates;
}

void writer_add_totals(struct dataset_writer *w)
{
    add_totals(&w->sweep.earlier, &w->totals);
}

void dataset_writer_totals(const struct dataset_writer *w, struct dataset_totals *out)
{
    *out = w->sweep.earlier;
    add_totals(out, &w->totals);
}

void dataset_writer_part(const struct dataset_writer *w, struct dataset_part *out)
{
    *out = (struct dataset_part){w->path, w->part, w->totals.blocks, w->totals.bytes};
}

/* ---- the end ---- */

/* the index behind a trailer frame that is in frames already; left out if it would be too large,
 * or memory too small: a reader does without */
static int add_index(struct dataset_writer *w, struct cbor_writer *frames)
{
    struct bytes frame;
    uint8_t previous[HASH_LEN];
    SHA256(frames->data, frames->len, previous);
    cbor_writer_reset(&w->item);
    index_encode(&w->item, previous, w->blocks, w->num_blocks);
    if (w->item.bad)
        return 0;
    int rc = frame_pack_index(&w->codec, &frame, bytes_of(w->item.data, w->item.len));
    if (rc == 0)
        cbor_put_raw(frames, frame);
    return rc;
}

/* trailer and index, with one append */
static int write_end(struct dataset_writer *w, const struct dataset_trailer *trailer,
                     char err[DATASET_ERR_MAX])
{
    struct cbor_writer frames;
    struct bytes frame;
    cbor_writer_init(&frames, 2 * (size_t)FRAME_MAX);
    cbor_writer_reset(&w->item);
    trailer_encode(&w->item, w->previous, trailer);
    int rc = w->item.bad ? -ENOMEM
                         : frame_pack(&w->codec, &frame, bytes_of(w->item.data, w->item.len));
    if (rc == 0) {
        cbor_put_raw(&frames, frame);
        rc = add_index(w, &frames);
    }
    if (rc == 0 && frames.bad)
        rc = -ENOMEM;
    if (rc != 0)
        dataset_fail(err, rc, "%s: no memory to write its end", w->path);
    else
        rc = writer_append(w, bytes_of(frames.data, frames.len), err);
    cbor_writer_cleanup(&frames);
    return rc;
}

int dataset_end(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t end_us,
                enum dataset_reason reason)
{
    int rc = dataset_seal(w, err);
    if (rc != 0)
        return rc;
    const struct dataset_totals *t = &w->totals;
    const struct dataset_trailer trailer = {
        .end_us = end_us, .reason = reason,
        .records = t->records, .positions = t->positions, .blocks = t->blocks,
        .has_lines = w->sweep.has_lines && reason == DATASET_COMPLETE, .lines = w->sweep.lines,
    };
    rc = write_end(w, &trailer, err);
    w->ended = rc == 0;
    return rc;
}

/* closes all; of several errors, the first */
static int close_files(struct dataset_writer *w)
{
    int first_rc = w->sweep.first.fd >= 0 ? file_close(&w->sweep.first) : 0;
    int rc = file_close(&w->file);
    return w->sweep.close_rc != 0 ? w->sweep.close_rc : first_rc != 0 ? first_rc : rc;
}

int dataset_finish(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t end_us,
                   enum dataset_reason reason)
{
    int rc = w->ended ? 0 : dataset_end(w, err, end_us, reason);
    if (rc == 0) {
        if (w->next != NULL)
            unlink(w->next->path);   /* nothing is in it */
        rc = close_files(w);
        if (rc != 0)
            fail_write(w, err, rc, "close");
    }
    writer_free(w);
    return rc;
}

void dataset_abandon(struct dataset_writer *w)
{
    if (w != NULL)
        writer_free(w);
}
