#include "core/judge_pool.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct entry {
    uint8_t sha256[32];
    uint8_t subject_sha256[32];
    uint8_t answer[16]; /* of the first with that subject, once sealed */
    uint8_t *der;
    size_t len;
    struct bytes ski; /* in der */
};

struct judge_pool {
    struct entry *entries; /* while adding: any order, some twice; sealed: by both hashes */
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

static int compare_subjects(const void *a, const void *b)
{
    int order = memcmp(((const struct entry *)a)->subject_sha256,
                       ((const struct entry *)b)->subject_sha256, 32);
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
    SHA256(f.subject.data, f.subject.len, e.subject_sha256);
    if (f.ski.len > 0)
        e.ski = bytes_of(e.der + (f.ski.data - der.data), f.ski.len);
    pool->entries[pool->num++] = e;
    return 1;
}

/* how many from the i-th on have its subject */
static size_t num_alike(const struct judge_pool *pool, size_t i)
{
    size_t num = 1;
    while (i + num < pool->num &&
           memcmp(pool->entries[i + num].subject_sha256, pool->entries[i].subject_sha256, 32) == 0)
        num++;
    return num;
}

static void note_answer(struct judge_pool *pool, size_t first, size_t num)
{
    uint8_t sha256[32];
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = first; i < first + num; i++)
        SHA256_Update(&ctx, pool->entries[i].sha256, 32);
    SHA256_Final(sha256, &ctx);
    memcpy(pool->entries[first].answer, sha256, sizeof pool->entries[first].answer);
}

void judge_pool_seal(struct judge_pool *pool)
{
    thin_out(pool);
    if (pool->num > 0)
        qsort(pool->entries, pool->num, sizeof *pool->entries, compare_subjects);
    for (size_t i = 0, num; i < pool->num; i += num) {
        num = num_alike(pool, i);
        note_answer(pool, i, num);
    }
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

/* the first whose subject begins with those octets of its hash, or where it would be */
static size_t first_of(const struct judge_pool *pool, const uint8_t *hash, size_t hash_len)
{
    size_t low = 0, high = pool->num;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(pool->entries[middle].subject_sha256, hash, hash_len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t judge_pool_find(const struct judge_pool *pool, size_t *first, struct bytes subject)
{
    uint8_t hash[32];
    SHA256(subject.data, subject.len, hash);
    *first = first_of(pool, hash, sizeof hash);
    return *first < pool->num && memcmp(pool->entries[*first].subject_sha256, hash, 32) == 0
               ? num_alike(pool, *first)
               : 0;
}

/* ---- questions ---- */

static void answer(const struct judge_pool *pool, struct pool_question *q)
{
    size_t i = first_of(pool, q->subject, sizeof q->subject);
    memset(q->answer, 0, sizeof q->answer);
    if (i < pool->num &&
        memcmp(pool->entries[i].subject_sha256, q->subject, sizeof q->subject) == 0)
        memcpy(q->answer, pool->entries[i].answer, sizeof q->answer);
}

void judge_pool_ask(const struct judge_pool *pool, struct pool_question *q, struct bytes subject)
{
    uint8_t hash[32];
    SHA256(subject.data, subject.len, hash);
    memcpy(q->subject, hash, sizeof q->subject);
    answer(pool, q);
}

bool judge_pool_holds(const struct judge_pool *pool, const struct pool_question *q)
{
    struct pool_question now = *q;
    answer(pool, &now);
    return memcmp(now.answer, q->answer, sizeof q->answer) == 0;
}
