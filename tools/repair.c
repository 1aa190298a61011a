#include "tools/repair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/dataset_copy.h"
#include "core/dataset_salvage.h"
#include "tools/new_file.h"
#include "tools/tally.h"

static const struct {
    const char *slug, *text;
} whys[] = {
    [REPAIR_UNREADABLE] = {"unreadable", "cannot be read"},
    [REPAIR_GONE] = {"gone", "frames that were here are gone"},
    [REPAIR_MALFORMED] = {"malformed", "a frame is whole, but breaks the format"},
    [REPAIR_TWICE] = {"twice", "a block repeats positions of one before it"},
    [REPAIR_NO_CERT] = {"no-certificate", "a certificate that is named never came"},
};

const char *repair_why_text(enum repair_why why)
{
    return whys[why].text;
}

void repaired_cleanup(struct repaired *r)
{
    free(r->losses);
    free(r->index);
    *r = (struct repaired){0};
}

struct repairing {
    struct repaired *out;
    char *err;
    const char *path;
    struct salvage *from;
    struct new_file file;
    struct dataset_writer *to; /* writes to it */
    struct block *block;
    struct word_tally certs, missing; /* hashes */
    uint64_t now_us, latest_us;       /* from the dataset's start; of the latest record */
    struct dataset_trailer trailer;   /* reason 0: none after the last block */
};

static int no_memory(struct repairing *r)
{
    snprintf(r->err, WALK_ERR_MAX, "%s: no memory to repair it", r->path);
    return -ENOMEM;
}

/* ---- what is lost ---- */

static int list_loss(struct repairing *r, struct repair_loss loss)
{
    struct repaired *out = r->out;
    if (out->losses == NULL)
        out->losses = calloc(REPAIR_LOSSES_MAX, sizeof out->losses[0]);
    if (out->losses == NULL)
        return no_memory(r);
    if (out->num_listed < REPAIR_LOSSES_MAX)
        out->losses[out->num_listed++] = loss;
    out->num_losses++;
    out->lost_octets += loss.len;
    return 0;
}

/* lists a loss, and tells it in the new file */
static int lose(struct repairing *r, enum repair_why why, uint64_t offset, uint64_t len)
{
    char from[24], to[24];
    snprintf(from, sizeof from, "%llu", (unsigned long long)offset);
    snprintf(to, sizeof to, "%llu", (unsigned long long)(offset + len));
    const struct dataset_pair details[] = {{bytes_text("why"), bytes_text(whys[why].slug)},
                                           {bytes_text("from-octet"), bytes_text(from)},
                                           {bytes_text("to-octet"), bytes_text(to)}};
    int rc = list_loss(r, (struct repair_loss){why, offset, len});
    return rc != 0 ? rc
                   : dataset_event(r->to, r->err, r->now_us, DATASET_EVENT_REPAIRED, details,
                                   sizeof details / sizeof details[0]);
}

/* ---- what is whole ---- */

static int note_certs(struct repairing *r)
{
    for (size_t i = 0; i < block_num_certs(r->block); i++) {
        uint8_t sha256[32];
        block_cert(r->block, i, sha256);
        word_tally_add(&r->certs, bytes_of(sha256, sizeof sha256), 0);
    }
    return r->certs.bad ? no_memory(r) : 0;
}

/* notes the certificates of chains that never came; true: there were new ones */
static bool note_missing(struct repairing *r)
{
    size_t before = r->missing.num;
    for (size_t i = 0; i < block_num_chains(r->block); i++) {
        uint16_t num;
        bool cut;
        const uint8_t(*chain)[32] = block_chain(r->block, i, &num, &cut);
        for (uint16_t k = 0; k < num; k++) {
            struct bytes hash = bytes_of(chain[k], 32);
            if (word_tally_find(&r->certs, hash) == WORD_NONE)
                word_tally_add(&r->missing, hash, 0);
        }
    }
    return r->missing.num > before;
}

static void note_starts(struct repairing *r)
{
    for (size_t i = 0; i < block_num_records(r->block); i++) {
        struct record record;
        block_record(r->block, &record, i);
        if (record.start_us > r->latest_us)
            r->latest_us = record.start_us;
    }
}

static int take_block(struct repairing *r, const struct dataset_item *item)
{
    char why[DATASET_ERR_MAX];
    int rc = block_decode(r->block, item->payload, why);
    if (rc == -ENOMEM)
        return no_memory(r);
    if (rc != 0)
        return lose(r, REPAIR_MALFORMED, item->offset, item->frame_len);
    rc = note_certs(r);
    if (rc == 0 && note_missing(r) && r->out->num_losses == 0)
        rc = lose(r, REPAIR_NO_CERT, item->offset, 0);
    if (rc == 0 && r->missing.bad)
        rc = no_memory(r);
    if (rc == 0)
        rc = dataset_copy_block(r->to, r->err, item->payload, r->block);
    if (rc == -EEXIST)
        return lose(r, REPAIR_TWICE, item->offset, item->frame_len);
    if (rc != 0)
        return rc;
    note_starts(r);
    r->trailer.reason = 0;
    return 0;
}

static int take_event(struct repairing *r, const struct dataset_item *item)
{
    char why[DATASET_ERR_MAX];
    struct dataset_event_view event;
    if (dataset_event_decode(&event, item->payload, why) != 0)
        return lose(r, REPAIR_MALFORMED, item->offset, item->frame_len);
    r->trailer.reason = 0;
    return dataset_copy_event(r->to, r->err, item->payload);
}

static int take_trailer(struct repairing *r, const struct dataset_item *item)
{
    char why[DATASET_ERR_MAX];
    if (dataset_trailer_decode(&r->trailer, item->payload, why) == 0)
        return 0;
    r->trailer.reason = 0;
    return lose(r, REPAIR_MALFORMED, item->offset, item->frame_len);
}

static int take_index(struct repairing *r, const struct dataset_item *item)
{
    char why[DATASET_ERR_MAX];
    size_t num = 0;
    if (dataset_index_decode(NULL, 0, &num, item->payload, why) != 0)
        return lose(r, REPAIR_MALFORMED, item->offset, item->frame_len);
    struct dataset_index_entry *list = calloc(num + 1, sizeof list[0]);
    if (list == NULL)
        return no_memory(r);
    dataset_index_decode(list, num, &num, item->payload, why);
    free(r->out->index);
    r->out->index = list;
    r->out->num_index = num;
    return 0;
}

static int take_item(struct repairing *r, const struct dataset_item *item)
{
    switch (item->kind) {
    case DATASET_BLOCK: return take_block(r, item);
    case DATASET_EVENT: return take_event(r, item);
    case DATASET_TRAILER: return take_trailer(r, item);
    case DATASET_INDEX: return take_index(r, item);
    case DATASET_HEADER: break; /* salvage lets none through */
    }
    return 0;
}

/* ---- the whole of it ---- */

static int copy(struct repairing *r)
{
    struct salvage_piece piece;
    int rc;
    while ((rc = salvage_next(r->from, &piece, r->err)) == 1) {
        if (piece.is_lost)
            rc = lose(r, piece.len > 0 ? REPAIR_UNREADABLE : REPAIR_GONE, piece.offset, piece.len);
        else
            rc = take_item(r, &piece.item);
        if (rc != 0)
            break;
    }
    return rc;
}

/* how many positions the shard has; of a stream, only its end tells */
static uint64_t num_slots(const struct repairing *r)
{
    const struct dataset_header *h = salvage_header(r->from);
    uint64_t num = dataset_num_positions(h);
    if (h->streamed && (r->trailer.reason == 0 || !r->trailer.has_lines ||
                        __builtin_mul_overflow(r->trailer.lines, h->space->num_ports, &num)))
        return UINT64_MAX;
    return num > h->shard ? (num - h->shard - 1) / h->num_shards + 1 : 0;
}

/* the end that the sweep had, unless it was lost, or says more than is there */
static int finish(struct repairing *r)
{
    struct dataset_totals totals;
    dataset_writer_totals(r->to, &totals);
    r->out->blocks = totals.blocks;
    r->out->records = totals.records;
    r->out->positions = totals.positions;
    r->out->missing_certs = r->missing.num;
    r->out->complete = totals.positions == num_slots(r);
    enum dataset_reason reason = r->trailer.reason;
    if (r->out->complete)
        reason = DATASET_COMPLETE;
    else if (reason == 0 || reason == DATASET_COMPLETE)
        reason = DATASET_STOPPED;
    uint64_t end_us = r->trailer.reason != 0 ? r->trailer.end_us : r->latest_us;
    if (r->trailer.reason != 0 && r->trailer.has_lines)
        dataset_stream_end(r->to, r->trailer.lines);
    int rc = dataset_finish(r->to, r->err, end_us, reason);
    r->to = NULL;
    return rc;
}

static int open_both(struct repairing *r, const char *out_path, int64_t now_us)
{
    int rc = salvage_open(&r->from, r->err, r->path);
    if (rc != 0)
        return rc;
    const struct dataset_header *h = salvage_header(r->from);
    r->now_us = now_us > h->start_us ? (uint64_t)(now_us - h->start_us) : 0;
    r->block = block_new(h);
    if (r->block == NULL)
        return no_memory(r);
    rc = new_file_open_dataset(&r->file, r->err, out_path);
    return rc == 0 ? dataset_copy_create(&r->to, r->err, out_path, salvage_header_item(r->from), h,
                                         &new_file_ops, &r->file)
                   : rc;
}

int repair_file(struct repaired *out, char err[WALK_ERR_MAX], const char *out_path,
                const char *path, int64_t now_us)
{
    struct repairing r = {.out = out, .err = err, .path = path};
    *out = (struct repaired){0};
    word_tally_init(&r.certs);
    word_tally_init(&r.missing);
    int rc = open_both(&r, out_path, now_us);
    if (rc == 0)
        rc = copy(&r);
    if (rc == 0)
        rc = finish(&r);
    dataset_abandon(r.to);
    if (!new_file_close(&r.file, err, rc == 0))
        rc = -EIO;
    block_free(r.block);
    salvage_close(r.from);
    word_tally_cleanup(&r.certs);
    word_tally_cleanup(&r.missing);
    if (rc != 0)
        repaired_cleanup(out);
    return rc;
}
