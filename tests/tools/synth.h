/*
 * synth: datasets from populations in numbers, written by the project's own writer.
 *
 * What       a population is a list of classes: how many targets, and what the record of each is.
 *            Targets are the addresses from 10.0.0.0 on, in the order of a seed; classes are dealt
 *            out by position, so that each block has a mixture.
 * Ownership  texts are constants of the caller's.
 * Errors     a test that cannot have its dataset fails.
 */
#ifndef MXSWEEP_TESTS_TOOLS_SYNTH_H
#define MXSWEEP_TESTS_TOOLS_SYNTH_H

#include "core/dataset.h"

enum synth_key { SYNTH_RSA_2048, SYNTH_RSA_4096, SYNTH_P256, SYNTH_P384, SYNTH_ED25519 };

struct synth_cert {
    const char *issuer_org, *issuer_cn, *subject_cn; /* NULL: none */
    int64_t not_before, not_after;                   /* s since 1970 */
    enum synth_key key;
    uint32_t key_number; /* equal numbers: the same key */
    bool garbage;        /* no certificate at all */
    struct bytes der;    /* all of it, as it is; empty: made of the above */
};

enum { SYNTH_CHAIN_MAX = 4, SYNTH_DER_MAX = 2048 };

struct synth_class {
    uint64_t count;
    enum stage stage;
    enum cause cause;
    const char *greeting, *ehlo, *helo, *starttls, *ehlo_tls; /* NULL: none */
    bool handshake_done;
    uint16_t version, suite, group, sigscheme;
    uint8_t alert; /* number, with the direction of the cause; 0: none */
    const struct synth_cert *chain[SYNTH_CHAIN_MAX]; /* up to the first NULL */
    uint32_t connect_us;                             /* 0: not finished */
    bool counted;                                    /* only counted: no record */
    uint8_t source;                                  /* of synth's sources */
    const char *host, *tag;                          /* streamed only */
    uint32_t network;                                /* streamed only: addresses from there on,
                                                      * 100 of them; 0: as all */
    uint16_t tls_known, tls_flags;
    uint32_t ticket_lifetime_s;
    struct bytes ocsp, audit, early; /* empty: none */
    struct attempt attempt;          /* an earlier one; its start_us 0, stage 0: none */
};

struct synth {
    const struct synth_class *classes;
    size_t num_classes;
    uint32_t num_shards, shard; /* 0 shards: 1 */
    size_t block_len;           /* targets of a block; 0: all */
    uint64_t leave_out;         /* positions at the end that are not done */
    enum dataset_reason reason; /* 0: no trailer */
    int64_t start_s;            /* 0: SYNTH_START_S */
    uint64_t early_us;          /* the file's start, before that: records have the same times */
    bool resume;                /* goes on with the file: what is done stays */
    uint32_t seed;
    bool streamed;              /* a stream: the same addresses, line by line, in their order */
    const struct addr *sources; /* vantage */
    size_t num_sources;
    uint64_t blank_every; /* streamed: so many lines further on is one without a target; 0: none */
};

#define SYNTH_START_S INT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */
enum { SYNTH_SPREAD_US = 1000 };          /* between the starts of two targets */

/* synth_write writes the dataset (of its shard) to path. */
void synth_write(const char *path, const struct synth *s);

/* synth_der encodes a certificate; returns its length. */
size_t synth_der(uint8_t out[SYNTH_DER_MAX], const struct synth_cert *cert);

/* synth_count returns how many targets the classes have together. */
uint64_t synth_count(const struct synth *s);

/* synth_record fills in the timings and flags that follow from a stage: what a session would have
 * set. */
void synth_record(struct record *r, const struct synth_class *class, uint64_t position);

#endif
