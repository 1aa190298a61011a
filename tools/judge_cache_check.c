#include "tools/judge_cache_check.h"

#include <errno.h>
#include <stdlib.h>

enum { CACHE_SPANS_MAX = 128 }; /* of a chain; fewer than an aggregate can number */

/* ---- arrays ---- */

static const size_t sizes[NUM_CACHE_ARRAYS] = {
    sizeof(struct cert_entry),
    sizeof(uint32_t),
    sizeof(uint32_t),
    sizeof(uint64_t),
    sizeof(struct chain_entry),
    sizeof(uint32_t),
    sizeof(uint32_t),
    sizeof(struct chain_span),
    sizeof(struct staple_entry),
    sizeof(uint32_t),
    sizeof(uint32_t),
    1,
    sizeof(uint32_t),
    1,
    sizeof(uint32_t),
    1,
};

size_t cache_array_size(size_t i)
{
    return sizes[i];
}

void cache_arrays_of(struct cache_array out[NUM_CACHE_ARRAYS], struct catalog *c,
                     struct cache_texts texts[NUM_CACHE_TEXTS])
{
    struct cert_table *certs = &c->certs;
    struct chain_table *chains = &c->chains;
    const struct cache_array arrays[] = {
        {(void **)&certs->entries, &certs->num, 0},
        {(void **)&certs->slots, &certs->num_slots, 0},
        {(void **)&certs->key_slots, &certs->num_key_slots, 0},
        {(void **)&certs->names.list, &certs->names.num, 0},
        {(void **)&chains->entries, &chains->num, 0},
        {(void **)&chains->slots, &chains->num_slots, 0},
        {(void **)&chains->certs, &chains->num_certs, 0},
        {(void **)&chains->spans, &chains->num_spans, 0},
        {(void **)&chains->staples, &chains->num_staples, 0},
        {(void **)&chains->staple_slots, &chains->num_staple_slots, 0},
    };
    size_t num = sizeof arrays / sizeof arrays[0];
    memcpy(out, arrays, sizeof arrays);
    for (size_t i = 0; i < NUM_CACHE_TEXTS; i++) {
        out[num++] = (struct cache_array){(void **)&texts[i].lens, &texts[i].num, 0};
        out[num++] = (struct cache_array){(void **)&texts[i].octets, &texts[i].num_octets, 0};
    }
    for (size_t i = 0; i < num; i++)
        out[i].size = sizes[i];
}

/* ---- texts ---- */

static struct word_tally *words_of(struct catalog *c, size_t i)
{
    struct word_tally *const all[NUM_CACHE_TEXTS] = {
        [TEXTS_ISSUERS] = &c->certs.issuers,
        [TEXTS_ALGORITHMS] = &c->certs.algorithms,
        [TEXTS_RESPONSES] = &c->chains.responses,
    };
    return all[i];
}

static int pack(struct cache_texts *out, const struct word_tally *words)
{
    size_t num_octets = 0;
    for (size_t i = 0; i < words->num; i++)
        num_octets += words->words[i].text.len;
    out->lens = malloc((words->num + 1) * sizeof out->lens[0]);
    out->octets = malloc(num_octets + 1);
    if (out->lens == NULL || out->octets == NULL || num_octets >= UINT32_MAX)
        return -ENOMEM;
    for (size_t i = 0; i < words->num; i++) {
        struct bytes text = words->words[i].text;
        out->lens[out->num++] = (uint32_t)text.len;
        if (text.len > 0)
            memcpy(out->octets + out->num_octets, text.data, text.len);
        out->num_octets += text.len;
    }
    return 0;
}

int cache_texts_of(struct cache_texts out[NUM_CACHE_TEXTS], const struct catalog *c)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < NUM_CACHE_TEXTS; i++)
        rc = pack(&out[i], words_of((struct catalog *)(uintptr_t)c, i));
    return rc;
}

static int unpack(struct word_tally *words, const struct cache_texts *texts)
{
    size_t at = 0;
    for (size_t i = 0; i < texts->num; i++) {
        if (texts->lens[i] > texts->num_octets - at)
            return -EBADMSG;
        uint32_t word = word_tally_add(words, bytes_of(texts->octets + at, texts->lens[i]), 0);
        if (word == WORD_NONE)
            return -ENOMEM;
        if (word != i) /* twice */
            return -EBADMSG;
        at += texts->lens[i];
    }
    return at == texts->num_octets ? 0 : -EBADMSG;
}

int cache_texts_take(struct catalog *c, const struct cache_texts texts[NUM_CACHE_TEXTS])
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < NUM_CACHE_TEXTS; i++)
        rc = unpack(words_of(c, i), &texts[i]);
    return rc;
}

void cache_texts_cleanup(struct cache_texts texts[NUM_CACHE_TEXTS])
{
    for (size_t i = 0; i < NUM_CACHE_TEXTS; i++) {
        free(texts[i].lens);
        free(texts[i].octets);
    }
}

/* ---- references ---- */

/* a table to look up in: references within num, and an empty slot in every search */
static bool slots_hold(const uint32_t *slots, size_t num_slots, size_t num)
{
    size_t used = 0;
    if ((num_slots & (num_slots - 1)) != 0 || (num_slots == 0 && num > 0))
        return false;
    for (size_t i = 0; i < num_slots; i++) {
        if (slots[i] > num)
            return false;
        used += slots[i] != 0;
    }
    return num_slots == 0 || used < num_slots;
}

static bool word_holds(uint32_t word, const struct word_tally *words)
{
    return word == WORD_NONE || word < words->num;
}

static bool part_holds(uint64_t first, uint64_t num, size_t of)
{
    return first <= of && num <= of - first;
}

/* a flag that was read may be any octet */
static bool flag_holds(const bool *flag)
{
    uint8_t octet;
    memcpy(&octet, flag, 1);
    return octet <= 1;
}

static bool cert_holds(const struct cert_table *t, const struct cert_entry *e)
{
    return e->state <= CERT_UNPARSABLE && word_holds(e->issuer, &t->issuers) &&
           word_holds(e->curve, &t->algorithms) && word_holds(e->sig_alg, &t->algorithms) &&
           (e->key == CERT_NONE) == (e->state != CERT_PARSED) &&
           (e->key == CERT_NONE || e->key < t->num_keys) &&
           part_holds(e->names.first, e->names.num, t->names.num) && flag_holds(&e->has_validity) &&
           flag_holds(&e->self_issued) && flag_holds(&e->is_ca) && flag_holds(&e->must_staple) &&
           flag_holds(&e->has_scts);
}

static bool certs_hold(const struct cert_table *t)
{
    if (!slots_hold(t->slots, t->num_slots, t->num) ||
        !slots_hold(t->key_slots, t->num_key_slots, t->num))
        return false;
    for (size_t i = 0; i < t->num; i++)
        if (!cert_holds(t, &t->entries[i]))
            return false;
    return true;
}

static bool spans_hold(const struct span_list *spans, const struct chain_table *t,
                       unsigned num_outcomes)
{
    if (!part_holds(spans->first, spans->num, t->num_spans) || spans->num > CACHE_SPANS_MAX)
        return false;
    for (uint32_t i = 0; i < spans->num; i++)
        if (t->spans[spans->first + i].outcome >= num_outcomes)
            return false;
    return true;
}

static bool chains_hold(const struct chain_table *t, size_t num_certs)
{
    if (!slots_hold(t->slots, t->num_slots, t->num) ||
        !slots_hold(t->staple_slots, t->num_staple_slots, t->num_staples))
        return false;
    for (size_t i = 0; i < t->num; i++)
        if (t->entries[i].num == 0 || t->entries[i].num > RECORD_CHAIN_MAX ||
            !part_holds(t->entries[i].first_cert, t->entries[i].num, t->num_certs) ||
            !flag_holds(&t->entries[i].cut) ||
            !spans_hold(&t->entries[i].spans, t, NUM_CHAIN_OUTCOMES))
            return false;
    for (size_t i = 0; i < t->num_certs; i++)
        if (t->certs[i] >= num_certs)
            return false;
    for (size_t i = 0; i < t->num_staples; i++)
        if (t->staples[i].chain >= t->num || t->staples[i].text >= t->responses.num ||
            !spans_hold(&t->staples[i].spans, t, NUM_OCSP_OUTCOMES))
            return false;
    return true;
}

bool cache_holds(const struct catalog *c)
{
    return certs_hold(&c->certs) && chains_hold(&c->chains, c->certs.num);
}
