/*
 * chain_table: each distinct chain as sent, when it was seen, and how it is judged.
 *
 * What       a chain is the list of its certificates' hashes, in order, and whether it was cut.
 *            What is judged of it, and of the OCSP responses that came with it, are spans of time:
 *            the same from one moment to the next.
 * Identity   two chains are held for one if 128 bits mixed from all their hashes are equal.
 * Units      s since 1970; a span holds until just before until_s.
 * Ownership  the caller's storage; indexes stay, pointers live until the next call that adds.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_CHAIN_TABLE_H
#define MXSWEEP_TOOLS_CHAIN_TABLE_H

#include "core/judge.h"
#include "core/ocsp.h"
#include "tools/cert_table.h"

struct chain_span {
    int64_t until_s;
    uint32_t flags;  /* CHAIN_FLAG() */
    uint8_t outcome; /* enum chain_outcome; of a response: enum ocsp_outcome */
};

struct span_list {
    uint32_t first, num; /* of the table's spans, in the order of time; num 0: not judged */
};

struct chain_entry {
    uint64_t key[2];
    uint32_t first_cert; /* of the table's certs */
    uint16_t num;
    bool cut;
    uint32_t octets; /* of its certificates, once the catalog is sealed; CHAIN_OCTETS_UNKNOWN */
    int64_t first_s, last_s; /* sessions that it was seen in; first_s > last_s: none that completed
                              * a handshake */
    struct span_list spans;
};

/* a distinct OCSP response and the chain that it came with */
struct staple_entry {
    uint32_t chain, text; /* text: word of the table's responses */
    int64_t first_s, last_s;
    struct span_list spans;
};

struct chain_table {
    struct chain_entry *entries;
    struct staple_entry *staples;
    uint32_t *slots, *staple_slots; /* index + 1; 0: empty */
    size_t num, cap, num_slots;
    size_t num_staples, staples_cap, num_staple_slots;
    uint32_t *certs; /* of the certificate table, chain by chain */
    size_t num_certs, certs_cap;
    struct word_tally responses; /* OCSP responses as they came */
    struct chain_span *spans;
    size_t num_spans, spans_cap;
    bool bad;
};

enum { CHAIN_NONE_KNOWN = UINT32_MAX, CHAIN_OCTETS_UNKNOWN = UINT32_MAX };

void chain_table_init(struct chain_table *t);
void chain_table_cleanup(struct chain_table *t);

/* chain_table_add returns the index of a chain of num certificates, making an entry if there is
 * none, and entries of its certificates; CHAIN_NONE_KNOWN without memory. */
uint32_t chain_table_add(struct chain_table *t, struct cert_table *certs,
                         const uint8_t (*sha256)[32], uint16_t num, bool cut);

/* chain_table_find returns the index of a chain; CHAIN_NONE_KNOWN if it has no entry. */
uint32_t chain_table_find(const struct chain_table *t, const uint8_t (*sha256)[32], uint16_t num,
                          bool cut);

/* chain_table_seen says that a session which began at start_s completed a handshake with it. */
void chain_table_seen(struct chain_table *t, uint32_t chain, int64_t start_s);

/* chain_table_staple says that a response came with a chain; chain_table_response returns its
 * index, CHAIN_NONE_KNOWN if it has no entry. */
void chain_table_staple(struct chain_table *t, uint32_t chain, struct bytes response,
                        int64_t start_s);
uint32_t chain_table_response(const struct chain_table *t, uint32_t chain, struct bytes response);

/* chain_table_weigh sums up the octets of each chain's certificates. */
void chain_table_weigh(struct chain_table *t, const struct cert_table *certs);

/* chain_table_octets returns how much memory it takes. */
uint64_t chain_table_octets(const struct chain_table *t);

/* chain_table_near brings near what chain_table_find will look at: asked for first with near 0, a
 * while later with near 1, which wants what 0 brought. */
void chain_table_near(const struct chain_table *t, const uint8_t (*sha256)[32], uint16_t num,
                      bool cut, unsigned near);

/* chain_table_judged notes the spans of a chain or response, in the order of time. */
void chain_table_judged(struct chain_table *t, struct span_list *out,
                        const struct chain_span *spans, size_t num);

/* span_at returns the index of the span that holds at that time; NULL if it is not judged. */
const struct chain_span *span_at(const struct chain_table *t, const struct span_list *spans,
                                 int64_t time_s);

/* chain_table_merge adds what from has; certs[i] is into's index of from's certificate i. What was
 * judged is not taken: a pool of more certificates may complete more. */
void chain_table_merge(struct chain_table *into, const struct chain_table *from,
                       const uint32_t *certs);

#endif
