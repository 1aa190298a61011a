/* fuzz_salvage: what is read of a damaged file. Pieces follow each other without gaps up to the
 * file's end; what is whole can be copied, and the copy reads whole. */
#include "core/dataset_salvage.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/dataset_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take(struct dataset_writer *w, struct block *b, const struct dataset_item *item)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_event_view event;
    if (item->kind == DATASET_HEADER)
        abort();
    if (item->kind == DATASET_BLOCK && block_decode(b, item->payload, err) == 0)
        dataset_copy_block(w, err, item->payload, b);
    if (item->kind == DATASET_EVENT && dataset_event_decode(&event, item->payload, err) == 0 &&
        dataset_copy_event(w, err, item->payload) != 0)
        abort();
}

static void check_copy(const char *path)
{
    char err[DATASET_ERR_MAX] = "";
    struct dataset_reader *r;
    struct dataset_item item;
    int rc = dataset_open(&r, err, path);
    while (rc == 0 && (rc = dataset_next(r, &item, err)) > 0)
        rc = 0;
    if (rc != 0 || !dataset_reader_finished(r))
        abort();
    dataset_close(r);
}

static void copy_all(struct salvage *s, size_t len)
{
    char err[DATASET_ERR_MAX] = "", path[64];
    bool sync_now = false;
    struct dataset_writer *w;
    struct salvage_piece p;
    uint64_t end = 0;
    int rc;
    snprintf(path, sizeof path, "/dev/shm/fuzz_salvage.%ld", (long)getpid());
    unlink(path);
    if (dataset_copy_create(&w, err, path, salvage_header_item(s), salvage_header(s), &file_lazy,
                            &sync_now) != 0)
        abort();
    struct block *b = block_new(salvage_header(s));
    while ((rc = salvage_next(s, &p, err)) > 0) {
        if ((end != 0 && p.offset != end) || p.offset + p.len > len)
            abort();
        end = p.offset + p.len;
        if (!p.is_lost)
            take(w, b, &p.item);
    }
    if (rc != 0 || (end != 0 && end != len) || dataset_finish(w, err, 0, DATASET_STOPPED) != 0)
        abort();
    block_free(b);
    check_copy(path);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[64], err[DATASET_ERR_MAX] = "";
    struct salvage *s;
    int fd = memfd_create("fuzz_salvage", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (salvage_open(&s, err, path) == 0) {
        copy_all(s, len);
        salvage_close(s);
    } else if (err[0] == '\0') {
        abort();
    }
    close(fd);
    return 0;
}
