/*
 * groups: what targets are broken down by: their country, AS, network, software and so on.
 *
 * Use        a census of all records says how many targets each group has; sealed, the largest have
 *            a slot each, the others one together, and those that are not known one: slots are what
 *            counts are kept of.
 * Promise    the slots depend on the records alone, not on their order. Which group is larger is
 *            decided by targets of P, then by key.
 * Ownership  _new/_free; what the setup points to outlives it. Sealed, it never changes and may be
 *            read by any number of threads.
 * Errors     -ENOMEM, or as overflow.h.
 */
#ifndef MXSWEEP_TOOLS_GROUPS_H
#define MXSWEEP_TOOLS_GROUPS_H

#include "core/dataset.h"
#include "tools/catalog.h"
#include "tools/geo.h"
#include "tools/overflow.h"
#include "tools/rules.h"
#include "tools/tally.h"
#include "tools/weights.h"
#include "tools/where.h"

/* X(NAME, slug, definition) */
#define DIMENSIONS(X)                                                                              \
    X(COUNTRY, "country", "country of the address, by the country database")                       \
    X(AS, "as", "autonomous system of the address, by the AS database")                            \
    X(PREFIX, "prefix", "/24 or /48 of the address")                                               \
    X(NETWORK, "network", "/16 or /32 of the address")                                             \
    X(FAMILY, "family", "address family")                                                          \
    X(MTA, "mta", "mail software, by rules over greeting and answer to EHLO")                      \
    X(TAG, "tag", "tag of the target")                                                             \
    X(PORT, "port", "port of the target")                                                          \
    X(SOURCE, "source", "source address of the scanner")                                           \
    X(ATTEMPT, "attempt", "which attempt at the target was the last; 1: there was no other")       \
    X(VERSION, "version", "TLS version negotiated; without a handshake: unknown")                  \
    X(ISSUER, "issuer", "organisation of the leaf's issuer, else its common name; of L")           \
    X(KEY, "key", "leaf key, by the first 64 bits of its SHA-256; of L")                           \
    X(CLUSTER, "cluster",                                                                          \
      "the same leaf key, template of the greeting and set of EHLO keywords; of L")
enum dimension {
#define X(NAME, slug, definition) DIMENSION_##NAME,
    DIMENSIONS(X)
#undef X
        NUM_DIMENSIONS
};

/* those that are told by the leaf, as the catalog has it */
enum { GROUPS_OF_LEAVES = 1 << DIMENSION_ISSUER | 1 << DIMENSION_KEY | 1 << DIMENSION_CLUSTER };

const char *dimension_slug(unsigned dimension);
const char *dimension_definition(unsigned dimension);

/* dimensions_parse reads "country,as" as bits; false: *bad is the word that is none of them. */
bool dimensions_parse(unsigned *out, struct bytes *bad, const char *list);

/* which records count, how much, and by what; NULL: all, 1, not known */
struct group_setup {
    unsigned dimensions; /* bits */
    const struct geo *geo;
    const struct rules *mta;
    const struct where *where;
    const struct weights *weights;
    const struct catalog *catalog; /* what leaves are joined from */
};

/* what is joined to a record */
struct joined {
    struct geo_place place;
    uint32_t mta; /* name of a rule + 1; 0: none */
    struct bytes mta_version;
    uint32_t issuer;       /* word of the catalog's issuers + 1; 0: not known */
    uint64_t key, cluster; /* as their groups are called; 0: not known */
    uint64_t weight;       /* 0: the record does not count */
};

/* join fills *out as far as the setup asks for it; join_placed does for who knows the place. */
void join(struct joined *out, const struct group_setup *setup, const struct dataset_header *header,
          const struct record *r);
void join_placed(struct joined *out, const struct group_setup *setup,
                 const struct dataset_header *header, const struct record *r,
                 const struct geo_place *place);

enum { GROUP_OTHER, GROUP_UNKNOWN, GROUPS_FIRST }; /* slots */

struct groups;

struct groups *groups_new(const struct group_setup *setup); /* NULL: no memory */

/* targets of P of a group, as they go to the overflow */
struct group_row {
    uint64_t key, targets, dimension;
};

/* groups_bound gives the census an overflow for what has no room. */
void groups_bound(struct groups *g, struct overflow *o);
void groups_free(struct groups *g); /* NULL is allowed */
int groups_add_block(struct groups *g, const struct dataset_header *header,
                     const struct block *block);

/* groups_seal gives a slot to the top largest groups of each dimension, top_countries of countries;
 * 0: to all. */
int groups_seal(struct groups *g, size_t top, size_t top_countries);

/* groups_num returns how many slots a dimension has, groups_slot the one of a record. */
size_t groups_num(const struct groups *g, unsigned dimension);
size_t groups_slot(const struct groups *g, unsigned dimension, const struct dataset_header *header,
                   const struct record *r, const struct joined *joined);

/* groups_others returns how many groups share GROUP_OTHER. */
size_t groups_others(const struct groups *g, unsigned dimension);

enum { GROUP_LABEL_MAX = 160 };

/* groups_label writes what a slot is called and returns its length; it may be octets of others. */
size_t groups_label(const struct groups *g, unsigned dimension, size_t slot,
                    char out[GROUP_LABEL_MAX]);

#endif
