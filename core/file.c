#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- the system's own operations ---- */

static int result_of(int rc)
{
    return rc == 0 ? 0 : -errno;
}

static ssize_t system_write(void *context, int fd, const void *data, size_t len, uint64_t offset)
{
    (void)context;
    ssize_t n = pwrite(fd, data, len, (off_t)offset);
    return n < 0 ? -errno : n;
}

static int system_sync(void *context, int fd)
{
    (void)context;
    return result_of(fdatasync(fd));
}

static int system_sync_dir(void *context, int fd)
{
    (void)context;
    return result_of(fsync(fd));
}

static int system_truncate(void *context, int fd, uint64_t len)
{
    (void)context;
    return result_of(ftruncate(fd, (off_t)len));
}

static int system_close(void *context, int fd)
{
    (void)context;
    return result_of(close(fd));
}

const struct file_ops file_system = {
    .write = system_write,
    .sync = system_sync,
    .sync_dir = system_sync_dir,
    .truncate = system_truncate,
    .close = system_close,
};

static int lazy_sync(void *context, int fd)
{
    const bool *is_due = context;
    return *is_due ? system_sync(NULL, fd) : 0;
}

static int lazy_sync_dir(void *context, int fd)
{
    (void)context;
    return system_sync_dir(NULL, fd);
}

const struct file_ops file_lazy = {
    .write = system_write,
    .sync = lazy_sync,
    .sync_dir = lazy_sync_dir,
    .truncate = system_truncate,
    .close = system_close,
};

/* ---- the file ---- */

static int open_locked(struct file *f, const char *path, int flags, const struct file_ops *ops,
                       void *context)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | flags, 0644);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int rc = errno == EWOULDBLOCK ? -EAGAIN : -errno;
        close(fd);
        return rc;
    }
    *f = (struct file){fd, ops, context};
    return 0;
}

int file_create(struct file *f, const char *path, const struct file_ops *ops, void *context)
{
    if (ops->create == NULL)
        return open_locked(f, path, O_CREAT | O_EXCL, ops, context);
    int fd = ops->create(context, path);
    if (fd >= 0)
        *f = (struct file){fd, ops, context};
    return fd < 0 ? fd : 0;
}

int file_open(struct file *f, const char *path, const struct file_ops *ops, void *context)
{
    return open_locked(f, path, 0, ops, context);
}

int file_sync_folder(struct file *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = slash == NULL ? strdup(".") : strndup(path, len);
    if (folder == NULL)
        return -ENOMEM;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return -errno;
    int rc = f->ops->sync_dir(f->context, fd);
    close(fd);   /* only read from: nothing can be lost */
    return rc;
}

int file_write_all(struct file *f, struct bytes data, uint64_t offset)
{
    while (data.len > 0) {
        ssize_t n = f->ops->write(f->context, f->fd, data.data, data.len, offset);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? -EIO : (int)n;
        data = bytes_of(data.data + n, data.len - (size_t)n);
        offset += (uint64_t)n;
    }
    return 0;
}

int file_sync(struct file *f)
{
    return f->ops->sync(f->context, f->fd);
}

int file_truncate(struct file *f, uint64_t len)
{
    return f->ops->truncate(f->context, f->fd, len);
}

int file_close(struct file *f)
{
    int rc = f->ops->close(f->context, f->fd);
    f->fd = -1;
    return rc;
}
