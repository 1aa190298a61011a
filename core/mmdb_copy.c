#include "core/mmdb_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lines.h"
#include "core/mmdb_check.h"

static int copy_all(int to, int from)
{
    uint8_t buf[65536];
    ssize_t len;
    uint64_t total = 0;
    while ((len = read(from, buf, sizeof buf)) != 0) {
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return -errno;
        total += (uint64_t)len;
        if (total > MMDB_FILE_MAX)
            return -EFBIG;
        for (ssize_t at = 0, n; at < len; at += n) {
            n = write(to, buf + at, (size_t)(len - at));
            if (n <= 0)
                return n < 0 ? -errno : -EIO;
        }
    }
    return 0;
}

static int copy_file(int *out, const char *path)
{
    struct stat st;
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0)
        return -errno;
    int rc = fstat(from, &st) == 0 ? 0 : -errno;
    if (rc == 0 && !S_ISREG(st.st_mode))
        rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    int to = rc == 0 ? memfd_create("mmdb", MFD_CLOEXEC) : -1;
    if (rc == 0)
        rc = to >= 0 ? copy_all(to, from) : -errno;
    close(from);
    if (rc != 0 && to >= 0)
        close(to);
    if (rc == 0)
        *out = to;
    return rc;
}

/* looks at the whole copy, and takes its digest */
static int check_copy(uint8_t sha256[32], const char **why, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    size_t len = (size_t)st.st_size;
    if (len == 0) {
        *why = "it is empty";
        return -EINVAL;
    }
    void *octets = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (octets == MAP_FAILED)
        return -errno;
    SHA256(octets, len, sha256);
    int rc = mmdb_check(why, bytes_of(octets, len));
    munmap(octets, len);
    return rc;
}

int mmdb_copy(int *fd, uint8_t sha256[32], char *err, size_t err_len, const char *path,
              const char *what)
{
    const char *why = NULL;
    int to = -1;
    int rc = copy_file(&to, path);
    if (rc == 0)
        rc = check_copy(sha256, &why, to);
    if (rc == 0) {
        *fd = to;
        return 0;
    }
    if (to >= 0)
        close(to);
    if (why != NULL)
        return line_error(err, err_len, rc, path, 0,
                          "no whole MaxMind database: %s; fetch it again, or name another", why);
    return line_error(err, err_len, rc, path, 0, "cannot be read as %s: %s", what, strerror(-rc));
}

void mmdb_copy_name(char out[MMDB_NAME_MAX], int fd)
{
    snprintf(out, MMDB_NAME_MAX, "/proc/self/fd/%d", fd);
}
