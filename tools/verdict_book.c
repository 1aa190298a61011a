#include "tools/verdict_book.h"

#include <errno.h>
#include <openssl/base.h>
#include <stdlib.h>
#include <unistd.h>

#define BOOK_MAGIC "mxsweep verdicts" /* 16 octets */
#define TEXT_OF(x) #x
#define VALUE(x)   TEXT_OF(x)
/* of what is judged, by which library, and how it is kept */
#define BOOK_VERSION "1 " MXSWEEP_VERSION " " VALUE(BORINGSSL_API_VERSION)

enum { SLOTS_MIN = 1 << 10, ROOM_MIN = 1 << 10, REFRESH_DAYS = BOOK_DAYS / 4 };

struct book_chain {
    struct book_key key;
    uint32_t first; /* of verdicts */
    uint16_t num, used_day;
};

struct book_head {
    char magic[16];
    char version[32];
    uint8_t store_sha256[32];
    uint64_t num_chains, num_verdicts, num_asked;
};

struct verdict_book {
    uint8_t store_sha256[32];
    uint16_t today;
    bool changed;
    struct book_chain *chains;
    struct book_verdict *verdicts; /* some belong to no chain any more */
    struct pool_question *asked;
    size_t num_chains, chains_room, num_verdicts, verdicts_room, num_asked, asked_room;
    uint32_t *slots; /* index + 1; 0: empty */
    size_t num_slots;
};

struct verdict_book *verdict_book_new(const uint8_t store_sha256[32], uint16_t today)
{
    struct verdict_book *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    memcpy(b->store_sha256, store_sha256, sizeof b->store_sha256);
    b->today = today;
    return b;
}

static void make_empty(struct verdict_book *b)
{
    free(b->chains);
    free(b->verdicts);
    free(b->asked);
    free(b->slots);
    b->chains = NULL;
    b->verdicts = NULL;
    b->asked = NULL;
    b->slots = NULL;
    b->num_chains = b->chains_room = b->num_verdicts = b->verdicts_room = 0;
    b->num_asked = b->asked_room = b->num_slots = 0;
}

void verdict_book_free(struct verdict_book *b)
{
    if (b == NULL)
        return;
    make_empty(b);
    free(b);
}

size_t verdict_book_num(const struct verdict_book *b)
{
    return b->num_chains;
}

char *verdict_book_path(const uint8_t store_sha256[32], const char *first, const char *folder)
{
    char *path = NULL, name[17];
    for (size_t i = 0; i < 8; i++)
        snprintf(name + 2 * i, 3, "%02x", store_sha256[i]);
    int len = folder != NULL ? asprintf(&path, "%s/%s.verdicts", folder, name)
                             : asprintf(&path, "%s.verdicts", first);
    return len < 0 ? NULL : path;
}

/* ---- chains by key ---- */

/* keys are as good as random */
static size_t slot_of(const struct verdict_book *b, const struct book_key *key)
{
    uint64_t word;
    memcpy(&word, key->octets, sizeof word);
    size_t i = word & (b->num_slots - 1);
    while (b->slots[i] != 0 && memcmp(&b->chains[b->slots[i] - 1].key, key, sizeof *key) != 0)
        i = (i + 1) & (b->num_slots - 1);
    return i;
}

static struct book_chain *chain_of(const struct verdict_book *b, const struct book_key *key)
{
    uint32_t slot = b->num_slots > 0 ? b->slots[slot_of(b, key)] : 0;
    return slot > 0 ? &b->chains[slot - 1] : NULL;
}

/* makes room in the slots for num chains, half of them empty at least */
static bool make_slots(struct verdict_book *b, size_t num)
{
    size_t wanted = b->num_slots > 0 ? b->num_slots : SLOTS_MIN;
    while (wanted < 2 * num)
        wanted *= 2;
    if (wanted == b->num_slots)
        return true;
    uint32_t *slots = calloc(wanted, sizeof slots[0]);
    if (slots == NULL)
        return false;
    free(b->slots);
    b->slots = slots;
    b->num_slots = wanted;
    for (size_t i = 0; i < b->num_chains; i++)
        slots[slot_of(b, &b->chains[i].key)] = (uint32_t)i + 1;
    return true;
}

static bool make_room(void **list, size_t *room, size_t num, size_t more, size_t size)
{
    size_t wanted = *room > 0 ? *room : ROOM_MIN;
    while (wanted < num + more)
        wanted *= 2;
    if (wanted == *room)
        return true;
    void *bigger = wanted < UINT32_MAX ? realloc(*list, wanted * size) : NULL;
    if (bigger == NULL)
        return false;
    *list = bigger;
    *room = wanted;
    return true;
}

static struct book_chain *add_chain(struct verdict_book *b, const struct book_key *key)
{
    if (!make_slots(b, b->num_chains + 1) ||
        !make_room((void **)&b->chains, &b->chains_room, b->num_chains, 1, sizeof b->chains[0]))
        return NULL;
    size_t slot = slot_of(b, key);
    b->chains[b->num_chains] = (struct book_chain){.key = *key};
    b->slots[slot] = (uint32_t)++b->num_chains;
    return &b->chains[b->num_chains - 1];
}

/* ---- finding ---- */

static bool pool_holds(const struct verdict_book *b, const struct book_verdict *v,
                       const struct judge_pool *pool)
{
    for (size_t i = 0; i < v->num_asked; i++)
        if (!judge_pool_holds(pool, &b->asked[v->first_asked + i]))
            return false;
    return true;
}

const struct book_verdict *verdict_book_find(const struct verdict_book *b,
                                             const struct book_key *key, int64_t time_s,
                                             const struct judge_pool *pool)
{
    const struct book_chain *c = chain_of(b, key);
    for (size_t i = 0; c != NULL && i < c->num; i++) {
        const struct book_verdict *v = &b->verdicts[c->first + i];
        if (v->from <= time_s && time_s < v->until && pool_holds(b, v, pool))
            return v;
    }
    return NULL;
}

void verdict_book_used(struct verdict_book *b, const struct book_key *key)
{
    struct book_chain *c = chain_of(b, key);
    if (c == NULL)
        return;
    b->changed |= c->used_day > b->today || b->today - c->used_day >= REFRESH_DAYS;
    c->used_day = b->today;
}

/* ---- adding ---- */

static void append(struct verdict_book *b, const struct book_entry *e)
{
    struct book_verdict *v = &b->verdicts[b->num_verdicts++];
    *v = e->verdict;
    v->first_asked = (uint32_t)b->num_asked;
    memcpy(&b->asked[b->num_asked], e->asked, v->num_asked * sizeof e->asked[0]);
    b->num_asked += v->num_asked;
}

static bool meets_any(const struct book_verdict *v, const struct book_entry *entries, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (v->from < entries[i].verdict.until && entries[i].verdict.from < v->until)
            return true;
    return false;
}

int verdict_book_put(struct verdict_book *b, const struct book_key *key,
                     const struct book_entry *entries, size_t num)
{
    struct book_chain *c = chain_of(b, key);
    if (c == NULL && b->num_chains == BOOK_CHAINS_MAX)
        return 0;
    num = num < BOOK_VERDICTS_MAX ? num : BOOK_VERDICTS_MAX;
    if (!make_room((void **)&b->verdicts, &b->verdicts_room, b->num_verdicts, BOOK_VERDICTS_MAX,
                   sizeof b->verdicts[0]) ||
        !make_room((void **)&b->asked, &b->asked_room, b->num_asked, num * JUDGE_ASKED_MAX,
                   sizeof b->asked[0]) ||
        (c == NULL && (c = add_chain(b, key)) == NULL))
        return -ENOMEM;
    size_t first = b->num_verdicts;
    for (size_t i = 0; i < num; i++)
        append(b, &entries[i]);
    for (size_t i = 0; i < c->num && b->num_verdicts - first < BOOK_VERDICTS_MAX; i++) {
        struct book_verdict old = b->verdicts[c->first + i];
        if (!meets_any(&old, entries, num))
            b->verdicts[b->num_verdicts++] = old; /* what it asked stays where it is */
    }
    c->first = (uint32_t)first;
    c->num = (uint16_t)(b->num_verdicts - first);
    c->used_day = b->today;
    b->changed = true;
    return 0;
}

/* ---- reading a file ---- */

static void fill_head(struct book_head *h, const struct verdict_book *b)
{
    *h = (struct book_head){.num_chains = 0};
    memcpy(h->magic, BOOK_MAGIC, sizeof h->magic);
    strncpy(h->version, BOOK_VERSION, sizeof h->version - 1);
    memcpy(h->store_sha256, b->store_sha256, sizeof h->store_sha256);
}

static bool verdict_holds(const struct book_verdict *v, size_t num_asked)
{
    return v->from < v->until && v->outcome < NUM_CHAIN_OUTCOMES &&
           v->flags < 1U << NUM_CHAIN_FLAGS && v->issuer <= BOOK_ISSUER_POOL &&
           v->num_asked <= JUDGE_ASKED_MAX && v->first_asked <= num_asked &&
           v->num_asked <= num_asked - v->first_asked;
}

static bool all_hold(const struct verdict_book *b)
{
    for (size_t i = 0; i < b->num_chains; i++) {
        const struct book_chain *c = &b->chains[i];
        if (c->num == 0 || c->num > BOOK_VERDICTS_MAX || c->first > b->num_verdicts ||
            c->num > b->num_verdicts - c->first)
            return false;
    }
    for (size_t i = 0; i < b->num_verdicts; i++)
        if (!verdict_holds(&b->verdicts[i], b->num_asked))
            return false;
    return true;
}

static bool get_list(void **out, size_t *room, size_t *num, uint64_t wanted, size_t size, int fd,
                     struct cache_sum *sum)
{
    *out = malloc(wanted > 0 ? wanted * size : 1);
    *room = *num = *out != NULL ? wanted : 0;
    return *out != NULL && cache_file_get(fd, sum, *out, wanted * size);
}

static bool get_lists(struct verdict_book *b, const struct book_head *h, int fd,
                      struct cache_sum *sum)
{
    uint64_t want;
    return get_list((void **)&b->chains, &b->chains_room, &b->num_chains, h->num_chains,
                    sizeof b->chains[0], fd, sum) &&
           get_list((void **)&b->verdicts, &b->verdicts_room, &b->num_verdicts, h->num_verdicts,
                    sizeof b->verdicts[0], fd, sum) &&
           get_list((void **)&b->asked, &b->asked_room, &b->num_asked, h->num_asked,
                    sizeof b->asked[0], fd, sum) &&
           read(fd, &want, sizeof want) == (ssize_t)sizeof want && want == cache_sum_end(sum) &&
           all_hold(b);
}

static bool lengths_hold(const struct book_head *h, uint64_t len)
{
    if (h->num_chains > BOOK_CHAINS_MAX || h->num_verdicts > len / sizeof(struct book_verdict) ||
        h->num_asked > len / sizeof(struct pool_question))
        return false;
    return len == sizeof *h + h->num_chains * sizeof(struct book_chain) +
                      h->num_verdicts * sizeof(struct book_verdict) +
                      h->num_asked * sizeof(struct pool_question) + sizeof(uint64_t);
}

/* why what is in the file cannot be used; NULL: it is in b */
static const char *read_book(struct verdict_book *b, int fd, uint64_t len)
{
    struct book_head h, want;
    struct cache_sum sum = {{0}, 0};
    fill_head(&want, b);
    if (!cache_file_get(fd, &sum, &h, sizeof h) || memcmp(h.magic, want.magic, sizeof h.magic) != 0)
        return "no book of verdicts";
    if (memcmp(h.version, want.version, sizeof h.version) != 0)
        return "of another version of mxstat";
    if (memcmp(h.store_sha256, want.store_sha256, sizeof h.store_sha256) != 0)
        return "of another trust store";
    if (!lengths_hold(&h, len) || !get_lists(b, &h, fd, &sum))
        return "damaged";
    size_t num = b->num_chains;
    b->num_chains = 0; /* the slots are made of those that come once more */
    if (!make_slots(b, num))
        return "no memory to read it";
    for (size_t i = 0; i < num; i++) {
        size_t slot = slot_of(b, &b->chains[i].key);
        if (b->slots[slot] != 0)
            return "damaged";
        b->slots[slot] = (uint32_t)++b->num_chains;
    }
    return NULL;
}

int verdict_book_load(struct verdict_book *b, char why[CACHE_WHY_MAX], const char *path)
{
    uint64_t len;
    int fd = cache_file_open(&len, why, path);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    const char *what = read_book(b, fd, len);
    close(fd);
    if (what == NULL)
        return 1;
    make_empty(b);
    return cache_file_refuse(why, path, what);
}

/* ---- writing a file ---- */

static bool is_old(const struct verdict_book *b, const struct book_chain *c)
{
    int days = b->num_chains > BOOK_CHAINS_MAX / 2 ? BOOK_DAYS_FULL : BOOK_DAYS;
    return b->today - c->used_day > days;
}

static void put_verdicts(struct cache_file *f, const struct verdict_book *b,
                         const struct book_chain *c, uint32_t *at)
{
    for (size_t k = 0; k < c->num; k++) {
        struct book_verdict v = b->verdicts[c->first + k];
        v.first_asked = *at;
        *at += v.num_asked;
        cache_file_put(f, &v, sizeof v);
    }
}

static void put_asked(struct cache_file *f, const struct verdict_book *b,
                      const struct book_chain *c)
{
    for (size_t k = 0; k < c->num; k++) {
        const struct book_verdict *v = &b->verdicts[c->first + k];
        cache_file_put(f, &b->asked[v->first_asked], v->num_asked * sizeof b->asked[0]);
    }
}

/* list by list, each of the chains that are not too old */
static void put_lists(struct cache_file *f, const struct verdict_book *b, struct book_head *h)
{
    uint32_t at = 0;
    for (size_t i = 0; i < b->num_chains; i++) {
        const struct book_chain *c = &b->chains[i];
        if (is_old(b, c))
            continue;
        h->num_chains++;
        h->num_verdicts += c->num;
        for (size_t k = 0; k < c->num; k++)
            h->num_asked += b->verdicts[c->first + k].num_asked;
    }
    cache_file_put(f, h, sizeof *h);
    for (size_t i = 0; i < b->num_chains; i++) {
        struct book_chain c = b->chains[i];
        if (is_old(b, &c))
            continue;
        c.first = at;
        at += c.num;
        cache_file_put(f, &c, sizeof c);
    }
    at = 0;
    for (size_t i = 0; i < b->num_chains; i++)
        if (!is_old(b, &b->chains[i]))
            put_verdicts(f, b, &b->chains[i], &at);
    for (size_t i = 0; i < b->num_chains; i++)
        if (!is_old(b, &b->chains[i]))
            put_asked(f, b, &b->chains[i]);
}

int verdict_book_save(struct verdict_book *b, char why[CACHE_WHY_MAX], const char *path)
{
    struct cache_file f;
    struct book_head h;
    if (!b->changed)
        return 0;
    if (!cache_file_create(&f, why, path))
        return -EIO;
    fill_head(&h, b);
    put_lists(&f, b, &h);
    uint64_t sum = cache_sum_end(&f.sum);
    cache_file_put(&f, &sum, sizeof sum);
    if (!cache_file_close(&f, why))
        return -EIO;
    b->changed = false;
    return 0;
}
