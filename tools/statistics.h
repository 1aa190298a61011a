/*
 * statistics: the tables of a report: one shape for all, from one table of definitions.
 *
 * What       every statistic counts something over a named set, its denominator. Each row is a
 *            label and a count; the rows of a partition sum to the denominator exactly, what is
 *            not known and what is not shown have rows of their own. doc/statistics.md says the
 *            same in full.
 * Promise    rows come in an order that depends on nothing but the counts.
 * Ownership  _make fills the caller's storage, _cleanup frees. Labels may be octets of others:
 *            escape them.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_TOOLS_STATISTICS_H
#define MXSWEEP_TOOLS_STATISTICS_H

#include "tools/aggregate.h"

/* X(NAME, letter of papers, definition) */
#define SETS(X)                                                                                    \
    X(A, "positions of the shards that the files are of, after exclusion")                         \
    X(D, "targets done: those of P, and those on the blocklist or without an address by then")     \
    X(P, "targets probed: a connection was tried")                                                 \
    X(T, "TCP connection established")                                                             \
    X(G, "a whole greeting came, whatever its code")                                               \
    X(G220, "the greeting's code was 220")                                                         \
    X(E, "EHLO was answered with 250")                                                             \
    X(S, "STARTTLS is a keyword of that answer")                                                   \
    X(Q, "STARTTLS was sent")                                                                      \
    X(R, "STARTTLS was answered with 220")                                                         \
    X(H, "the TLS handshake was completed")                                                        \
    X(L, "the handshake was completed, and the leaf certificate could be parsed")                  \
    X(E2, "EHLO was answered with 250 inside TLS")                                                 \
    X(CERTS, "distinct leaf certificates of L, by SHA-256 of the DER")                             \
    X(KEYS, "distinct public keys of L, by SHA-256 of the SubjectPublicKeyInfo")

enum set {
#define X(NAME, definition) SET_##NAME,
    SETS(X)
#undef X
        NUM_SETS
};

const char *set_name(enum set set);
const char *set_definition(enum set set);

enum row_kind {
    ROW_VALUE,
    ROW_UNKNOWN, /* could not be told; never a no */
    ROW_OTHER    /* the sum of rows beyond the top */
};

enum { NUM_QUANTILES = 3 };

struct statistic_row {
    struct bytes label; /* owned by the statistic */
    uint64_t count;
    enum row_kind kind;
    uint64_t num_labels;               /* ROW_OTHER: how many rows it sums */
    enum set set;                      /* funnel: the set that is counted */
    enum set before;                   /* funnel: the step before */
    double quantile_us[NUM_QUANTILES]; /* latency */
};

enum statistic_shape {
    SHAPE_PARTITION, /* each element of the denominator is in one row */
    SHAPE_CHOICES,   /* in any number of rows */
    SHAPE_FUNNEL,    /* rows are sets */
    SHAPE_LATENCY    /* rows have quantiles */
};

struct statistic;

struct statistic_def {
    const char *id, *name, *definition;
    enum set denominator;
    enum statistic_shape shape;
    bool ranked; /* rows by count; else in the order of their meaning */
    bool open;   /* labels without bound: only the top is shown */
    int (*fill)(struct statistic *s, const struct aggregate *a);
};

struct statistic {
    const struct statistic_def *def;
    struct statistic_row *rows;
    size_t num_rows, cap;
    uint64_t not_shown; /* SHAPE_CHOICES: rows beyond the top */
    bool bad;           /* no memory */
};

struct statistics {
    uint64_t sets[NUM_SETS];
    struct statistic *list;
    size_t num;
};

/* statistics_make computes all of them; top: rows shown of those that are open, 0: all. */
int statistics_make(struct statistics *out, const struct aggregate *a, size_t top);
void statistics_cleanup(struct statistics *s);

/* statistics_find returns the one of that id, or NULL. */
const struct statistic *statistics_find(const struct statistics *s, const char *id);

/* quantiles of SHAPE_LATENCY, per mille, and what they are called */
extern const unsigned quantile_per_mille[NUM_QUANTILES];
extern const char *const quantile_names[NUM_QUANTILES];

/* percent_of returns 100 * count / of; NaN if of is 0. */
double percent_of(uint64_t count, uint64_t of);

/* statistic_add appends a row; for the functions that fill. */
void statistic_add(struct statistic *s, struct bytes label, uint64_t count, enum row_kind kind);

/* the table; statistics_table.c */
extern const struct statistic_def statistic_defs[];
extern const size_t num_statistic_defs;

#endif
