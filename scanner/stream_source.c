#include "scanner/stream_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lines.h"

static int refuse(char *err, size_t err_len, const char *name, const char *what)
{
    return line_error(err, err_len, -EINVAL, name, 0, "%s", what);
}

/* looks at what was opened; *source keeps what matters of it */
static int inspect(struct stream_source *source, char *err, size_t err_len)
{
    struct stat st;
    if (fstat(source->fd, &st) != 0)
        return refuse(err, err_len, source->name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return refuse(err, err_len, source->name,
                      "is a folder; name a file with one target a line");
    if ((fcntl(source->fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
        return refuse(err, err_len, source->name, "is open for writing only");
    source->is_file = S_ISREG(st.st_mode);
    off_t at = source->is_file ? lseek(source->fd, 0, SEEK_CUR) : -1;
    source->octets_len = at >= 0 && at < st.st_size ? (uint64_t)(st.st_size - at) : 0;
    return 0;
}

int stream_source_open(struct stream_source *source, char *err, size_t err_len, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stream_source opened = {.name = is_stdin ? "standard input" : path, .wake_fd = -1};
    /* O_NONBLOCK: or a named pipe would keep us here until somebody writes to it */
    opened.fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                         : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened.fd < 0)
        return line_error(err, err_len, -EINVAL, opened.name, 0, "cannot be opened: %s",
                          strerror(errno));
    int rc = inspect(&opened, err, err_len);
    if (rc == 0)
        opened.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rc == 0 && opened.wake_fd < 0)
        rc = line_error(err, err_len, -errno, opened.name, 0, "no eventfd: %s", strerror(errno));
    if (rc < 0)
        close(opened.fd);
    else
        *source = opened;
    return rc;
}

void stream_source_close(struct stream_source *source)
{
    close(source->fd);
    close(source->wake_fd);
    source->fd = source->wake_fd = -1;
}

ssize_t stream_source_read(struct stream_source *source, char *out, size_t out_len)
{
    struct pollfd fds[] = {{.fd = source->fd, .events = POLLIN},
                           {.fd = source->wake_fd, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        if (fds[1].revents != 0)
            return -ECANCELED;
        ssize_t n = read(source->fd, out, out_len);
        if (n >= 0)
            return n;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
}

void stream_source_wake(struct stream_source *source)
{
    uint64_t one = 1;
    ssize_t n = write(source->wake_fd, &one, sizeof one);
    (void)n; /* an eventfd has room for many a 1 */
}
