#include "tools/judge_cache.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/judge_cache_check.h"

#define CACHE_MAGIC   "mxsweep judged 1"   /* 16 octets */
#define CACHE_VERSION "1 " MXSWEEP_VERSION /* of what is judged and how it is kept */

/* ---- names ---- */

static int compare_files(const void *a, const void *b)
{
    const struct judge_cache_file *x = a, *y = b;
    return memcmp(x->id, y->id, sizeof x->id);
}

char *judge_cache_path(const struct judge_cache_key *key, const char *first, const char *folder)
{
    char *path = NULL, name[17];
    uint8_t ids[32];
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    qsort(key->files, key->num_files, sizeof key->files[0], compare_files);
    for (size_t i = 0; i < key->num_files; i++)
        SHA256_Update(&ctx, key->files[i].id, sizeof key->files[i].id);
    SHA256_Update(&ctx, key->store_sha256, key->has_store ? sizeof key->store_sha256 : 0);
    SHA256_Final(ids, &ctx);
    for (size_t i = 0; i < 8; i++)
        snprintf(name + 2 * i, 3, "%02x", ids[i]);
    int len = folder != NULL        ? asprintf(&path, "%s/%s.judged", folder, name)
              : key->num_files == 1 ? asprintf(&path, "%s.judged", first)
                                    : asprintf(&path, "%s.%s.judged", first, name);
    return len < 0 ? NULL : path;
}

static void fill_head(struct cache_head *h, const struct judge_cache_key *key)
{
    *h = (struct cache_head){.has_store = key->has_store,
                             .num_files = key->num_files,
                             .entry_len = sizeof(struct cert_entry),
                             .chain_len = sizeof(struct chain_entry)};
    memcpy(h->magic, CACHE_MAGIC, sizeof h->magic);
    strncpy(h->version, CACHE_VERSION, sizeof h->version - 1);
    if (key->has_store)
        memcpy(h->store_sha256, key->store_sha256, sizeof h->store_sha256);
}

/* ---- writing ---- */

/* a number for each array, so that the sum can go before them */
static uint64_t sum_of(const struct judge_cache_key *key, const struct cache_array *arrays)
{
    struct cache_sum sum = {{0}, 0};
    cache_sum_add(&sum, key->files, key->num_files * sizeof key->files[0]);
    for (size_t i = 0; i < NUM_CACHE_ARRAYS; i++)
        cache_sum_add(&sum, *arrays[i].data, *arrays[i].num * arrays[i].size);
    return cache_sum_end(&sum);
}

static void put_all(struct cache_file *f, const struct catalog *c,
                    const struct judge_cache_key *key, const struct cache_array *arrays)
{
    struct cache_head head;
    fill_head(&head, key);
    head.is_judged = c->judged;
    head.num_keys = c->certs.num_keys;
    for (size_t i = 0; i < NUM_CACHE_ARRAYS; i++)
        head.num[i] = *arrays[i].num;
    head.sum = sum_of(key, arrays);
    cache_file_put(f, &head, sizeof head);
    cache_file_put(f, key->files, key->num_files * sizeof key->files[0]);
    for (size_t i = 0; i < NUM_CACHE_ARRAYS; i++)
        cache_file_put(f, *arrays[i].data, *arrays[i].num * arrays[i].size);
}

int judge_cache_save(const struct catalog *c, const struct judge_cache_key *key,
                     char why[CACHE_WHY_MAX], const char *path)
{
    struct cache_texts texts[NUM_CACHE_TEXTS] = {0};
    struct cache_array arrays[NUM_CACHE_ARRAYS];
    struct cache_file f;
    int rc = cache_texts_of(texts, c);
    if (rc != 0)
        snprintf(why, CACHE_WHY_MAX, "%.300s: no memory to write it", path);
    else if (!cache_file_create(&f, why, path))
        rc = -EIO;
    if (rc == 0) {
        qsort(key->files, key->num_files, sizeof key->files[0], compare_files);
        cache_arrays_of(arrays, (struct catalog *)(uintptr_t)c, texts);
        put_all(&f, c, key, arrays);
        rc = cache_file_close(&f, why) ? 0 : -EIO;
    }
    cache_texts_cleanup(texts);
    return rc;
}

/* ---- reading ---- */

/* whether it is of the same files; takes their digests */
static bool same_files(struct judge_cache_key *key, const struct judge_cache_file *files)
{
    for (size_t i = 0; i < key->num_files; i++)
        if (memcmp(key->files[i].id, files[i].id, sizeof files[i].id) != 0 ||
            key->files[i].len != files[i].len)
            return false;
    memcpy(key->files, files, key->num_files * sizeof files[0]);
    return true;
}

static int get_arrays(struct catalog *c, const struct cache_head *head, int fd,
                      struct cache_sum *sum)
{
    struct cache_texts texts[NUM_CACHE_TEXTS] = {0};
    struct cache_array arrays[NUM_CACHE_ARRAYS];
    int rc = 0;
    cache_arrays_of(arrays, c, texts);
    for (size_t i = 0; rc == 0 && i < NUM_CACHE_ARRAYS; i++) {
        size_t len = head->num[i] * arrays[i].size;
        *arrays[i].data = malloc(len > 0 ? len : 1);
        rc = *arrays[i].data == NULL                          ? -ENOMEM
             : !cache_file_get(fd, sum, *arrays[i].data, len) ? -EBADMSG
                                                              : 0;
        *arrays[i].num = rc == 0 ? head->num[i] : 0;
    }
    c->certs.cap = c->certs.num;
    c->certs.names.cap = c->certs.names.num;
    c->chains.cap = c->chains.num;
    c->chains.certs_cap = c->chains.num_certs;
    c->chains.spans_cap = c->chains.num_spans;
    c->chains.staples_cap = c->chains.num_staples;
    c->certs.num_keys = head->num_keys;
    c->judged = head->is_judged;
    if (rc == 0 && head->sum != cache_sum_end(sum))
        rc = -EBADMSG;
    if (rc == 0)
        rc = cache_texts_take(c, texts);
    cache_texts_cleanup(texts);
    return rc == 0 && !cache_holds(c) ? -EBADMSG : rc;
}

/* whether the arrays are as long as the file says, each */
static bool lengths_hold(const struct cache_head *head, const struct judge_cache_key *key,
                         uint64_t len)
{
    uint64_t want = sizeof *head + key->num_files * sizeof key->files[0];
    for (size_t i = 0; i < NUM_CACHE_ARRAYS; i++) {
        size_t size = cache_array_size(i);
        if (head->num[i] >= UINT32_MAX || head->num[i] > len / size)
            return false;
        want += head->num[i] * size;
    }
    return want == len && head->num_keys <= head->num[0];
}

static int load(struct catalog *c, struct judge_cache_key *key, char why[CACHE_WHY_MAX], int fd,
                uint64_t len, const char *path)
{
    struct cache_head head, want;
    struct cache_sum sum = {{0}, 0};
    if (read(fd, &head, sizeof head) != (ssize_t)sizeof head ||
        memcmp(head.magic, CACHE_MAGIC, sizeof head.magic) != 0)
        return cache_file_refuse(why, path, "no cache of judgements");
    fill_head(&want, key);
    if (memcmp(head.version, want.version, sizeof head.version) != 0 ||
        head.entry_len != want.entry_len || head.chain_len != want.chain_len)
        return cache_file_refuse(why, path, "of another version of mxstat");
    if (head.num_files != want.num_files || head.has_store != want.has_store ||
        memcmp(head.store_sha256, want.store_sha256, sizeof head.store_sha256) != 0)
        return cache_file_refuse(why, path, "of other files or another trust store");
    if (!lengths_hold(&head, key, len))
        return cache_file_refuse(why, path, "damaged");
    struct judge_cache_file *files = calloc(key->num_files + 1, sizeof files[0]);
    int rc = files == NULL ? -ENOMEM : 0;
    if (rc == 0 && !cache_file_get(fd, &sum, files, key->num_files * sizeof files[0]))
        rc = -EBADMSG;
    qsort(key->files, key->num_files, sizeof key->files[0], compare_files);
    bool same = rc == 0 && same_files(key, files);
    free(files);
    if (rc == 0 && !same)
        return cache_file_refuse(why, path, "of files that have changed since");
    if (rc == 0)
        rc = get_arrays(c, &head, fd, &sum);
    return rc == 0
               ? 0
               : cache_file_refuse(why, path, rc == -ENOMEM ? "no memory to read it" : "damaged");
}

int judge_cache_load(struct catalog **out, struct judge_cache_key *key, char why[CACHE_WHY_MAX],
                     const char *path)
{
    uint64_t len;
    int fd = cache_file_open(&len, why, path);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    struct catalog *c = catalog_new();
    int rc = c != NULL ? load(c, key, why, fd, len, path)
                       : cache_file_refuse(why, path, "no memory to read it");
    close(fd);
    if (rc != 0) {
        catalog_free(c);
        return rc;
    }
    catalog_seal(c);
    *out = c;
    return 1;
}
