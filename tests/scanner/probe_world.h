/*
 * probe_world: what tests of mxprobe's words need: a trust store, a judge, a header, certificates of
 * tests/data, and a view of a record.
 *
 * Ownership  the caller's storage; probe_world_cleanup frees all but what probe_world_text gave,
 *            which the caller frees.
 */
#ifndef MXSWEEP_TESTS_SCANNER_PROBE_WORLD_H
#define MXSWEEP_TESTS_SCANNER_PROBE_WORLD_H

#include "scanner/probe_output.h"

enum { WORLD_CHAIN_MAX = 8 };

struct probe_world {
    struct trust_store *store;
    struct judge *judge;
    struct bytes ehlo_name;
    struct dataset_header header;
    uint8_t *octets[WORLD_CHAIN_MAX]; /* of the certificates in ders */
    struct bytes ders[WORLD_CHAIN_MAX];
    uint8_t hashes[WORLD_CHAIN_MAX][32];
    struct judged *judged;
    struct findings findings;
    struct view view;
};

/* probe_world_init makes a world whose store trusts one file of tests/data/certs. */
void probe_world_init(struct probe_world *w, const char *root);
void probe_world_cleanup(struct probe_world *w);

/* probe_world_chain gives r a chain of files of tests/data/certs, separated by blanks. */
void probe_world_chain(struct probe_world *w, struct record *r, const char *files);

/* probe_world_view judges r at time_s for host (NULL: none), and makes w->view of it. */
void probe_world_view(struct probe_world *w, const struct record *r, const char *host,
                      int64_t time_s);

/* probe_world_text returns what show_all writes of w->view, NUL-terminated; the caller frees it. */
char *probe_world_text(struct probe_world *w, bool color);

#endif
