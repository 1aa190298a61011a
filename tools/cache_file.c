#include "tools/cache_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_LEN = 1 << 20, WRITE_LEN = 1 << 20 }; /* octets; of whole words */

void cache_sum_add(struct cache_sum *s, const void *data, size_t len)
{
    const uint8_t *p = data;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word, *lane = &s->lanes[s->at++ & 3];
        memcpy(&word, p, 8);
        *lane = (*lane ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        *lane ^= *lane >> 32;
    }
    for (; len > 0; p++, len--)
        s->lanes[0] = (s->lanes[0] ^ *p) * UINT64_C(0x100000001b3);
}

uint64_t cache_sum_end(const struct cache_sum *s)
{
    uint64_t sum = s->at;
    for (size_t i = 0; i < 4; i++)
        sum = (sum ^ s->lanes[i]) * UINT64_C(0xd1342543de82ef95) ^ sum >> 29;
    return sum;
}

/* ---- reading ---- */

int cache_file_refuse(char why[CACHE_WHY_MAX], const char *path, const char *what)
{
    snprintf(why, CACHE_WHY_MAX, "%.300s: %s; it is made anew", path, what);
    return -EBADMSG;
}

int cache_file_open(uint64_t *len, char why[CACHE_WHY_MAX], const char *path)
{
    struct stat st;
    const char *what = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0) {
        int rc = -errno;
        snprintf(why, CACHE_WHY_MAX, "%.300s: cannot be opened: %s", path, strerrordesc_np(-rc));
        return rc == -ENOENT ? -EIO : rc;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        what = "no file";
    else if (st.st_uid != geteuid() && st.st_uid != 0)
        what = "belongs to another user, who might lie in it";
    else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        what = "others may write to it, and might lie in it";
    if (what != NULL) {
        close(fd);
        return cache_file_refuse(why, path, what);
    }
    *len = (uint64_t)st.st_size;
    return fd;
}

bool cache_file_get(int fd, struct cache_sum *sum, void *out, size_t len)
{
    char *at = out;
    size_t left = len, ready = 0; /* octets that are read, but not in the sum */
    while (left > 0) {
        ssize_t n = read(fd, at + ready, (left < READ_LEN ? left : READ_LEN));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        left -= (size_t)n;
        ready += (size_t)n;
        size_t whole = left > 0 ? ready - ready % 8 : ready;
        cache_sum_add(sum, at, whole);
        at += whole;
        ready -= whole;
    }
    return true;
}

/* ---- writing ---- */

static bool complain(char why[CACHE_WHY_MAX], const char *err)
{
    snprintf(why, CACHE_WHY_MAX, "%.500s", err);
    return false;
}

bool cache_file_create(struct cache_file *f, char why[CACHE_WHY_MAX], const char *path)
{
    char err[COMMAND_ERR_MAX] = "";
    struct stat st;
    *f = (struct cache_file){.path = path, .good = true};
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a FIFO would be waited for */
        snprintf(why, CACHE_WHY_MAX, "%.300s: is no file; remove it, or name another folder", path);
        return false;
    }
    if (!new_file_open_over(&f->file, err, path))
        return complain(why, err);
    f->to = new_file_stream(&f->file, err);
    if (f->to == NULL || f->file.state == NEW_FILE_STRAIGHT ||
        setvbuf(f->to, NULL, _IOFBF, WRITE_LEN) != 0) {
        new_file_close(&f->file, err, false);
        return complain(why, err[0] != '\0' ? err : "no file to keep what was judged in");
    }
    return true;
}

void cache_file_put(struct cache_file *f, const void *data, size_t len)
{
    cache_sum_add(&f->sum, data, len);
    f->good = f->good && (len == 0 || fwrite(data, 1, len, f->to) == len);
}

/* the octets are on the disk before the name is theirs */
static bool settle(struct cache_file *f)
{
    return f->good && fflush(f->to) == 0 && fchmod(f->file.file.fd, S_IRUSR | S_IWUSR) == 0 &&
           fdatasync(f->file.file.fd) == 0;
}

bool cache_file_close(struct cache_file *f, char why[CACHE_WHY_MAX])
{
    char err[COMMAND_ERR_MAX] = "";
    bool good = settle(f);
    int rc = f->file.rc != 0 ? f->file.rc : -errno;
    if (!new_file_close(&f->file, err, good))
        return complain(why, err);
    if (!good)
        snprintf(why, CACHE_WHY_MAX, "%.300s: cannot be written: %s", f->path,
                 strerrordesc_np(-rc));
    return good;
}
