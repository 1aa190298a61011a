#include "tools/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/names.h"
#include "tools/aggregate.h"
#include "tools/top_list.h"

struct dimension_groups {
    struct tally census;     /* key of a group: its targets of P; key 0: not known */
    struct tally slots;      /* key: slot */
    uint64_t *keys;          /* by slot, from GROUPS_FIRST on */
    struct top_list largest; /* struct ranked, while it is sealed */
    size_t num_slots, num_others;
};

struct groups {
    struct group_setup setup;
    struct dimension_groups dimensions[NUM_DIMENSIONS];
    struct word_tally tags, sources; /* sources: the octets of addresses */
    struct tally as_names;           /* AS number: index + 1 of names */
    struct bytes *names;             /* of the geo; of several, the first in order of octets */
    size_t num_names, names_cap;
    struct overflow *overflow; /* of the census; NULL: it has room */
    bool bad;
};

static const struct {
    const char *slug, *definition;
} words[] = {
#define X(NAME, slug, definition) {slug, definition},
    DIMENSIONS(X)
#undef X
};

const char *dimension_slug(unsigned dimension)
{
    return words[dimension].slug;
}

const char *dimension_definition(unsigned dimension)
{
    return words[dimension].definition;
}

bool dimensions_parse(unsigned *out, struct bytes *bad, const char *list)
{
    unsigned bits = 0;
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ","), i = 0;
        *bad = bytes_of(at, len);
        while (i < NUM_DIMENSIONS && !bytes_equal(*bad, bytes_text(words[i].slug)))
            i++;
        if (i == NUM_DIMENSIONS)
            return false;
        bits |= 1U << i;
        at += len;
        if (*at == '\0')
            break;
    }
    *out = bits;
    return true;
}

/* ---- keys ---- */

static uint64_t network16_key(struct addr addr)
{
    struct addr network = addr_network(addr, 16, 32);
    return addr_is_v4(addr) ? network.lo & UINT32_MAX : network.hi | 1;
}

/* targets that were only counted have no address, nor anything else */
static bool is_recorded(const struct record *r)
{
    return record_has_addr(r) && addr_cmp(r->addr, (struct addr){0, 0}) != 0;
}

/* the octets of the source address; none if the kernel chose it (`::` in a merged file) */
static struct bytes source_of(const struct dataset_header *header, const struct record *r)
{
    if (r->source >= header->num_sources ||
        addr_cmp(header->sources[r->source], (struct addr){0, 0}) == 0)
        return bytes_of(NULL, 0);
    return bytes_of(&header->sources[r->source], sizeof header->sources[0]);
}

static uint64_t number_of(const struct word_tally *among, struct bytes word)
{
    return word.len == 0 ? 0 : (uint64_t)(uint32_t)(word_tally_find(among, word) + 1);
}

/* the key of a record's group; 0: not known. A tag that is not in the census has none. */
static uint64_t key_of(const struct groups *g, unsigned dimension,
                       const struct dataset_header *header, const struct record *r,
                       const struct joined *joined)
{
    const char *country = joined->place.country;
    bool has_addr = is_recorded(r);
    switch ((enum dimension)dimension) {
    case DIMENSION_COUNTRY: return (uint64_t)(uint8_t)country[0] << 8 | (uint8_t)country[1];
    case DIMENSION_AS: return joined->place.as_number;
    case DIMENSION_PREFIX: return has_addr ? network_key(r->addr) : 0;
    case DIMENSION_NETWORK: return has_addr ? network16_key(r->addr) : 0;
    case DIMENSION_FAMILY: return !has_addr ? 0 : addr_is_v4(r->addr) ? 4 : 6;
    case DIMENSION_MTA: return joined->mta;
    case DIMENSION_TAG: return number_of(&g->tags, r->tag);
    case DIMENSION_PORT: return r->port;
    case DIMENSION_SOURCE: return has_addr ? number_of(&g->sources, source_of(header, r)) : 0;
    case DIMENSION_ATTEMPT: return has_addr ? r->num_attempts + 1U : 0;
    case DIMENSION_VERSION: return r->handshake_done ? r->version : 0;
    case DIMENSION_ISSUER: return joined->issuer;
    case DIMENSION_KEY: return joined->key;
    case DIMENSION_CLUSTER: return joined->cluster;
    case NUM_DIMENSIONS: break;
    }
    return 0;
}

/* ---- census ---- */

struct groups *groups_new(const struct group_setup *setup)
{
    struct groups *g = calloc(1, sizeof *g);
    if (g != NULL)
        g->setup = *setup;
    return g;
}

void groups_bound(struct groups *g, struct overflow *o)
{
    g->overflow = o;
}

void groups_free(struct groups *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < NUM_DIMENSIONS; i++) {
        tally_cleanup(&g->dimensions[i].census);
        tally_cleanup(&g->dimensions[i].slots);
        free(g->dimensions[i].keys);
    }
    word_tally_cleanup(&g->tags);
    word_tally_cleanup(&g->sources);
    tally_cleanup(&g->as_names);
    free(g->names);
    free(g);
}

static bool is_before(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order < 0 : a.len < b.len;
}

static void note_as_name(struct groups *g, const struct geo_place *place)
{
    if (place->as_number == 0 || place->as_name.len == 0)
        return;
    uint64_t known = tally_get(&g->as_names, place->as_number);
    if (known > 0) {
        struct bytes *name = &g->names[known - 1];
        if (name->data != place->as_name.data && is_before(place->as_name, *name))
            *name = place->as_name;
        return;
    }
    if (g->num_names == g->names_cap) {
        size_t cap = g->names_cap > 0 ? 2 * g->names_cap : 64;
        struct bytes *names = realloc(g->names, cap * sizeof names[0]);
        if (names == NULL) {
            g->bad = true;
            return;
        }
        g->names = names;
        g->names_cap = cap;
    }
    g->names[g->num_names++] = place->as_name;
    tally_add(&g->as_names, place->as_number, g->num_names);
}

static void add_record(struct groups *g, const struct dataset_header *header,
                       const struct record *r)
{
    struct joined joined;
    if (!was_probed(r->cause))
        return;
    join(&joined, &g->setup, header, r);
    if (joined.weight == 0)
        return;
    if (g->setup.dimensions & 1U << DIMENSION_TAG && r->tag.len > 0)
        word_tally_add(&g->tags, r->tag, 0);
    if (g->setup.dimensions & 1U << DIMENSION_AS)
        note_as_name(g, &joined.place);
    struct bytes source = source_of(header, r);
    if (g->setup.dimensions & 1U << DIMENSION_SOURCE && source.len > 0)
        word_tally_add(&g->sources, source, 0);
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        if (g->setup.dimensions >> i & 1)
            tally_add(&g->dimensions[i].census, key_of(g, i, header, r, &joined), joined.weight);
}

static int state_of(const struct groups *g)
{
    bool bad = g->bad || g->tags.bad || g->sources.bad || g->as_names.bad;
    for (size_t i = 0; i < NUM_DIMENSIONS; i++)
        bad |= g->dimensions[i].census.bad | g->dimensions[i].slots.bad;
    return bad ? -ENOMEM : 0;
}

/* puts the census of a dimension into the overflow */
static int drop_census(struct groups *g, unsigned dimension)
{
    struct tally *census = &g->dimensions[dimension].census;
    struct tally_row row;
    int rc = 0;
    for (size_t at = 0; rc == 0 && tally_next(census, &at, &row);)
        rc = overflow_add(
            g->overflow, OVERFLOW_GROUPS,
            &(struct group_row){.key = row.key, .targets = row.count, .dimension = dimension});
    tally_cleanup(census);
    return rc;
}

int groups_add_block(struct groups *g, const struct dataset_header *header,
                     const struct block *block)
{
    const struct catalog *leaves = g->setup.catalog;
    size_t num = block_num_records(block);
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(block, &r, i);
        if (leaves == NULL || leaf_range_has_record(&leaves->range, block, &r))
            add_record(g, header, &r);
    }
    int rc = state_of(g);
    for (unsigned i = 0; rc == 0 && i < NUM_DIMENSIONS; i++) {
        const struct tally *census = &g->dimensions[i].census;
        if (overflow_is_due(g->overflow, census->cap * sizeof census->slots[0]))
            rc = drop_census(g, i);
    }
    return rc;
}

/* ---- slots ---- */

/* the words that numbers of groups stand for; NULL: none */
static const struct word_tally *words_of(const struct groups *g, unsigned dimension)
{
    return dimension == DIMENSION_TAG      ? &g->tags
           : dimension == DIMENSION_SOURCE ? &g->sources
           : dimension == DIMENSION_ISSUER ? &g->setup.catalog->certs.issuers
                                           : NULL;
}

struct ranked {
    uint64_t key, targets;
    struct bytes word; /* words are numbered in the order in which they came: they go by text */
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->targets != y->targets)
        return x->targets > y->targets ? -1 : 1;
    if (x->word.data == NULL)
        return x->key < y->key ? -1 : x->key > y->key;
    return is_before(x->word, y->word) ? -1 : is_before(y->word, x->word);
}

static void take_group(void *context, const void *group)
{
    struct groups *g = context;
    const struct group_row *row = group;
    struct ranked ranked = {.key = row->key, .targets = row->targets};
    if (row->key == 0)
        return;
    const struct word_tally *texts = words_of(g, (unsigned)row->dimension);
    if (texts != NULL)
        ranked.word = texts->words[row->key - 1].text;
    top_list_add(&g->dimensions[row->dimension].largest, &ranked);
    g->dimensions[row->dimension].num_others++;
}

/* ranks all groups, of the census and what has overflown of it */
static int rank(struct groups *g)
{
    struct tally_row row;
    int rc = 0;
    bool overflown = overflow_has(g->overflow, OVERFLOW_GROUPS);
    for (unsigned i = 0; rc == 0 && i < NUM_DIMENSIONS; i++) {
        struct tally *census = &g->dimensions[i].census;
        for (size_t at = 0; !overflown && tally_next(census, &at, &row);)
            take_group(g, &(struct group_row){row.key, row.count, i});
        rc = overflown ? drop_census(g, i) : 0;
        tally_cleanup(census);
    }
    return rc == 0 && overflown ? overflow_each(g->overflow, OVERFLOW_GROUPS, take_group, g) : rc;
}

static int seal_dimension(struct groups *g, unsigned dimension)
{
    struct dimension_groups *d = &g->dimensions[dimension];
    top_list_end(&d->largest);
    const struct ranked *rows = (const struct ranked *)(const void *)d->largest.rows;
    size_t kept = d->largest.num;
    d->num_others -= kept;
    d->num_slots = GROUPS_FIRST + kept;
    d->keys = calloc(d->num_slots, sizeof d->keys[0]);
    for (size_t i = 0; d->keys != NULL && i < kept; i++) {
        d->keys[GROUPS_FIRST + i] = rows[i].key;
        tally_add(&d->slots, rows[i].key, GROUPS_FIRST + i);
    }
    return d->keys != NULL && !d->largest.bad ? 0 : -ENOMEM;
}

int groups_seal(struct groups *g, size_t top, size_t top_countries)
{
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        top_list_init(&g->dimensions[i].largest, sizeof(struct ranked),
                      i == DIMENSION_COUNTRY ? top_countries : top, compare_ranked);
    int rc = rank(g);
    for (unsigned i = 0; rc == 0 && i < NUM_DIMENSIONS; i++)
        if (g->setup.dimensions >> i & 1)
            rc = seal_dimension(g, i);
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        top_list_cleanup(&g->dimensions[i].largest);
    return rc != 0 ? rc : state_of(g);
}

size_t groups_num(const struct groups *g, unsigned dimension)
{
    return g->dimensions[dimension].num_slots;
}

size_t groups_others(const struct groups *g, unsigned dimension)
{
    return g->dimensions[dimension].num_others;
}

size_t groups_slot(const struct groups *g, unsigned dimension, const struct dataset_header *header,
                   const struct record *r, const struct joined *joined)
{
    uint64_t key = key_of(g, dimension, header, r, joined);
    /* no slot has number 0: a key that is not there is one of the others */
    return key == 0 ? GROUP_UNKNOWN : (size_t)tally_get(&g->dimensions[dimension].slots, key);
}

static size_t network_label(char out[GROUP_LABEL_MAX], uint64_t key, unsigned v4_len,
                            unsigned v6_len)
{
    char text[ADDR_TEXT_MAX];
    bool v4 = key <= UINT32_MAX;
    addr_format(text, v4 ? addr_v4((uint32_t)key) : (struct addr){.hi = key & ~UINT64_C(1)});
    return (size_t)snprintf(out, GROUP_LABEL_MAX, "%s/%u", text, v4 ? v4_len : v6_len);
}

static size_t copy_label(char out[GROUP_LABEL_MAX], struct bytes text)
{
    size_t len = text.len < GROUP_LABEL_MAX ? text.len : GROUP_LABEL_MAX;
    memcpy(out, text.data, len);
    return len;
}

static size_t as_label(const struct groups *g, char out[GROUP_LABEL_MAX], uint64_t key)
{
    uint64_t known = tally_get(&g->as_names, key);
    size_t len = (size_t)snprintf(out, GROUP_LABEL_MAX, "AS%u", (unsigned)key);
    if (known == 0)
        return len;
    out[len++] = ' ';
    struct bytes name = g->names[known - 1];
    size_t room = GROUP_LABEL_MAX - len, name_len = name.len < room ? name.len : room;
    memcpy(out + len, name.data, name_len);
    return len + name_len;
}

static size_t source_label(char out[GROUP_LABEL_MAX], struct bytes source)
{
    struct addr addr;
    char text[ADDR_TEXT_MAX];
    memcpy(&addr, source.data, sizeof addr);
    addr_format(text, addr);
    return copy_label(out, bytes_text(text));
}

static size_t version_label(char out[GROUP_LABEL_MAX], uint16_t version)
{
    const char *name = tls_version_name(version);
    return name != NULL ? copy_label(out, bytes_text(name))
                        : (size_t)snprintf(out, GROUP_LABEL_MAX, "0x%04x", (unsigned)version);
}

size_t groups_label(const struct groups *g, unsigned dimension, size_t slot,
                    char out[GROUP_LABEL_MAX])
{
    if (slot == GROUP_OTHER || slot == GROUP_UNKNOWN)
        return copy_label(out, bytes_text(slot == GROUP_OTHER ? "other" : "unknown"));
    uint64_t key = g->dimensions[dimension].keys[slot];
    switch ((enum dimension)dimension) {
    case DIMENSION_COUNTRY:
        return (size_t)snprintf(out, GROUP_LABEL_MAX, "%c%c", (int)(key >> 8), (int)(key & 0xff));
    case DIMENSION_AS: return as_label(g, out, key);
    case DIMENSION_PREFIX: return network_label(out, key, 24, 48);
    case DIMENSION_NETWORK: return network_label(out, key, 16, 32);
    case DIMENSION_FAMILY: return copy_label(out, bytes_text(key == 4 ? "IPv4" : "IPv6"));
    case DIMENSION_MTA:
        return copy_label(out, bytes_text(rules_name(g->setup.mta, (uint32_t)key - 1)));
    case DIMENSION_TAG: return copy_label(out, g->tags.words[key - 1].text);
    case DIMENSION_PORT:
    case DIMENSION_ATTEMPT: return (size_t)snprintf(out, GROUP_LABEL_MAX, "%u", (unsigned)key);
    case DIMENSION_SOURCE: return source_label(out, g->sources.words[key - 1].text);
    case DIMENSION_VERSION: return version_label(out, (uint16_t)key);
    case DIMENSION_ISSUER:
        return copy_label(out, g->setup.catalog->certs.issuers.words[key - 1].text);
    case DIMENSION_KEY:
    case DIMENSION_CLUSTER:
        return (size_t)snprintf(out, GROUP_LABEL_MAX, "%016llx", (unsigned long long)key);
    case NUM_DIMENSIONS: break;
    }
    return 0;
}
