/* end_shim: preloaded into mxstat by test_outputs.py: ends it in the middle of an output.
 *
 * MXEND_FOLDER  the folder whose files are meant
 * MXEND         NUMBER:SIGNAL: that signal comes when half of write NUMBER, from 0, is done
 * MXEND_NAMED   set: a file system that cannot make files without a name */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint num_writes;

static bool is_meant(int fd)
{
    char link[64], path[4096];
    const char *folder = getenv("MXEND_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    const char *rule = getenv("MXEND");
    if (rule != NULL && is_meant(fd)) {
        char *at;
        unsigned long number = strtoul(rule, &at, 10);
        if (num_writes++ == number) {
            len = (len + 1) / 2;
            syscall(SYS_pwrite64, fd, data, len, offset);
            kill(getpid(), (int)strtol(at + 1, NULL, 10));
        }
    }
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    unsigned mode = (flags & O_CREAT) != 0 || nameless ? va_arg(list, unsigned) : 0;
    va_end(list);
    if (nameless && getenv("MXEND_NAMED") != NULL) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
