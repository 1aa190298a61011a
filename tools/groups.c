#include "tools/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/aggregate.h"

struct dimension_groups {
    struct tally census; /* key of a group: its targets of P; key 0: not known */
    struct tally slots;  /* key: slot */
    uint64_t *keys;      /* by slot, from GROUPS_FIRST on */
    size_t num_slots, num_others;
};

struct groups {
    struct group_setup setup;
    struct dimension_groups dimensions[NUM_DIMENSIONS];
    struct word_tally tags;
    struct tally as_names; /* AS number: index + 1 of names */
    struct bytes *names;   /* of the geo; of several, the first in order of octets */
    size_t num_names, names_cap;
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

/* ---- joining ---- */

static void join_mta(struct joined *out, const struct rules *rules, const struct record *r)
{
    struct bytes texts[NUM_RULE_FIELDS] = {
        [RULE_GREETING] = r->text[TEXT_GREETING], [RULE_EHLO] = r->text[TEXT_EHLO]};
    struct rule_match match;
    if (rules == NULL || !rules_match(rules, &match, texts))
        return;
    out->mta = match.name + 1;
    out->mta_version = match.version;
}

void join(struct joined *out, const struct group_setup *setup, const struct dataset_header *header,
          const struct record *r)
{
    *out = (struct joined){.weight = 1};
    bool has_addr = record_has_addr(r);
    if (setup->weights != NULL)
        out->weight = has_addr ? weights_find(setup->weights, r->addr) : 0;
    if (out->weight == 0)
        return;
    if (setup->geo != NULL && has_addr)
        geo_find(setup->geo, &out->place, r->addr);
    if (setup->where != NULL || setup->dimensions & 1U << DIMENSION_MTA)
        join_mta(out, setup->mta, r);
    if (setup->where == NULL)
        return;
    struct where_row row = {
        .header = header,
        .record = r,
        .country = bytes_text(out->place.country),
        .as_name = out->place.as_name,
        .as_number = out->place.as_number,
        .mta_version = out->mta_version,
    };
    if (out->mta > 0)
        row.mta = bytes_text(rules_name(setup->mta, out->mta - 1));
    if (where_eval(setup->where, &row) != ANSWER_YES)
        out->weight = 0;
}

/* ---- keys ---- */

static uint64_t network16_key(struct addr addr)
{
    struct addr network = addr_network(addr, 16, 32);
    return addr_is_v4(addr) ? network.lo & UINT32_MAX : network.hi | 1;
}

/* the key of a record's group; 0: not known. A tag that is not in the census has none. */
static uint64_t key_of(const struct groups *g, unsigned dimension, const struct record *r,
                       const struct joined *joined)
{
    const char *country = joined->place.country;
    bool has_addr = record_has_addr(r);
    switch ((enum dimension)dimension) {
    case DIMENSION_COUNTRY: return (uint64_t)(uint8_t)country[0] << 8 | (uint8_t)country[1];
    case DIMENSION_AS: return joined->place.as_number;
    case DIMENSION_PREFIX: return has_addr ? network_key(r->addr) : 0;
    case DIMENSION_NETWORK: return has_addr ? network16_key(r->addr) : 0;
    case DIMENSION_FAMILY: return !has_addr ? 0 : addr_is_v4(r->addr) ? 4 : 6;
    case DIMENSION_MTA: return joined->mta;
    case DIMENSION_TAG:
        return r->tag.len == 0 ? 0 : (uint64_t)word_tally_find(&g->tags, r->tag) + 1;
    case DIMENSION_PORT: return r->port;
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
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        if (g->setup.dimensions >> i & 1)
            tally_add(&g->dimensions[i].census, key_of(g, i, r, &joined), joined.weight);
}

static int state_of(const struct groups *g)
{
    bool bad = g->bad || g->tags.bad || g->as_names.bad;
    for (size_t i = 0; i < NUM_DIMENSIONS; i++)
        bad |= g->dimensions[i].census.bad | g->dimensions[i].slots.bad;
    return bad ? -ENOMEM : 0;
}

int groups_add_block(struct groups *g, const struct dataset_header *header,
                     const struct block *block)
{
    size_t num = block_num_records(block);
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(block, &r, i);
        add_record(g, header, &r);
    }
    return state_of(g);
}

/* ---- slots ---- */

/* tags are numbered in the order in which they came: they go by their text instead */
static int compare_groups(const void *a, const void *b, void *tags)
{
    const struct tally_row *x = a, *y = b;
    const struct word_tally *t = tags;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (t == NULL)
        return x->key < y->key ? -1 : x->key > y->key;
    struct bytes first = t->words[x->key - 1].text, second = t->words[y->key - 1].text;
    return is_before(first, second) ? -1 : is_before(second, first);
}

static int seal_dimension(struct groups *g, unsigned dimension, size_t top)
{
    struct dimension_groups *d = &g->dimensions[dimension];
    struct tally_row *rows = malloc((d->census.num + 1) * sizeof rows[0]), row;
    size_t num = 0;
    if (rows == NULL)
        return -ENOMEM;
    for (size_t at = 0; tally_next(&d->census, &at, &row);)
        if (row.key != 0)
            rows[num++] = row;
    qsort_r(rows, num, sizeof rows[0], compare_groups,
            dimension == DIMENSION_TAG ? &g->tags : NULL);
    size_t kept = top == 0 || num <= top ? num : top;
    d->num_others = num - kept;
    d->num_slots = GROUPS_FIRST + kept;
    d->keys = calloc(d->num_slots, sizeof d->keys[0]);
    for (size_t i = 0; d->keys != NULL && i < kept; i++) {
        d->keys[GROUPS_FIRST + i] = rows[i].key;
        tally_add(&d->slots, rows[i].key, GROUPS_FIRST + i);
    }
    free(rows);
    return d->keys != NULL ? 0 : -ENOMEM;
}

int groups_seal(struct groups *g, size_t top)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < NUM_DIMENSIONS; i++)
        if (g->setup.dimensions >> i & 1)
            rc = seal_dimension(g, i, top);
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

size_t groups_slot(const struct groups *g, unsigned dimension, const struct record *r,
                   const struct joined *joined)
{
    uint64_t key = key_of(g, dimension, r, joined);
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
    case DIMENSION_PORT: return (size_t)snprintf(out, GROUP_LABEL_MAX, "%u", (unsigned)key);
    case NUM_DIMENSIONS: break;
    }
    return 0;
}
