/* shim: preloaded into mxsweep by the crash tests. It kills the process, or fails, at chosen moments
 * of writing a dataset, and logs when what was written and synced. Other files are left alone.
 *
 * MXSHIM      rules, separated by ";": OPERATION:FROM[-TO]:ACTION
 *             operations, each counted from 0: write, end (a write that holds an index, and so the
 *             trailer), endsync (the sync after that), sync, dirsync, truncate
 *             actions: kill-before, kill-half (of the octets), kill-after, short (half of the
 *             octets), skip (nothing is done, and that is well), or an error: ENOSPC, EDQUOT, EIO,
 *             EROFS
 * MXSHIM_LOG  a file to append a line to: microseconds since 1970, operation, number, "begins" or
 *             what it returned */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum operation { WRITE, END, ENDSYNC, SYNC, DIRSYNC, TRUNCATE, NUM_OPERATIONS };

static const char *const names[] = {"write", "end", "endsync", "sync", "dirsync", "truncate"};
static atomic_uint counts[NUM_OPERATIONS];
static atomic_bool end_written;

enum action { PASS, KILL_BEFORE, KILL_HALF, KILL_AFTER, SHORT, SKIP, FAIL };

struct verdict {
    enum action action;
    int error;
};

static struct verdict parse_action(const char *text, size_t len)
{
    static const struct {
        const char *name;
        struct verdict verdict;
    } actions[] = {{"kill-before", {KILL_BEFORE, 0}},
                   {"kill-half", {KILL_HALF, 0}},
                   {"kill-after", {KILL_AFTER, 0}},
                   {"short", {SHORT, 0}},
                   {"skip", {SKIP, 0}},
                   {"ENOSPC", {FAIL, ENOSPC}},
                   {"EDQUOT", {FAIL, EDQUOT}},
                   {"EIO", {FAIL, EIO}},
                   {"EROFS", {FAIL, EROFS}}};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strlen(actions[i].name) == len && memcmp(actions[i].name, text, len) == 0)
            return actions[i].verdict;
    dprintf(STDERR_FILENO, "shim: no such action: %.*s\n", (int)len, text);
    abort();
}

/* what the rules say about call number n of an operation */
static struct verdict judge(enum operation operation, unsigned n)
{
    const char *rule = getenv("MXSHIM");
    size_t name_len = strlen(names[operation]);
    while (rule != NULL && *rule != '\0') {
        const char *end = rule + strcspn(rule, ";");
        if (strncmp(rule, names[operation], name_len) == 0 && rule[name_len] == ':') {
            char *at;
            unsigned long from = strtoul(rule + name_len + 1, &at, 10), to = from;
            if (*at == '-')
                to = at[1] == ':' ? (at++, ~0UL) : strtoul(at + 1, &at, 10);
            if (n >= from && n <= to)
                return parse_action(at + 1, (size_t)(end - at - 1));
        }
        rule = *end == ';' ? end + 1 : end;
    }
    return (struct verdict){PASS, 0};
}

static void note(enum operation operation, unsigned n, const char *what, long result)
{
    const char *path = getenv("MXSHIM_LOG");
    struct timespec t;
    char line[128];
    if (path == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &t);
    int len = snprintf(line, sizeof line, "%lld %s %u %s %ld\n",
                       (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000, names[operation], n, what,
                       result);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, (size_t)len) != len)
        abort();
    close(fd);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool is_dataset(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return strstr(path, ".mxs.zst") != NULL;
}

static bool is_folder(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* the result of a call that did not take place, or of one that was made */
static long finish(enum operation operation, unsigned n, struct verdict v, long result)
{
    int error = errno;
    if (v.action == FAIL) {
        error = v.error;
        result = -1;
    }
    note(operation, n, result < 0 ? strerrorname_np(error) : "returned", result);
    if (v.action == KILL_AFTER)
        die();
    errno = error;
    return result;
}

static struct verdict begin(enum operation operation, unsigned *n)
{
    *n = counts[operation]++;
    struct verdict v = judge(operation, *n);
    note(operation, *n, "begins", 0);
    if (v.action == KILL_BEFORE)
        die();
    return v;
}

static ssize_t do_write(int fd, const void *data, size_t len, off_t offset)
{
    static const char index_magic[] = {0x50, 0x2a, 0x4d, 0x18};
    if (!is_dataset(fd))
        return syscall(SYS_pwrite64, fd, data, len, offset);
    bool is_end = memmem(data, len, index_magic, sizeof index_magic) != NULL;
    enum operation operation = is_end ? END : WRITE;
    unsigned n;
    struct verdict v = begin(operation, &n);
    end_written = is_end;
    ssize_t result = (ssize_t)len;
    if (v.action == KILL_HALF || v.action == SHORT)
        len = (len + 1) / 2;
    if (v.action != FAIL && v.action != SKIP)
        result = syscall(SYS_pwrite64, fd, data, len, offset);
    if (v.action == KILL_HALF)
        die();
    return finish(operation, n, v, result);
}

static int do_sync(int fd, long number)
{
    bool folder = is_folder(fd);
    if (!folder && !is_dataset(fd))
        return (int)syscall(number, fd);
    enum operation operation = folder ? DIRSYNC : end_written ? ENDSYNC : SYNC;
    unsigned n;
    struct verdict v = begin(operation, &n);
    long result = v.action == FAIL || v.action == SKIP ? 0 : syscall(number, fd);
    return (int)finish(operation, n, v, result);
}

static int do_truncate(int fd, off_t len)
{
    if (!is_dataset(fd))
        return (int)syscall(SYS_ftruncate, fd, len);
    unsigned n;
    struct verdict v = begin(TRUNCATE, &n);
    long result = v.action == FAIL ? 0 : syscall(SYS_ftruncate, fd, len);
    return (int)finish(TRUNCATE, n, v, result);
}

/* ---- what takes the place of libc's ---- */

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return do_write(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return do_write(fd, data, len, offset);
}

int fdatasync(int fd)
{
    return do_sync(fd, SYS_fdatasync);
}

int fsync(int fd)
{
    return do_sync(fd, SYS_fsync);
}

int ftruncate(int fd, off_t len)
{
    return do_truncate(fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return do_truncate(fd, len);
}
