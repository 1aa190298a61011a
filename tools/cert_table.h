/*
 * cert_table: what is known of each distinct certificate, by the SHA-256 of its DER.
 *
 * What       a certificate may be named by a chain before its octets come (another file, another
 *            part), or never: an entry is made by whichever comes first and learns the facts when
 *            they come. Distinct keys are numbered, by the SHA-256 of the SubjectPublicKeyInfo.
 * Promise    memory is in the number of distinct certificates; merging parts gives what the whole
 *            would.
 * Ownership  the caller's storage; indexes stay, pointers live until the next call that adds.
 * Errors     sticky `bad` without memory.
 */
#ifndef MXSWEEP_TOOLS_CERT_TABLE_H
#define MXSWEEP_TOOLS_CERT_TABLE_H

#include "core/cert.h"
#include "tools/leaf_names.h"
#include "tools/tally.h"

enum cert_state {
    CERT_UNSEEN,
    CERT_PARSED,
    CERT_UNPARSABLE
}; /* unseen: its octets are in no block so far */

struct cert_entry {
    uint8_t sha256[32];
    uint8_t spki_sha256[32];
    int64_t not_before, not_after; /* s since 1970 */
    uint32_t curve, sig_alg;       /* words of algorithms, as cert.h names them; WORD_NONE */
    uint32_t key_bits;
    uint32_t der_len;        /* octets; 0: unseen */
    uint32_t issuer;         /* word of issuers: organisation, else common name; empty: neither */
    uint32_t key;            /* number of its key; CERT_NONE until it is parsed */
    struct leaf_names names; /* what hosts it names */
    uint8_t state, key_type; /* enum cert_state, enum cert_key_type */
    bool has_validity, self_issued, is_ca, must_staple, has_scts;
};

enum { CERT_NONE = UINT32_MAX };

struct cert_table {
    struct cert_entry *entries;
    uint32_t *slots; /* index + 1; 0: empty */
    size_t num, cap, num_slots;
    uint32_t *key_slots; /* of the first certificate with a key: index + 1; 0: empty */
    size_t num_keys, num_key_slots;
    struct word_tally issuers, algorithms;
    struct name_hashes names;
    bool bad;
};

void cert_table_init(struct cert_table *t);
void cert_table_cleanup(struct cert_table *t);

/* cert_table_clear drops all but the words, which keep their numbers. */
void cert_table_clear(struct cert_table *t);

/* cert_table_find returns the index of a certificate, making an unseen entry if there is none;
 * CERT_NONE without memory. */
uint32_t cert_table_find(struct cert_table *t, const uint8_t sha256[32]);

/* cert_table_learn reads the facts of a certificate whose octets were found; known ones cost a
 * look-up. */
uint32_t cert_table_learn(struct cert_table *t, const uint8_t sha256[32], struct bytes der);

/* cert_table_take does the same for who has read them: of octets der_len long; NULL: they could not
 * be parsed. */
uint32_t cert_table_take(struct cert_table *t, const uint8_t sha256[32], size_t der_len,
                         const struct cert_facts *facts);

/* cert_table_has returns the index of a certificate; CERT_NONE if it has no entry. */
uint32_t cert_table_has(const struct cert_table *t, const uint8_t sha256[32]);

/* cert_table_octets returns how much memory it takes, words left aside. */
uint64_t cert_table_octets(const struct cert_table *t);

/* cert_table_merge adds from's facts; indexes[i] (from->num of them) becomes into's
 * index of from's entry i. */
void cert_table_merge(struct cert_table *into, uint32_t *indexes, const struct cert_table *from);

#endif
