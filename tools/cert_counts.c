#include "tools/cert_counts.h"

#include <errno.h>
#include <stdlib.h>

struct cert_counts *cert_counts_new(const struct catalog *catalog)
{
    struct cert_counts *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->catalog = catalog;
    if (cert_counts_begin(c) == 0)
        return c;
    cert_counts_free(c);
    return NULL;
}

static void release(struct cert_counts *c)
{
    free(c->of_span);
    free(c->of_unjudged);
    free(c->keys);
    c->of_span = c->of_unjudged = NULL;
    c->keys = NULL;
}

void cert_counts_free(struct cert_counts *c)
{
    if (c == NULL)
        return;
    release(c);
    free(c);
}

int cert_counts_begin(struct cert_counts *c)
{
    release(c);
    c->of_span = calloc(c->catalog->chains.num_spans + 1, sizeof c->of_span[0]);
    c->of_unjudged = calloc(c->catalog->chains.num + 1, sizeof c->of_unjudged[0]);
    c->keys = calloc(c->catalog->certs.num_keys + 1, sizeof c->keys[0]);
    c->is_folded = false;
    return c->of_span != NULL && c->of_unjudged != NULL && c->keys != NULL ? 0 : -ENOMEM;
}

/* notes a number where none is known; whether another one was */
static bool note(_Atomic uint32_t *to, uint32_t number)
{
    uint32_t known = atomic_load_explicit(to, memory_order_relaxed);
    /* a failed exchange gives what another thread has put there */
    if (number == 0 || (known == 0 && atomic_compare_exchange_strong(to, &known, number)))
        return false;
    return known != number;
}

void cert_counts_place(struct cert_counts *c, uint32_t key, const struct key_place *place)
{
    struct key_counts *k = &c->keys[key];
    uint16_t country = atomic_load_explicit(&k->country, memory_order_relaxed);
    bool first = country == 0 && place->country != 0 &&
                 atomic_compare_exchange_strong(&k->country, &country, place->country);
    unsigned bits = 0;
    if (!first && place->country != 0 && country != place->country)
        bits |= KEY_SEVERAL_COUNTRIES;
    if (note(&k->as_number, place->as_number))
        bits |= KEY_SEVERAL_AS;
    if (note(&k->network, place->network))
        bits |= KEY_SEVERAL_NETWORKS;
    if (bits != 0)
        cert_counts_bits(c, key, (uint8_t)bits);
}

void cert_counts_merge(struct cert_counts *into, const struct cert_counts *from)
{
    for (size_t i = 0; i < into->catalog->chains.num_spans; i++)
        into->of_span[i] += from->of_span[i];
    for (size_t i = 0; i < into->catalog->chains.num; i++)
        into->of_unjudged[i] += from->of_unjudged[i];
    for (size_t i = 0; i < into->catalog->certs.num_keys; i++) {
        struct key_place place = {from->keys[i].network, from->keys[i].as_number,
                                  from->keys[i].country};
        cert_counts_place(into, (uint32_t)i, &place);
        cert_counts_bits(into, (uint32_t)i, from->keys[i].bits);
    }
}
