#include "scanner/status_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/metrics.h"
#include "scanner/status.h"

static const char STATUS_OPTION[] = "--status-updates-file";
static const char METRICS_OPTION[] = "--metrics-file";

static int refuse(char err[STATUS_FILES_ERR_MAX], const char *option, const char *name,
                  const char *what)
{
    snprintf(err, STATUS_FILES_ERR_MAX, "%s %.256s: %s", option, name, what);
    return -EINVAL;
}

/* tells a failure once; the sweep is none the worse for it */
static void tell(bool *told, const char *option, const char *name, const char *what)
{
    if (!*told)
        fprintf(stderr, "%smxsweep: %s %s: %s; the sweep goes on\n",
                isatty(STDERR_FILENO) ? "\r\033[K" : "", option, name, what);
    *told = true;
}

/* Tells whether a file is empty or begins with what we write: no other may be added to or
 * replaced. */
static bool is_ours(int fd, const char *begin)
{
    char head[64];
    size_t len = strlen(begin);
    ssize_t got = pread(fd, head, len, 0);
    return got == 0 || (got == (ssize_t)len && memcmp(head, begin, len) == 0);
}

/* ---- status lines ---- */

static int open_status(struct status_files *f, char err[STATUS_FILES_ERR_MAX])
{
    const char *name = f->status_name;
    struct stat st;
    if (strcmp(name, "-") == 0) {
        f->status_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        return f->status_fd < 0 ? refuse(err, STATUS_OPTION, name, strerror(errno)) : 0;
    }
    /* O_NONBLOCK: a pipe that nobody reads is told, and not waited for */
    int flags = O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    f->status_fd = open(name, O_RDWR | flags, 0666);
    if (f->status_fd >= 0 && fstat(f->status_fd, &st) == 0 && S_ISREG(st.st_mode))
        return is_ours(f->status_fd, "{\"time\":")
                   ? 0
                   : refuse(err, STATUS_OPTION, name,
                            "holds something other than status updates; name another file");
    /* a pipe opened for reading too would always have a reader */
    if (f->status_fd >= 0)
        close(f->status_fd);
    f->status_fd = open(name, O_WRONLY | flags, 0666);
    if (f->status_fd < 0)
        return refuse(err, STATUS_OPTION, name,
                      errno == ENXIO ? "nobody reads from this pipe" : strerror(errno));
    return 0;
}

/* 0, or an errno: EAGAIN if there is no room at once */
static int add_line(struct status_files *f)
{
    struct pollfd room = {.fd = f->status_fd, .events = POLLOUT};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
        return (room.revents & (POLLERR | POLLHUP)) != 0 ? EPIPE : EAGAIN;
    ssize_t n = write(f->status_fd, f->line.text, f->line.len);
    if (n < 0)
        return errno;
    f->torn = (size_t)n != f->line.len;
    return f->torn ? ENOSPC : 0;
}

static void update_status(struct status_files *f, const struct status *s, int64_t utc_us)
{
    json_reset(&f->line);
    if (f->torn)
        json_newline(&f->line); /* only the torn line is lost */
    status_json(&f->line, s, utc_us);
    json_newline(&f->line);
    int rc = f->line.bad ? ENOMEM : add_line(f);
    if (rc == EAGAIN)
        tell(&f->told_status, STATUS_OPTION, f->status_name,
             "the reader does not keep up: updates are left out");
    else if (rc != 0)
        tell(&f->told_status, STATUS_OPTION, f->status_name, strerror(rc));
}

/* ---- metrics ---- */

/* The scratch file is this process's alone and never there but while it is written; its name does
 * not end in .prom, which a collector would read. */
static FILE *create_scratch(const struct status_files *f)
{
    unlink(f->scratch_name);
    int fd = open(f->scratch_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && out == NULL)
        close(fd);
    return out;
}

static int check_old_metrics(const char *name, char err[STATUS_FILES_ERR_MAX])
{
    struct stat st;
    if (lstat(name, &st) != 0)
        return errno == ENOENT ? 0 : refuse(err, METRICS_OPTION, name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(err, METRICS_OPTION, name,
                      "is no regular file, and would be replaced; name another");
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(err, METRICS_OPTION, name, strerror(errno));
    bool ours = is_ours(fd, METRICS_FIRST_LINE);
    close(fd);
    return ours ? 0
                : refuse(err, METRICS_OPTION, name,
                         "holds something other than metrics of mxsweep; name another file");
}

static int open_metrics(struct status_files *f, char err[STATUS_FILES_ERR_MAX])
{
    int rc = check_old_metrics(f->metrics_name, err);
    if (rc != 0)
        return rc;
    if (asprintf(&f->scratch_name, "%s.%ld.tmp", f->metrics_name, (long)getpid()) < 0) {
        f->scratch_name = NULL;
        return refuse(err, METRICS_OPTION, f->metrics_name, strerror(ENOMEM));
    }
    FILE *out = create_scratch(f);
    if (out == NULL)
        return refuse(err, METRICS_OPTION, f->metrics_name, strerror(errno));
    fclose(out);
    unlink(f->scratch_name);
    return 0;
}

static void update_metrics(struct status_files *f, const struct status *s, int64_t utc_us,
                           uint32_t num_shards, uint32_t shard)
{
    FILE *out = create_scratch(f);
    bool written = false;
    if (out != NULL) {
        metrics_print(out, s, utc_us, num_shards, shard);
        written = !ferror(out);
        written = fclose(out) == 0 && written; /* a full disk may show only now */
    }
    if (written && rename(f->scratch_name, f->metrics_name) == 0)
        return;
    tell(&f->told_metrics, METRICS_OPTION, f->metrics_name, strerror(errno));
    unlink(f->scratch_name);
}

/* ---- both ---- */

int status_files_open(struct status_files *f, char err[STATUS_FILES_ERR_MAX],
                      const char *status_name, const char *metrics_name)
{
    *f = (struct status_files){
        .status_name = status_name, .metrics_name = metrics_name, .status_fd = -1};
    json_init(&f->line);
    int rc = metrics_name != NULL ? open_metrics(f, err) : 0;
    if (rc == 0 && status_name != NULL)
        rc = open_status(f, err);
    if (rc != 0)
        status_files_close(f);
    return rc;
}

void status_files_close(struct status_files *f)
{
    if (f->status_fd >= 0)
        close(f->status_fd);
    f->status_fd = -1;
    free(f->scratch_name);
    f->scratch_name = NULL;
    json_cleanup(&f->line);
}

void status_files_update(struct status_files *f, const struct status *s, int64_t utc_us,
                         uint32_t num_shards, uint32_t shard)
{
    if (f->status_fd >= 0)
        update_status(f, s, utc_us);
    if (f->scratch_name != NULL)
        update_metrics(f, s, utc_us, num_shards, shard);
}
