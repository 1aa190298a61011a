#include "tests/core/layer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned number_of(struct layer *l, int fd)
{
    struct stat st;
    unsigned i = 0;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode))
        return 0;
    while (i < l->num_files && l->inodes[i] != st.st_ino)
        i++;
    if (i == l->num_files && i < LAYER_FILES)
        l->inodes[l->num_files++] = st.st_ino;
    return i;
}

static int note(struct layer *l, struct op op, const void *data)
{
    size_t call = l->calls[op.kind]++;
    if (call >= l->faults[op.kind].from &&
        call - l->faults[op.kind].from < l->faults[op.kind].count)
        return l->faults[op.kind].rc;
    if (l->num == l->cap) {
        l->cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->log = realloc(l->log, l->cap * sizeof *l->log);
    }
    op.data = malloc(op.len + 1);
    if (op.len > 0 && data != NULL)
        memcpy(op.data, data, op.len);
    l->log[l->num++] = op;
    return 0;
}

static ssize_t layer_write(void *context, int fd, const void *data, size_t len, uint64_t offset)
{
    struct layer *l = context;
    if (l->short_len > 0 && len > l->short_len)
        len = l->short_len;
    int rc = note(l, (struct op){OP_WRITE, number_of(l, fd), offset, len, NULL}, data);
    return rc != 0 ? rc : file_system.write(NULL, fd, data, len, offset);
}

static int layer_sync(void *context, int fd)
{
    return note(context, (struct op){OP_SYNC, number_of(context, fd), 0, 0, NULL}, NULL);
}

static int layer_sync_dir(void *context, int fd)
{
    (void)fd;
    return note(context, (struct op){OP_SYNC_DIR, 0, 0, 0, NULL}, NULL);
}

static int layer_truncate(void *context, int fd, uint64_t len)
{
    int rc = note(context, (struct op){OP_TRUNCATE, number_of(context, fd), len, 0, NULL}, NULL);
    return rc != 0 ? rc : file_system.truncate(NULL, fd, len);
}

static int layer_close(void *context, int fd)
{
    int rc = note(context, (struct op){OP_CLOSE, number_of(context, fd), 0, 0, NULL}, NULL);
    file_system.close(NULL, fd);
    return rc;
}

const struct file_ops layer_ops = {
    .write = layer_write,
    .sync = layer_sync,
    .sync_dir = layer_sync_dir,
    .truncate = layer_truncate,
    .close = layer_close,
};

void layer_cleanup(struct layer *l)
{
    for (size_t i = 0; i < l->num; i++)
        free(l->log[i].data);
    free(l->log);
}
