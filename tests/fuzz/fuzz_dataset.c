/* fuzz_dataset: the whole reader over a file, index included, and going on with that file.
 * Checksums and hashes are in the way of a fuzzer: what lies behind them is for fuzz_block and
 * fuzz_header; here it is frames, order and ends. */
#include "core/dataset_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take_item(struct block *b, const struct dataset_item *item, char err[DATASET_ERR_MAX])
{
    struct dataset_trailer trailer;
    struct dataset_event_view event;
    size_t num;
    switch (item->kind) {
    case DATASET_HEADER:  abort();
    case DATASET_BLOCK:   block_decode(b, item->payload, err); break;
    case DATASET_EVENT:   dataset_event_decode(&event, item->payload, err); break;
    case DATASET_TRAILER: dataset_trailer_decode(&trailer, item->payload, err); break;
    case DATASET_INDEX:   dataset_index_decode(NULL, 0, &num, item->payload, err); break;
    }
}

static void read_all(const char *path, size_t len)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_reader *r;
    struct dataset_item item;
    uint64_t end = 0;
    int rc = dataset_open(&r, err, path);
    if (rc != 0) {
        if (err[0] == '\0')
            abort();
        return;
    }
    struct block *b = block_new(dataset_reader_header(r));
    while ((rc = dataset_next(r, &item, err)) > 0) {
        if (item.offset + item.frame_len > len || item.offset < end)
            abort();
        end = item.offset + item.frame_len;
        take_item(b, &item, err);
    }
    if (rc < 0 && err[0] == '\0')
        abort();
    block_free(b);
    dataset_close(r);
}

/* a file that is gone on with reads whole to its end */
static void go_on(const char *path)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_writer *w;
    struct dataset_found found;
    struct dataset_reader *r;
    struct dataset_item item;
    if (dataset_resume(&w, &found, err, path) != 0)
        return;
    if (dataset_finish(w, err, 1, DATASET_STOPPED) != 0 || dataset_open(&r, err, path) != 0)
        abort();
    int rc;
    while ((rc = dataset_next(r, &item, err)) > 0)
        ;
    if (rc != 0 || !dataset_reader_finished(r))
        abort();
    dataset_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[64];
    int fd = memfd_create("fuzz_dataset", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_all(path, len);
    go_on(path);
    close(fd);
    return 0;
}
