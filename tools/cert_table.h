/*
 * cert_table: what is known of each distinct certificate, by the SHA-256 of its DER.
 *
 * What       a certificate may be named by a chain before its octets come (another file, another
 *            part), or never: an entry is made by whichever comes first and learns the facts when
 *            they come. Counts of targets are kept on the entry, so what is asked about leaves is
 *            answered at the end, in any order of blocks.
 * Promise    memory is in the number of distinct certificates; merging parts gives what the whole
 *            would.
 * Ownership  the caller's storage; indexes stay, pointers live until the next call that adds.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_CERT_TABLE_H
#define MXSWEEP_TOOLS_CERT_TABLE_H

#include "core/cert.h"
#include "tools/tally.h"

enum cert_state {
    CERT_UNSEEN,
    CERT_PARSED,
    CERT_UNPARSABLE
}; /* unseen: its octets are in no block so far */

struct cert_entry {
    uint8_t sha256[32];
    uint8_t spki_sha256[32];
    uint64_t targets;              /* completed a handshake and sent it as the leaf */
    uint64_t targets_failed;       /* sent it as the leaf and completed none */
    int64_t not_before, not_after; /* s since 1970 */
    const char *curve, *sig_alg;   /* constants of cert.c, or NULL */
    uint32_t key_bits;
    uint32_t issuer;         /* word of issuers: organisation, else common name; empty: neither */
    uint8_t state, key_type; /* enum cert_state, enum cert_key_type */
    bool has_validity, self_issued;
};

enum { CERT_NONE = UINT32_MAX };

struct cert_table {
    struct cert_entry *entries;
    uint32_t *slots; /* index + 1; 0: empty */
    size_t num, cap, num_slots;
    struct word_tally issuers;
    bool bad;
};

void cert_table_init(struct cert_table *t);
void cert_table_cleanup(struct cert_table *t);

/* cert_table_find returns the index of a certificate, making an unseen entry if there is none;
 * CERT_NONE without memory. */
uint32_t cert_table_find(struct cert_table *t, const uint8_t sha256[32]);

/* cert_table_learn reads the facts of a certificate whose octets were found; known ones cost a
 * look-up. */
uint32_t cert_table_learn(struct cert_table *t, const uint8_t sha256[32], struct bytes der);

/* cert_table_merge adds from's counts and facts; indexes[i] (from->num of them) becomes into's
 * index of from's entry i. */
void cert_table_merge(struct cert_table *into, uint32_t *indexes, const struct cert_table *from);

#endif
