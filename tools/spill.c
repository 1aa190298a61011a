#include "tools/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/lines.h"

static int refuse(char err[SPILL_ERR_MAX], const char *folder, int code, const char *what)
{
    return line_error(
        err, SPILL_ERR_MAX, code, folder, 0,
        "cannot %s a temporary file: %s; set TMPDIR (report: or --temp-dir) to a folder with room",
        what, strerror(-code));
}

/* for file systems that cannot make a file without a name */
static int open_named(const char *folder)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/mxstat-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof path)
        return -ENAMETOOLONG;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(path);
    return fd;
}

int spill_open(char err[SPILL_ERR_MAX], const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = open_named(folder);
    return fd >= 0 ? fd : refuse(err, folder, fd, "make");
}

int spill_write(char err[SPILL_ERR_MAX], const char *folder, int fd, const void *data, size_t len,
                uint64_t offset)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = pwrite(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return refuse(err, folder, n < 0 ? -errno : -EIO, "write");
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

int spill_read(char err[SPILL_ERR_MAX], const char *folder, int fd, void *data, size_t len,
               uint64_t offset)
{
    char *at = data;
    while (len > 0) {
        ssize_t n = pread(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return refuse(err, folder, n < 0 ? -errno : -EIO, "read");
        at += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}
