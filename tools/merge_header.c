#include "tools/merge_header.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/alike.h"

enum { ABSENT_SHOWN = 5, ID_LEN = 16 };

/* ---- what must be the same ---- */

static int check_alike(char err[MERGE_ERR_MAX], const struct merge_part *parts, size_t num)
{
    for (size_t i = 1; i < num; i++) {
        const struct dataset_header *a = parts[0].header, *b = parts[i].header;
        const char *what = alike_difference(a, b);
        if (what == NULL && a->record_mode != b->record_mode)
            what = "another --record";
        if (what == NULL)
            continue;
        snprintf(err, MERGE_ERR_MAX,
                 "%.300s and %.300s are not of one sweep, and cannot be merged: %s", parts[0].path,
                 parts[i].path, what);
        return -EINVAL;
    }
    return 0;
}

static int check_ids(char err[MERGE_ERR_MAX], const struct merge_part *parts, size_t num)
{
    for (size_t i = 0; i < num; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(parts[i].header->id, parts[k].header->id, ID_LEN) == 0) {
                snprintf(err, MERGE_ERR_MAX, "%.300s and %.300s are the same dataset; name it once",
                         parts[k].path, parts[i].path);
                return -EINVAL;
            }
    return 0;
}

static int compare_shards(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* says which shards are not there, of those that are, in order */
static int absent_shards(char err[MERGE_ERR_MAX], const uint32_t *there, size_t num, uint32_t all)
{
    size_t len = (size_t)snprintf(err, MERGE_ERR_MAX,
                                  "of %u shards %zu are given; name all of them, or files of one. "
                                  "Missing:",
                                  all, num);
    size_t at = 0, shown = 0;
    for (uint32_t shard = 0; shard < all; shard++) {
        if (at < num && there[at] == shard) {
            at++;
            continue;
        }
        if (shown++ == ABSENT_SHOWN) {
            snprintf(err + len, MERGE_ERR_MAX - len, " ...");
            break;
        }
        len += (size_t)snprintf(err + len, MERGE_ERR_MAX - len, " %u", shard);
    }
    return -EINVAL;
}

/* all shards become one; of one shard several files may be given */
static int join_shards(struct merge_header *m, char err[MERGE_ERR_MAX],
                       const struct merge_part *parts, size_t num)
{
    uint32_t all = parts[0].header->num_shards;
    uint32_t *there = calloc(num, sizeof there[0]);
    size_t distinct = 0;
    if (there == NULL) {
        snprintf(err, MERGE_ERR_MAX, "no memory to merge");
        return -ENOMEM;
    }
    for (size_t i = 0; i < num; i++)
        there[i] = parts[i].header->shard;
    qsort(there, num, sizeof there[0], compare_shards);
    for (size_t i = 0; i < num; i++)
        if (distinct == 0 || there[distinct - 1] != there[i])
            there[distinct++] = there[i];
    int rc = 0;
    if (distinct == all) {
        m->header.num_shards = 1;
        m->header.shard = 0;
    } else if (distinct > 1) {
        rc = absent_shards(err, there, distinct, all);
    }
    free(there);
    return rc;
}

/* ---- where and how it was seen from ---- */

static const struct addr kernel_chose = {0, 0};

static struct bytes name_of(const struct dataset_header *h, size_t source)
{
    if (h->num_ehlo_names == 0)
        return bytes_of(NULL, 0);
    return h->ehlo_names[h->num_ehlo_names > 1 ? source : 0];
}

static int too_many(char err[MERGE_ERR_MAX], const char *what)
{
    snprintf(err, MERGE_ERR_MAX, "the files have more than %d %s together", MERGE_INDEXES, what);
    return -EINVAL;
}

/* the number of a vantage, a new one if there is none like it; MERGE_INDEXES: too many */
static size_t vantage(struct merge_header *m, struct addr source, struct bytes name)
{
    size_t *num = &m->header.num_sources;
    for (size_t i = 0; i < *num; i++)
        if (addr_cmp(m->sources[i], source) == 0 && bytes_equal(m->names[i], name))
            return i;
    if (*num == MERGE_INDEXES)
        return MERGE_INDEXES;
    m->sources[*num] = source;
    m->names[*num] = name;
    return (*num)++;
}

static int join_vantages(struct merge_header *m, char err[MERGE_ERR_MAX], struct merge_part *parts,
                         size_t num)
{
    for (size_t i = 0; i < num; i++) {
        const struct dataset_header *h = parts[i].header;
        size_t sources = h->num_sources > 0 ? h->num_sources : 1;
        for (size_t k = 0; k < sources && k < MERGE_INDEXES; k++) {
            struct addr source = h->num_sources > 0 ? h->sources[k] : kernel_chose;
            size_t to = vantage(m, source, name_of(h, k));
            if (to == MERGE_INDEXES)
                return too_many(err, "pairs of source address and EHLO name");
            parts[i].sources[k] = (uint8_t)to;
        }
    }
    return 0;
}

/* as short as the header allows: one name for all, no address where the kernel always chose */
static void shorten_vantages(struct merge_header *m)
{
    struct dataset_header *h = &m->header;
    bool same = true;
    for (size_t i = 1; i < h->num_sources; i++)
        same &= bytes_equal(m->names[i], m->names[0]);
    h->sources = m->sources;
    h->ehlo_names = m->names;
    h->num_ehlo_names = !same ? h->num_sources : m->names[0].len > 0 ? 1 : 0;
    if (h->num_sources == 1 && addr_cmp(m->sources[0], kernel_chose) == 0)
        h->num_sources = 0;
}

static bool same_hello(const struct dataset_hello *a, const struct dataset_hello *b)
{
    return bytes_equal(a->name, b->name) && bytes_equal(a->ja4, b->ja4) &&
           memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0 && bytes_equal(a->body, b->body);
}

static int join_hellos(struct merge_header *m, char err[MERGE_ERR_MAX], struct merge_part *parts,
                       size_t num)
{
    size_t *all = &m->header.num_hellos;
    m->header.hellos = m->hellos;
    for (size_t i = 0; i < num; i++) {
        const struct dataset_header *h = parts[i].header;
        for (size_t k = 0; k < h->num_hellos && k < MERGE_INDEXES; k++) {
            size_t to = 0;
            while (to < *all && !same_hello(&m->hellos[to], &h->hellos[k]))
                to++;
            if (to == MERGE_INDEXES)
                return too_many(err, "hellos");
            if (to == *all)
                m->hellos[(*all)++] = h->hellos[k];
            parts[i].hellos[k] = (uint8_t)to;
        }
    }
    return 0;
}

/* ---- what is kept where all agree ---- */

static bool has_pair(const struct dataset_pair *pairs, size_t num, const struct dataset_pair *pair)
{
    for (size_t i = 0; i < num; i++)
        if (bytes_equal(pairs[i].key, pair->key) && bytes_equal(pairs[i].value, pair->value))
            return true;
    return false;
}

static int join_pairs(struct merge_header *m, char err[MERGE_ERR_MAX],
                      const struct merge_part *parts, size_t num)
{
    const struct dataset_header *first = parts[0].header;
    m->options = calloc(first->num_options + 1, sizeof m->options[0]);
    m->libraries = calloc(first->num_libraries + 1, sizeof m->libraries[0]);
    if (m->options == NULL || m->libraries == NULL) {
        snprintf(err, MERGE_ERR_MAX, "no memory to merge");
        return -ENOMEM;
    }
    for (size_t i = 0; i < first->num_options; i++) {
        bool all = true;
        for (size_t k = 1; k < num; k++)
            all &= has_pair(parts[k].header->options, parts[k].header->num_options,
                            &first->options[i]);
        if (all)
            m->options[m->header.num_options++] = first->options[i];
    }
    for (size_t i = 0; i < first->num_libraries; i++) {
        bool all = true;
        for (size_t k = 1; k < num; k++)
            all &= has_pair(parts[k].header->libraries, parts[k].header->num_libraries,
                            &first->libraries[i]);
        if (all)
            m->libraries[m->header.num_libraries++] = first->libraries[i];
    }
    m->header.options = m->options;
    m->header.libraries = m->libraries;
    return 0;
}

static void join_metadata(struct merge_header *m, const struct merge_part *parts, size_t num)
{
    for (size_t i = 1; i < num; i++)
        if (!bytes_equal(parts[i].header->user_metadata, parts[0].header->user_metadata))
            m->header.user_metadata = bytes_of(NULL, 0);
}

/* ---- the rest ---- */

static int join_starts(struct merge_header *m, char err[MERGE_ERR_MAX], struct merge_part *parts,
                       size_t num)
{
    int64_t *start_us = &m->header.start_us, later_us;
    for (size_t i = 1; i < num; i++)
        if (parts[i].header->start_us < *start_us)
            *start_us = parts[i].header->start_us;
    for (size_t i = 0; i < num; i++) {
        if (__builtin_sub_overflow(parts[i].header->start_us, *start_us, &later_us)) {
            snprintf(err, MERGE_ERR_MAX, "%.300s: its start is out of all bounds", parts[i].path);
            return -EINVAL;
        }
        parts[i].later_us = (uint64_t)later_us;
    }
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_LEN);
}

/* the same files make the same file */
static int make_id(struct merge_header *m, char err[MERGE_ERR_MAX], const struct merge_part *parts,
                   size_t num)
{
    uint8_t sha256[SHA256_DIGEST_LENGTH];
    uint8_t *ids = malloc(num * ID_LEN);
    if (ids == NULL) {
        snprintf(err, MERGE_ERR_MAX, "no memory to merge");
        return -ENOMEM;
    }
    for (size_t i = 0; i < num; i++)
        memcpy(ids + i * ID_LEN, parts[i].header->id, ID_LEN);
    qsort(ids, num, ID_LEN, compare_ids);
    SHA256(ids, num * ID_LEN, sha256);
    memcpy(m->header.id, sha256, ID_LEN);
    free(ids);
    return 0;
}

int merge_header_init(struct merge_header *m, char err[MERGE_ERR_MAX], struct merge_part *parts,
                      size_t num)
{
    static int (*const joins[])(struct merge_header *, char *, struct merge_part *,
                                size_t) = {join_vantages, join_hellos, join_starts};
    *m = (struct merge_header){.header = *parts[0].header};
    m->header.part = 0;
    m->header.num_sources = m->header.num_hellos = 0;
    m->header.num_options = m->header.num_libraries = 0;
    int rc = check_ids(err, parts, num);
    rc = rc == 0 ? check_alike(err, parts, num) : rc;
    rc = rc == 0 ? join_shards(m, err, parts, num) : rc;
    for (size_t i = 0; i < sizeof joins / sizeof joins[0] && rc == 0; i++)
        rc = joins[i](m, err, parts, num);
    rc = rc == 0 ? join_pairs(m, err, parts, num) : rc;
    rc = rc == 0 ? make_id(m, err, parts, num) : rc;
    if (rc != 0) {
        merge_header_cleanup(m);
        return rc;
    }
    shorten_vantages(m);
    join_metadata(m, parts, num);
    return 0;
}

void merge_header_cleanup(struct merge_header *m)
{
    free(m->options);
    free(m->libraries);
    m->options = m->libraries = NULL;
}
