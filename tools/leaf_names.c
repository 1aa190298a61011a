#include "tools/leaf_names.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

/* the two lowest bits of a hash: what kind of name it is of */
enum kind { KIND_EXACT, KIND_WILDCARD, KIND_ADDR, KIND_COMMON };

void name_hashes_init(struct name_hashes *h)
{
    *h = (struct name_hashes){0};
}

void name_hashes_cleanup(struct name_hashes *h)
{
    free(h->list);
    name_hashes_init(h);
}

/* FNV-1a of the name, hosts in lower case, its bits mixed */
static uint64_t hash_of(const void *octets, size_t len, enum kind kind)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = ((const uint8_t *)octets)[i];
        bool upper = kind != KIND_ADDR && c >= 'A' && c <= 'Z';
        h = (h ^ (upper ? c + 32u : c)) * UINT64_C(0x100000001b3);
    }
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return (h & ~UINT64_C(3)) | kind;
}

static void append(struct name_hashes *h, struct leaf_names *names, uint64_t hash)
{
    if (h->num == h->cap) {
        size_t cap = h->cap > 0 ? 2 * h->cap : CAP_MIN;
        uint64_t *list = cap < UINT32_MAX ? realloc(h->list, cap * sizeof list[0]) : NULL;
        if (list == NULL) {
            h->bad = true;
            return;
        }
        h->list = list;
        h->cap = cap;
    }
    h->list[h->num++] = hash;
    names->num++;
}

void leaf_names_take(struct leaf_names *out, struct name_hashes *into,
                     const struct cert_facts *facts)
{
    struct name_walk walk = {.facts = facts, .san = facts->san};
    enum name_pattern pattern;
    struct bytes name;
    *out = (struct leaf_names){.first = (uint32_t)into->num};
    while (name_walk_next(&walk, &pattern, &name)) {
        switch (pattern) {
        case NAME_PATTERN_HOST: append(into, out, hash_of(name.data, name.len, KIND_EXACT)); break;
        case NAME_PATTERN_WILDCARD: /* from its dot on */
            append(into, out, hash_of(name.data + 1, name.len - 1, KIND_WILDCARD));
            break;
        case NAME_PATTERN_ADDR: append(into, out, hash_of(name.data, name.len, KIND_ADDR)); break;
        case NAME_PATTERN_CN: append(into, out, hash_of(name.data, name.len, KIND_COMMON)); break;
        }
    }
}

void leaf_names_copy(struct leaf_names *out, struct name_hashes *into,
                     const struct leaf_names *names, const struct name_hashes *from)
{
    struct leaf_names theirs = *names;
    *out = (struct leaf_names){.first = (uint32_t)into->num};
    for (uint32_t i = 0; i < theirs.num; i++)
        append(into, out, from->list[theirs.first + i]);
}

void name_question_of(struct name_question *out, const struct name_ref *ref)
{
    *out = (struct name_question){.asked = true};
    if (ref->is_addr) {
        uint8_t octets[16];
        out->exact = hash_of(octets, addr_to_bytes(octets, ref->addr), KIND_ADDR);
        return;
    }
    out->exact = hash_of(ref->host, ref->len, KIND_EXACT);
    out->common = (out->exact & ~UINT64_C(3)) | KIND_COMMON; /* of the same octets */
    const char *dot = memchr(ref->host, '.', ref->len);
    if (dot != NULL)
        out->wildcard = hash_of(dot, ref->len - (size_t)(dot - ref->host), KIND_WILDCARD);
}

enum name_match leaf_names_match(const struct name_hashes *h, const struct leaf_names *names,
                                 const struct name_question *q)
{
    enum name_match best = names->num > 0 ? NAME_MATCH_NO : NAME_MATCH_NO_NAMES;
    for (uint32_t i = 0; i < names->num; i++) {
        uint64_t hash = h->list[names->first + i];
        if (hash == q->exact)
            return NAME_MATCH_EXACT;
        if (hash == q->wildcard)
            best = NAME_MATCH_WILDCARD;
        else if (hash == q->common && best < NAME_MATCH_CN_ONLY)
            best = NAME_MATCH_CN_ONLY;
    }
    return best;
}
