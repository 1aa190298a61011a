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

/* X(NAME, definition) */
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
    X(V, "the chain is valid by the trust store at the session's start")                           \
    X(N, "the leaf matches the host name, or the name in greeting or EHLO reply")                  \
    X(E2, "EHLO was answered with 250 inside TLS")                                                 \
    X(L_HOST, "targets of L that were given by a host name")                                       \
    X(L_GREETING, "targets of L whose greeting begins with a host name or an address")             \
    X(L_EHLO, "targets of L whose answer to EHLO begins with a host name or an address")           \
    X(CERTS, "distinct leaf certificates of L, by SHA-256 of the DER")                             \
    X(KEYS, "distinct public keys of L, by SHA-256 of the SubjectPublicKeyInfo")                   \
    X(CHAINS, "distinct chains of L, as sent")                                                     \
    X(CLUSTERS, "clusters of L: the same key, template of the greeting and set of EHLO keywords")  \
    X(DEFAULT_KEYS,                                                                                \
      "those of KEYS with a certificate whose issuer is that of a product's default")              \
    X(DEFAULT_KEY_TARGETS, "targets of L that have one of those keys")                             \
    X(CERTS_CA, "those of CERTS whose issuer is another name than the subject")                    \
    X(CERTS_SELF, "those of CERTS whose issuer and subject are the same octets")                   \
    X(EE2, "EHLO was answered with 250 before TLS and inside")                                     \
    X(H13, "targets of H that negotiated TLS 1.3")                                                 \
    X(MTA, "targets of G220 whose software a rule names")                                          \
    X(REFUSED, "greeting of another code than 220, or EHLO refused")                               \
    X(RETRIED, "targets of P that were visited more than once")                                    \
    X(AUDITED, "targets of R with the findings of an audit")                                       \
    X(AUDIT_VERSIONS, "targets of AUDITED of which it is known whether they take each version")    \
    X(AUDIT_SUITES, "targets of AUDITED of which all suites are known")                            \
    X(AUDIT_GROUPS, "targets of AUDITED of which all groups are known")                            \
    X(AUDIT_DHE, "targets of AUDITED of which it is known whether they take DHE")

enum set {
#define X(NAME, definition) SET_##NAME,
    SETS(X)
#undef X
        NUM_SETS
};

const char *set_name(enum set set);
const char *set_definition(enum set set);

/* set_is_sampled tells whether a set is of targets, of which a sample tells something; of distinct
 * certificates, keys and chains the share in a sample is not that in the population. */
bool set_is_sampled(enum set set);

enum row_kind {
    ROW_VALUE,
    ROW_UNKNOWN, /* could not be told; never a no */
    ROW_OTHER    /* the sum of rows beyond the top */
};

enum { NUM_QUANTILES = 4 };

struct statistic_row {
    struct bytes label; /* owned by the statistic */
    uint64_t count;
    enum row_kind kind;
    uint64_t num_labels;               /* ROW_OTHER: how many rows it sums */
    enum set set;                      /* funnel: the set that is counted */
    enum set before;                   /* funnel: the step before */
    double quantile_us[NUM_QUANTILES]; /* latency */
    struct histogram_bin *bins;        /* latency of the whole; owned by the statistic */
    size_t num_bins;
    uint64_t conclusive; /* SHAPE_CONCLUSIVE: yes and no together; count: yes */
};

enum statistic_shape {
    SHAPE_PARTITION, /* each element of the denominator is in one row */
    SHAPE_CHOICES,   /* in any number of rows */
    SHAPE_FUNNEL,    /* rows are sets */
    SHAPE_LATENCY,   /* rows have quantiles */
    SHAPE_CONCLUSIVE /* each row is a question: how many said yes, of those that it is known of */
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

struct statistic_figure {
    const char *name;
    double value;
};

enum { STATISTIC_FIGURES_MAX = 4 };

struct statistic {
    const struct statistic_def *def;
    struct statistic_row *rows;
    size_t num_rows, cap;
    struct statistic_figure figures[STATISTIC_FIGURES_MAX]; /* numbers about the whole table */
    size_t num_figures;
    uint64_t not_shown; /* SHAPE_CHOICES: rows beyond the top */
    bool bad;           /* no memory */
};

struct statistics {
    uint64_t sets[NUM_SETS];
    bool not_judged;      /* no chain was: V is not known, and not 0 */
    bool lacks[NUM_SETS]; /* of those nothing is known, as nothing that needs them is asked for */
    struct statistic *list;
    size_t num;
};

/* statistics_make computes all that the aggregate's setup asks for; top: rows shown of those that
 * are open, 0: all. An aggregate that was not folded is. */
int statistics_make(struct statistics *out, struct aggregate *a, size_t top);
void statistics_cleanup(struct statistics *s);

/* statistics_make_group computes those that are kept of a group (aggregate_of_group), all rows. */
int statistics_make_group(struct statistics *out, const struct aggregate *a);

/* statistic_cut sums up the rows of an open table beyond the top; 0: none. */
int statistic_cut(struct statistic *s, size_t top);

/* statistics_suppress leaves nothing in num reports of the same kind, all that make up one whole,
 * from which a row of 1 to min - 1 elements could be told, even by subtraction within a table: a
 * label that is so small in any of them is summed up in all, or left out where rows are no
 * partition; a choice also where so few do not make it. Bins of a latency that are so small are
 * joined with their neighbours. Funnels and sizes of sets are left as they
 * are. With the whole as it is told already, what is not told of it is not told of them. Of tables
 * that are views of the same, the more detailed is summed up as a whole if any of both has
 * something summed up. Other tables of the same elements are not held against each other. */
int statistics_suppress(struct statistics *const *all, size_t num, uint64_t min,
                        const struct statistics *whole);

/* statistics_has_set tells whether a set is known at all. */
bool statistics_has_set(const struct statistics *s, enum set set);

/* statistics_find returns the one of that id, or NULL. */
const struct statistic *statistics_find(const struct statistics *s, const char *id);

/* quantiles of SHAPE_LATENCY, per mille, and what they are called */
extern const unsigned quantile_per_mille[NUM_QUANTILES];
extern const char *const quantile_names[NUM_QUANTILES];

/* statistic_drop takes row i out. */
void statistic_drop(struct statistic *s, size_t i);

/* percent_of returns 100 * count / of; NaN if of is 0. */
double percent_of(uint64_t count, uint64_t of);

/* statistic_add appends a row; for the functions that fill. */
void statistic_add(struct statistic *s, struct bytes label, uint64_t count, enum row_kind kind);

/* the table; statistics_table.c */
extern const struct statistic_def statistic_defs[];
extern const size_t num_statistic_defs;

#endif
