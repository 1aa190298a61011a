#include "core/judge_pool.h"

#include <errno.h>
#include <stdlib.h>

struct entry {
    uint8_t sha256[32];
    uint8_t *der;
    size_t len;
    struct bytes subject, ski; /* in der */
};

struct judge_pool {
    struct entry *entries; /* while adding: any order, some twice; sealed: by subject, SHA-256 */
    size_t num, room;
};

struct judge_pool *judge_pool_new(void)
{
    return calloc(1, sizeof(struct judge_pool));
}

void judge_pool_free(struct judge_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->num; i++)
        free(pool->entries[i].der);
    free(pool->entries);
    free(pool);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(((const struct entry *)a)->sha256, ((const struct entry *)b)->sha256, 32);
}

static int compare_bytes(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static int compare_subjects(const void *a, const void *b)
{
    int order =
        compare_bytes(((const struct entry *)a)->subject, ((const struct entry *)b)->subject);
    return order != 0 ? order : compare_hashes(a, b);
}

/* thin_out leaves one of each, and of too many those with the smallest hashes. */
static void thin_out(struct judge_pool *pool)
{
    size_t kept = 0;
    if (pool->num == 0)
        return;
    qsort(pool->entries, pool->num, sizeof *pool->entries, compare_hashes);
    for (size_t i = 0; i < pool->num; i++) {
        struct entry *e = &pool->entries[i];
        if (kept == JUDGE_POOL_MAX ||
            (kept > 0 && memcmp(pool->entries[kept - 1].sha256, e->sha256, 32) == 0))
            free(e->der);
        else
            pool->entries[kept++] = *e;
    }
    pool->num = kept;
}

static int make_room(struct judge_pool *pool)
{
    enum { FIRST_ROOM = 64, ROOM_MAX = 2 * JUDGE_POOL_MAX };
    if (pool->num < pool->room)
        return 0;
    if (pool->room == ROOM_MAX) {
        thin_out(pool); /* to half of it at most */
        return 0;
    }
    size_t room = pool->room == 0 ? FIRST_ROOM : 2 * pool->room;
    struct entry *entries = realloc(pool->entries, room * sizeof *entries);
    if (entries == NULL)
        return -ENOMEM;
    pool->entries = entries;
    pool->room = room;
    return 0;
}

int judge_pool_add(struct judge_pool *pool, struct bytes der)
{
    struct cert_facts f;
    if (der.len > JUDGE_POOL_CERT_MAX || !cert_parse(&f, der) || !f.is_ca || f.self_issued ||
        f.subject.len == 0)
        return 0;
    int rc = make_room(pool);
    if (rc < 0)
        return rc;
    struct entry e = {.der = malloc(der.len), .len = der.len};
    if (e.der == NULL)
        return -ENOMEM;
    memcpy(e.der, der.data, der.len);
    memcpy(e.sha256, f.sha256, sizeof e.sha256);
    e.subject = bytes_of(e.der + (f.subject.data - der.data), f.subject.len);
    if (f.ski.len > 0)
        e.ski = bytes_of(e.der + (f.ski.data - der.data), f.ski.len);
    pool->entries[pool->num++] = e;
    return 1;
}

void judge_pool_seal(struct judge_pool *pool)
{
    thin_out(pool);
    if (pool->num > 0)
        qsort(pool->entries, pool->num, sizeof *pool->entries, compare_subjects);
}

size_t judge_pool_num(const struct judge_pool *pool)
{
    return pool->num;
}

struct bytes judge_pool_der(const struct judge_pool *pool, size_t i)
{
    return bytes_of(pool->entries[i].der, pool->entries[i].len);
}

struct bytes judge_pool_ski(const struct judge_pool *pool, size_t i)
{
    return pool->entries[i].ski;
}

size_t judge_pool_find(const struct judge_pool *pool, size_t *first, struct bytes subject)
{
    size_t low = 0, high = pool->num, num = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_bytes(pool->entries[middle].subject, subject) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low + num < pool->num && bytes_equal(pool->entries[low + num].subject, subject))
        num++;
    return num;
}
