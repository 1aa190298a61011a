#include "core/trust_store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/base64.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/trust_store_private.h"

/* ---- PEM: RFC 7468, lax in what stands between the lines of base64 ---- */

struct pem {
    struct bytes rest;
    size_t line;           /* number of the last line taken, from 1 */
    uint8_t *base64, *der; /* max_len octets each: as long as the file */
    size_t base64_len, max_len;
};

static bool take_line(struct pem *p, struct bytes *line)
{
    if (p->rest.len == 0)
        return false;
    const uint8_t *end = memchr(p->rest.data, '\n', p->rest.len);
    size_t len = end == NULL ? p->rest.len : (size_t)(end - p->rest.data);
    *line = bytes_of(p->rest.data, len);
    size_t used = end == NULL ? len : len + 1;
    p->rest = bytes_of(p->rest.data + used, p->rest.len - used);
    while (line->len > 0 && strchr(" \t\r", line->data[line->len - 1]) != NULL)
        line->len--;
    p->line++;
    return true;
}

static bool is_begin(struct bytes line)
{
    return bytes_equal(line, bytes_text("-----BEGIN CERTIFICATE-----")) ||
           bytes_equal(line, bytes_text("-----BEGIN X509 CERTIFICATE-----")) ||
           bytes_equal(line, bytes_text("-----BEGIN TRUSTED CERTIFICATE-----"));
}

static void add_base64(struct pem *p, struct bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            p->base64[p->base64_len++] = line.data[i];
}

/* take_entry takes the next entry: its first line's number and its octets, none if they are no
 * base64 or there is no end to them. */
static bool take_entry(struct pem *p, size_t *first_line, struct bytes *der)
{
    struct bytes line, before;
    do {
        if (!take_line(p, &line))
            return false;
    } while (!is_begin(line));
    *first_line = p->line;
    *der = bytes_of(p->der, 0);
    p->base64_len = 0;
    for (;;) {
        before = p->rest;
        if (!take_line(p, &line))
            return true;
        if (line.len >= 9 && memcmp(line.data, "-----END ", 9) == 0)
            break;
        if (is_begin(line)) { /* the one before has no end: this one may be whole */
            p->rest = before;
            p->line--;
            return true;
        }
        add_base64(p, line);
    }
    EVP_DecodeBase64(p->der, &der->len, p->max_len, p->base64, p->base64_len);
    return true;
}

/* ---- the store ---- */

static int fail(char *err, const char *name, int rc, const char *what)
{
    snprintf(err, TRUST_STORE_ERR_MAX, "%s: %s", name, what);
    return rc;
}

bool trust_store_has(const struct trust_store *store, const uint8_t sha256[32])
{
    for (size_t i = 0; i < store->facts.num_roots; i++)
        if (memcmp(store->roots[i].facts.sha256, sha256, 32) == 0)
            return true;
    return false;
}

static void note_bad(struct trust_store *store, size_t line)
{
    if (store->facts.num_bad++ == 0)
        store->facts.first_bad_line = line;
}

static int add_root(struct trust_store *store, struct bytes der, size_t line)
{
    struct judge_cert c;
    int rc = judge_cert_parse(&c, der);
    if (rc == -EINVAL) {
        note_bad(store, line);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (trust_store_has(store, c.facts.sha256)) {
        judge_cert_cleanup(&c);
        return 0;
    }
    size_t n = store->facts.num_roots;
    if ((n & (n - 1)) == 0) { /* grown whenever full, at powers of 2 */
        struct judge_cert *roots = realloc(store->roots, (n == 0 ? 1 : 2 * n) * sizeof *roots);
        if (roots == NULL) {
            judge_cert_cleanup(&c);
            return -ENOMEM;
        }
        store->roots = roots;
    }
    store->roots[store->facts.num_roots++] = c;
    return 0;
}

static int compare_subjects(const void *a, const void *b, void *context)
{
    const struct judge_cert *roots = context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    uint32_t x = roots[i].subject_hash, y = roots[j].subject_hash;
    if (x != y)
        return x < y ? -1 : 1;
    return i < j ? -1 : i > j;
}

static int index_subjects(struct trust_store *store)
{
    size_t num = store->facts.num_roots;
    store->by_subject = malloc(num * sizeof *store->by_subject);
    if (store->by_subject == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < num; i++)
        store->by_subject[i] = (uint32_t)i;
    qsort_r(store->by_subject, num, sizeof *store->by_subject, compare_subjects, store->roots);
    return 0;
}

size_t trust_store_find(const struct trust_store *store, const uint32_t **indexes,
                        uint32_t subject_hash)
{
    size_t first = 0, end = store->facts.num_roots, num = 0;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (store->roots[store->by_subject[middle]].subject_hash < subject_hash)
            first = middle + 1;
        else
            end = middle;
    }
    *indexes = store->by_subject + first;
    while (first + num < store->facts.num_roots &&
           store->roots[store->by_subject[first + num]].subject_hash == subject_hash)
        num++;
    return num;
}

static int add_entries(struct trust_store *store, char *err, struct pem *pem, const char *name)
{
    struct bytes der;
    size_t line;
    while (take_entry(pem, &line, &der)) {
        if (store->facts.num_roots == TRUST_STORE_ROOTS_MAX)
            return fail(err, name, -E2BIG,
                        "more certificates than a trust store may hold "
                        "(16384): leave some out");
        int rc = add_root(store, der, line);
        if (rc < 0)
            return fail(err, name, rc, "no memory for its certificates");
    }
    if (store->facts.num_roots > 0)
        return 0;
    if (store->facts.num_bad == 0)
        return fail(err, name, -EINVAL,
                    "no certificate in it: give a file with lines "
                    "-----BEGIN CERTIFICATE-----");
    snprintf(err, TRUST_STORE_ERR_MAX,
             "%s: line %zu: this entry is no certificate, nor is any other: give a file of X.509 "
             "certificates in PEM",
             name, store->facts.first_bad_line);
    return -EINVAL;
}

int trust_store_read(struct trust_store **out, char err[TRUST_STORE_ERR_MAX], struct bytes pem,
                     const char *name, int64_t mtime_s)
{
    if (pem.len > TRUST_STORE_FILE_MAX)
        return fail(err, name, -EFBIG, "longer than a trust store may be (32 MiB): is it one?");
    struct pem in = {.rest = pem,
                     .base64 = malloc(pem.len + 1),
                     .der = malloc(pem.len + 1),
                     .max_len = pem.len + 1};
    struct trust_store *store = calloc(1, sizeof *store);
    int rc = in.base64 == NULL || in.der == NULL || store == NULL
                 ? fail(err, name, -ENOMEM, "no memory to read it")
                 : add_entries(store, err, &in, name);
    if (rc == 0 && (rc = index_subjects(store)) < 0)
        fail(err, name, rc, "no memory for its certificates");
    if (rc == 0) {
        SHA256(pem.data, pem.len, store->facts.sha256);
        store->facts.mtime_s = mtime_s;
        *out = store;
    } else {
        trust_store_free(store);
    }
    free(in.base64);
    free(in.der);
    return rc;
}

/* read_file reads a regular file whole; one that changes meanwhile is read to its first size. */
static int read_file(uint8_t **data, size_t *len, int64_t *mtime_s, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
    if (st.st_size > TRUST_STORE_FILE_MAX)
        return -EFBIG;
    size_t size = (size_t)st.st_size, used = 0;
    uint8_t *buf = malloc(size + 1);
    if (buf == NULL)
        return -ENOMEM;
    while (used < size) {
        ssize_t n = read(fd, buf + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int rc = -errno;
            free(buf);
            return rc;
        }
        if (n == 0)
            break;
        used += (size_t)n;
    }
    *data = buf;
    *len = used;
    *mtime_s = st.st_mtime;
    return 0;
}

static const char *mend_of(int rc)
{
    switch (-rc) {
    case ENOENT: return "there is no such trust store: install ca-certificates, or name another";
    case EISDIR: return "is a folder: give one file with all roots in PEM";
    case ENODEV: return "is no regular file: give one with all roots in PEM";
    case EFBIG: return "longer than a trust store may be (32 MiB): is it one?";
    case EACCES: return "may not be read: change its permissions, or name another trust store";
    case ENOMEM: return "no memory to read it";
    default: return NULL;
    }
}

int trust_store_open(struct trust_store **out, char err[TRUST_STORE_ERR_MAX], const char *path)
{
    uint8_t *data = NULL;
    size_t len = 0;
    int64_t mtime_s = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    int rc = fd < 0 ? -errno : read_file(&data, &len, &mtime_s, fd);
    if (fd >= 0)
        close(fd); /* only read from: nothing can be lost */
    if (rc < 0) {
        const char *mend = mend_of(rc);
        return fail(err, path, rc, mend != NULL ? mend : strerrordesc_np(-rc));
    }
    rc = trust_store_read(out, err, bytes_of(data, len), path, mtime_s);
    free(data);
    return rc;
}

void trust_store_free(struct trust_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->facts.num_roots; i++)
        judge_cert_cleanup(&store->roots[i]);
    free(store->roots);
    free(store->by_subject);
    free(store);
}

const struct trust_store_facts *trust_store_facts(const struct trust_store *store)
{
    return &store->facts;
}

struct bytes trust_store_der(const struct trust_store *store, size_t i)
{
    return judge_cert_der(&store->roots[i]);
}
