#include "tools/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMP_TRIES = 100, FD_PATH_LEN = 32 };

bool new_file_complain(char err[COMMAND_ERR_MAX], const char *path, int why)
{
    if (why == EEXIST)
        snprintf(err, COMMAND_ERR_MAX, "%.900s: exists; name another, or remove it", path);
    else
        snprintf(err, COMMAND_ERR_MAX, "%.900s: cannot write: %s", path,
                 why == ECANCELED ? "interrupted" : strerrordesc_np(why));
    return false;
}

static bool complain(char err[COMMAND_ERR_MAX], const struct new_file *f, int rc)
{
    return new_file_complain(err, f->path != NULL ? f->path : "standard output", -rc);
}

/* ---- names ---- */

int temp_name_make(char **temp, const char *path, int (*make)(void *context, const char *name),
                   void *context)
{
    size_t len = strlen(path);
    int rc = -EEXIST;
    while (len > 1 && path[len - 1] == '/')
        len--;
    for (unsigned i = 0; rc == -EEXIST && i < TEMP_TRIES; i++) {
        char *name;
        if (asprintf(&name, "%.*s.%ld-%u.tmp", (int)len, path, (long)getpid(), i) < 0)
            return -ENOMEM;
        rc = make(context, name);
        if (rc == 0)
            *temp = name;
        else
            free(name);
    }
    return rc;
}

static int make_file(void *context, const char *name)
{
    struct new_file *f = context;
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    f->file.fd = fd;
    return fd < 0 ? -errno : 0;
}

static void path_of_fd(char out[FD_PATH_LEN], int fd)
{
    snprintf(out, FD_PATH_LEN, "/proc/self/fd/%d", fd);
}

static int make_link(void *context, const char *name)
{
    const struct new_file *f = context;
    char from[FD_PATH_LEN];
    path_of_fd(from, f->file.fd);
    return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
}

/* ---- what is below ---- */

/* gives a file that has no name, and cannot do without, the temporary one */
static int begin(struct new_file *f)
{
    if (f->state != NEW_FILE_NAMED || f->temp != NULL)
        return 0;
    signal_hold_begin(&f->hold);
    int rc = temp_name_make(&f->temp, f->path, make_file, f);
    if (rc != 0)
        signal_hold_end(&f->hold);
    return rc;
}

static void remove_temp(struct new_file *f)
{
    if (f->temp != NULL)
        unlink(f->temp);
    free(f->temp);
    f->temp = NULL;
}

static int on_create(void *context, const char *path)
{
    struct new_file *f = context;
    (void)path; /* is f's */
    int rc = begin(f);
    return rc == 0 ? f->file.fd : rc;
}

static ssize_t on_write(void *context, int fd, const void *data, size_t len, uint64_t offset)
{
    const struct new_file *f = context;
    if (f->hold.is_on && signal_hold_due())
        return -ECANCELED;
    ssize_t n =
        f->state == NEW_FILE_STRAIGHT ? write(fd, data, len) : pwrite(fd, data, len, (off_t)offset);
    return n < 0 ? -errno : n;
}

static int on_sync(void *context, int fd)
{
    (void)context;
    (void)fd;
    return 0; /* once, when it is kept */
}

static int on_truncate(void *context, int fd, uint64_t len)
{
    (void)context;
    return ftruncate(fd, (off_t)len) == 0 ? 0 : -errno;
}

const struct file_ops new_file_ops = {
    .create = on_create,
    .write = on_write,
    .sync = on_sync,
    .sync_dir = on_sync,
    .truncate = on_truncate,
    .close = on_sync,
};

/* ---- opening ---- */

/* /dev/stdout and the like, whatever it leads to */
static bool is_stdout(const char *path)
{
    struct stat link, there, out;
    return lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && stat(path, &there) == 0 &&
           fstat(STDOUT_FILENO, &out) == 0 && there.st_dev == out.st_dev &&
           there.st_ino == out.st_ino;
}

/* 1: what is there is no file, and is open now; 0: nothing is there, or it may be replaced */
static int open_straight(struct new_file *f)
{
    struct stat st;
    f->state = NEW_FILE_STRAIGHT;
    if (f->path == NULL || is_stdout(f->path)) {
        f->file.fd = STDOUT_FILENO;
        return 1;
    }
    if (stat(f->path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) {
        f->file.fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return f->file.fd >= 0 ? 1 : -errno;
    }
    return !f->is_over && lstat(f->path, &st) == 0 ? -EEXIST : 0;
}

static int open_nameless(struct new_file *f)
{
    const char *slash = strrchr(f->path, '/');
    char from[FD_PATH_LEN];
    char *folder = slash == NULL      ? strdup(".")
                   : slash == f->path ? strdup("/")
                                      : strndup(f->path, (size_t)(slash - f->path));
    if (folder == NULL)
        return -ENOMEM;
    f->state = NEW_FILE_NAMELESS;
    f->file.fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    int rc = f->file.fd < 0 ? -errno : 0;
    free(folder);
    path_of_fd(from, f->file.fd);
    if (rc != 0 || access(from, F_OK) == 0)
        return rc;
    close(f->file.fd); /* without /proc no name can be given */
    return -EOPNOTSUPP;
}

/* the name is made and removed again: that it can be is to be known before anything is counted */
static int open_named(struct new_file *f)
{
    f->state = NEW_FILE_NAMED;
    int rc = begin(f);
    if (rc == 0)
        close(f->file.fd);
    f->file.fd = -1;
    remove_temp(f);
    signal_hold_end(&f->hold);
    return rc;
}

static int open_any(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path, bool over)
{
    *f = (struct new_file){
        .file = {-1, &new_file_ops, f}, .path = path, .is_over = over, .is_lazy = over};
    int rc = open_straight(f);
    if (rc == 0) {
        rc = open_nameless(f);
        if (rc == -EOPNOTSUPP || rc == -EISDIR || rc == -EINVAL || rc == -ENOSYS)
            rc = open_named(f); /* it cannot, or the kernel does not know how */
    }
    if (rc >= 0)
        return 0;
    f->state = NEW_FILE_CLOSED;
    complain(err, f, rc);
    return rc;
}

bool new_file_open(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path)
{
    return open_any(f, err, path, false) == 0;
}

bool new_file_open_over(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path)
{
    return open_any(f, err, path, true) == 0;
}

int new_file_open_dataset(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path)
{
    int rc = open_any(f, err, path, false);
    if (rc != 0 || f->state != NEW_FILE_STRAIGHT)
        return rc;
    new_file_close(f, err, false);
    snprintf(err, COMMAND_ERR_MAX, "%.900s: is no file; a dataset is written to a file", path);
    return -ESPIPE;
}

/* ---- writing ---- */

static int write_all(struct new_file *f, struct bytes data)
{
    int rc = f->rc != 0 ? f->rc : begin(f);
    if (rc == 0)
        rc = file_write_all(&f->file, data, f->len);
    f->len += data.len;
    f->rc = rc;
    return rc;
}

bool new_file_write(struct new_file *f, char err[COMMAND_ERR_MAX], struct bytes data)
{
    int rc = write_all(f, data);
    return rc == 0 || complain(err, f, rc);
}

static ssize_t on_stream(void *cookie, const char *data, size_t len)
{
    int rc = write_all(cookie, bytes_of(data, len));
    errno = -rc;
    return rc == 0 ? (ssize_t)len : 0;
}

FILE *new_file_stream(struct new_file *f, char err[COMMAND_ERR_MAX])
{
    if (f->stream == NULL)
        f->stream = fopencookie(f, "w", (cookie_io_functions_t){.write = on_stream});
    if (f->stream == NULL)
        complain(err, f, -ENOMEM);
    return f->stream;
}

/* what fails in it is in f->rc */
static void close_stream(struct new_file *f)
{
    if (f->stream != NULL && fclose(f->stream) != 0 && f->rc == 0)
        f->rc = -EIO;
    f->stream = NULL;
}

/* ---- closing ---- */

/* gives the file its name, unless there is one of that name */
static int put_in_place(const char *temp, const char *path)
{
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (link(temp, path) != 0) /* on a file system that cannot do that */
        return -errno;
    unlink(temp);
    return 0;
}

static int keep_over(struct new_file *f)
{
    int rc = 0;
    signal_hold_begin(&f->hold);
    if (f->temp == NULL)
        rc = temp_name_make(&f->temp, f->path, make_link, f);
    return rc != 0 ? rc : rename(f->temp, f->path) == 0 ? 0 : -errno;
}

static int sync_folder(const struct new_file *f)
{
    struct file seen = {f->file.fd, &file_system, NULL};
    return file_sync_folder(&seen, f->path);
}

static int keep_new(struct new_file *f)
{
    if (!f->is_lazy && fdatasync(f->file.fd) != 0)
        return -errno;
    int rc = f->temp != NULL ? put_in_place(f->temp, f->path) : make_link(f, f->path);
    return rc == 0 && !f->is_lazy ? sync_folder(f) : rc;
}

static int keep_it(struct new_file *f)
{
    int rc = begin(f);
    if (rc != 0)
        return rc;
    if (f->hold.is_on && signal_hold_due())
        return -ECANCELED;
    return f->is_over ? keep_over(f) : keep_new(f);
}

bool new_file_close(struct new_file *f, char err[COMMAND_ERR_MAX], bool keep)
{
    if (f->state == NEW_FILE_CLOSED)
        return true;
    close_stream(f);
    int rc = f->rc;
    if (keep && rc == 0 && f->state != NEW_FILE_STRAIGHT)
        rc = keep_it(f);
    if (f->file.fd >= 0 && f->file.fd != STDOUT_FILENO && close(f->file.fd) != 0 && rc == 0)
        rc = -errno;
    remove_temp(f); /* it is gone already if the file is kept */
    f->state = NEW_FILE_CLOSED;
    signal_hold_end(&f->hold);
    return !keep || rc == 0 || complain(err, f, rc);
}
