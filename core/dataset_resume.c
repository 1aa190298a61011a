#include "core/dataset_write.h"

#include <errno.h>

static int note_block(struct dataset_writer *w, const struct dataset_item *item,
                      const struct shard_space *shard, char err[DATASET_ERR_MAX])
{
    struct block_summary sum;
    int rc = block_summarise(&sum, &w->done, item->payload, shard);
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
    return 0;
}

/* reads the file to its end, or to where its last write was cut short */
static int scan(struct dataset_writer *w, uint64_t *torn_bytes, char err[DATASET_ERR_MAX])
{
    const struct shard_space shard = shard_space_of(dataset_reader_header(w->reader));
    struct dataset_item item;
    int rc;
    while ((rc = dataset_next(w->reader, &item, err)) > 0) {
        rc = item.kind == DATASET_BLOCK ? note_block(w, &item, &shard, err) : 0;
        if (rc != 0)
            return rc;
    }
    *torn_bytes = 0;
    if (rc == -ENODATA || rc == -EBADMSG) {
        int torn = reader_tail_is_torn(w->reader, torn_bytes);
        rc = torn > 0 ? 0 : torn < 0 ? torn : rc;   /* err says where the damage is */
    }
    return rc;
}

static int resume(struct dataset_writer *w, struct dataset_found *found, char err[DATASET_ERR_MAX])
{
    uint64_t torn_bytes, twice;
    int rc = reader_open(&w->reader, err, w->file.fd, w->path);
    if (rc != 0)
        return rc;
    const struct dataset_header *header = dataset_reader_header(w->reader);
    run_set_init(&w->done, header->num_shards);
    rc = scan(w, &torn_bytes, err);
    if (rc != 0)
        return rc;
    if (run_set_seal(&w->done, &twice) != 0)
        return dataset_fail(err, -EBADMSG, "%s: position %llu is done twice", w->path,
                            (unsigned long long)twice);
    if (block_builder_init(&w->builder, header, header->space) != 0)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", w->path);
    w->end = w->totals.bytes = reader_place(w->reader, w->previous);
    w->dirty = torn_bytes > 0;
    *found = (struct dataset_found){
        .header = header,
        .done = w->done.runs,
        .num_done = w->done.num,
        .num_done_positions = w->totals.positions,
        .torn_bytes = torn_bytes,
        .finished = w->totals.positions == shard_space_of(header).num_slots,
    };
    return 0;
}

int dataset_resume_on(struct dataset_writer **out, struct dataset_found *found,
                      char err[DATASET_ERR_MAX], const char *path, const struct file_ops *ops,
                      void *context)
{
    struct dataset_writer *w = writer_new(path);
    if (w == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", path);
    int rc = file_open(&w->file, path, ops, context);
    if (rc == 0)
        rc = resume(w, found, err);
    else if (rc == -EAGAIN)
        dataset_fail(err, rc, "%s: another process is writing it", path);
    else
        dataset_fail(err, rc, "%s: cannot be opened for writing: %s", path, strerrordesc_np(-rc));
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
