/*
 * geo_tree: the search tree of a MaxMind database, unpacked for looking up: from an address to the
 * number of a record.
 *
 * What       records are numbered by their place in the data; nodes become pairs of 32 bits; of
 *            IPv4, the tree becomes a list of ranges with an index by the upper 16 bits and, where
 *            many ranges share those, one by the upper 24.
 * Promise    whatever the tree, looking up is at most 128 steps; any number of threads may.
 * Ownership  the caller's storage, zeroed by whoever never opened it; _cleanup frees.
 * Errors     -ENOMEM, -EINVAL: a tree that cannot be read.
 */
#ifndef MXSWEEP_TOOLS_GEO_TREE_H
#define MXSWEEP_TOOLS_GEO_TREE_H

#include <maxminddb.h>

#include "core/addr.h"

#define GEO_NO_RECORD UINT32_MAX

enum { GEO_FINE_LEN = 257 };

struct geo_tree {
    uint32_t (*nodes)[2]; /* below num_nodes: a node; num_nodes: nothing; above: a record */
    uint32_t num_nodes;
    uint32_t v4_root; /* where IPv4 begins: a node, or what nodes lead to */
    bool has_v6;
    struct geo_ranges {
        struct geo_range {
            uint32_t first;  /* address; sorted */
            uint32_t target; /* what the tree leads to there */
        } * list;
        uint32_t *index; /* by upper 16 bits: the range that their first address is in */
        uint32_t *fine;  /* by upper 16 bits: GEO_FINE_LEN of fines, from 1 on; 0: few ranges */
        uint16_t *fines; /* by the next 8 bits: ranges from that of the index on */
        size_t num, cap;
    } v4; /* num 0: there would be too many, as parts of the tree are led to from several places */
    uint32_t *offsets; /* of each record in the data, by its number */
    uint32_t num_records, cap_records;
};

int geo_tree_init(struct geo_tree *t, const MMDB_s *mmdb);
void geo_tree_cleanup(struct geo_tree *t);

/* geo_tree_near brings near what geo_tree_find will look at: asked for with near 0, a while later
 * with 1 and then 2, each of which wants what the one before brought. */
void geo_tree_near(const struct geo_tree *t, struct addr a, unsigned near);

/* geo_tree_find returns the number of the record of a, or GEO_NO_RECORD. */
uint32_t geo_tree_find(const struct geo_tree *t, struct addr a);

#endif
