#include "core/dataset_copy.h"

#include <errno.h>
#include <unistd.h>

#include "core/dataset_write.h"

static int write_header(struct dataset_writer *w, struct bytes item, char err[DATASET_ERR_MAX])
{
    size_t frame_len;
    cbor_put_raw(&w->item, item);
    int rc = writer_append_item(w, &frame_len, err);
    if (rc != 0)
        return rc;
    rc = file_sync_folder(&w->file, w->path);
    return rc == 0 ? 0
                   : dataset_fail(err, rc, "%s: cannot sync its folder: %s", w->path,
                                  strerrordesc_np(-rc));
}

int dataset_copy_create(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                        struct bytes item, const struct dataset_header *h,
                        const struct file_ops *ops, void *context)
{
    struct dataset_writer *w = writer_new(path);
    if (w == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", path);
    run_set_init(&w->sweep.done, h->num_shards);
    int rc = file_create(&w->file, path, ops, context);
    if (rc == 0) {
        rc = write_header(w, item, err);
        if (rc != 0)
            unlink(path);
    } else {
        dataset_fail(err, rc, "%s: %s", path,
                     rc == -EEXIST ? "exists; name another file, or remove it"
                                   : strerrordesc_np(-rc));
    }
    if (rc != 0)
        writer_free(w);
    else
        *out = w;
    return rc;
}

/* appends an item, its hash of the frame before made to fit */
static int append_chained(struct dataset_writer *w, size_t *frame_len, struct bytes item,
                          char err[DATASET_ERR_MAX])
{
    struct cbor_reader r = cbor_reader_of(item);
    enum dataset_kind kind;
    const uint8_t *previous;
    item_open(&r, &kind, &previous);
    if (r.bad || previous == NULL)
        return dataset_fail(err, -EINVAL, "%s: an item to be copied is none", w->path);
    cbor_writer_reset(&w->item);
    cbor_put_raw(&w->item, item);
    if (!w->item.bad)
        memcpy(w->item.data + (previous - item.data), w->previous, HASH_LEN);
    return writer_append_item(w, frame_len, err);
}

int dataset_copy_block(struct dataset_writer *w, char err[DATASET_ERR_MAX], struct bytes item,
                       const struct block *b)
{
    size_t num_runs, frame_len;
    const struct dataset_run *runs = block_runs(b, &num_runs);
    struct dataset_index_entry entry = {.offset = w->end,
                                        .payload_len = item.len,
                                        .records = block_num_records(b),
                                        .first_position = runs[0].first};
    int rc = run_set_insert(&w->sweep.done, runs, num_runs);
    if (rc != 0)
        return dataset_fail(err, rc, "%s: %s", w->path,
                            rc == -EEXIST ? "a position is done twice" : "no memory to write it");
    rc = writer_note_block(w, entry);
    if (rc != 0)
        return dataset_fail(err, rc, "%s: no memory to write it", w->path);
    rc = append_chained(w, &frame_len, item, err);
    if (rc != 0)
        return rc;
    w->blocks[w->num_blocks++].frame_len = frame_len;
    w->totals.blocks++;
    w->totals.records += entry.records;
    for (size_t i = 0; i < num_runs; i++)
        w->totals.positions += runs[i].count;
    return 0;
}

int dataset_copy_event(struct dataset_writer *w, char err[DATASET_ERR_MAX], struct bytes item)
{
    size_t frame_len;
    return append_chained(w, &frame_len, item, err);
}
