/*
 * diff: what differs between two sweeps: targets that appeared, vanished, or changed.
 *
 * What       a target is address, port and host name; its records are compared field by field. A
 *            field that one of the two records does not have (the session ended before) is not
 *            known there, and so is no change; it is counted apart.
 * Promise    memory does not grow with the records: they are sorted in files (TMPDIR) where they
 *            do not fit. What grows is about 80 octets for each distinct certificate of one side.
 *            Changes come in an order that depends on the targets alone: addresses first, in their
 *            order, then those of host names.
 * Ownership  _new/_free, NULL is fine. What a change holds lives until the callback returns.
 * Errors     negative, err as walk.h and spill.h.
 */
#ifndef MXSWEEP_TOOLS_DIFF_H
#define MXSWEEP_TOOLS_DIFF_H

#include "tools/tally.h"
#include "tools/text_store.h"
#include "tools/walk.h"

enum { DIFF_ERR_MAX = WALK_ERR_MAX, DIFF_MEMORY_LEN = 128 << 20 /* octets for rows */ };

enum diff_side { DIFF_OLD, DIFF_NEW, NUM_DIFF_SIDES };

/* X(NAME, name, what is kept: a number of that kind or a text) */
#define DIFF_FIELDS(X)                                                                             \
    X(OUTCOME, "outcome", NUMBER)                                                                  \
    X(SMTP_CODE, "smtp_code", NUMBER)                                                              \
    X(VERSION, "version", NUMBER)                                                                  \
    X(SUITE, "suite", NUMBER)                                                                      \
    X(GROUP, "group", NUMBER)                                                                      \
    X(GREETING, "greeting", TEXT)                                                                  \
    X(EHLO, "ehlo", TEXT)                                                                          \
    X(EHLO_TLS, "ehlo_tls", TEXT)                                                                  \
    X(KEY, "key", TEXT)                                                                            \
    X(ISSUER, "issuer", TEXT)                                                                      \
    X(LEAF, "leaf", TEXT)                                                                          \
    X(CHAIN, "chain", TEXT)

enum diff_field {
#define X(NAME, name, kind) DIFF_##NAME,
    DIFF_FIELDS(X)
#undef X
        NUM_DIFF_FIELDS
};

const char *diff_field_name(enum diff_field field);
bool diff_field_is_text(enum diff_field field);

enum { DIFF_NUMBER_MAX = 64 };

/* diff_number_text writes what a number of a field means ("TLSv1.3"), and a NUL. */
void diff_number_text(char out[DIFF_NUMBER_MAX], enum diff_field field, uint64_t number);

/* what is compared of a record; of one size, for sorting */
struct diff_row {
    uint8_t host_digest[16]; /* all 0: no host name */
    struct addr addr;
    uint64_t has_addr, port;
    uint64_t number; /* of the record in its side: the n-th of a target is compared with the n-th */
    struct text_ref host;
    struct text_ref fields[NUM_DIFF_FIELDS]; /* digest: 0 not known; of a number, that */
};

enum diff_kind { DIFF_APPEARED, DIFF_VANISHED, DIFF_CHANGED };

struct diff_change {
    enum diff_kind kind;
    const struct diff_row *sides[NUM_DIFF_SIDES]; /* NULL: not there */
    uint32_t changed;                             /* a bit for each field */
};

struct diff_file {
    int64_t start_us;
    enum walk_end end;
};

struct diff_sum {
    struct diff_file files[NUM_DIFF_SIDES];
    uint64_t records[NUM_DIFF_SIDES];
    uint64_t same, changed, appeared, vanished;
    struct {
        uint64_t compared, changed; /* known on both sides; and different */
        uint64_t only[NUM_DIFF_SIDES];
        struct tally moves; /* numbers only: old << 32 | new */
    } fields[NUM_DIFF_FIELDS];
};

struct diff;

/* diff_new takes memory_len octets for rows; folder, for temporary files, outlives it. */
struct diff *diff_new(size_t memory_len, const char *folder);
void diff_free(struct diff *d);

/* diff_add reads a file. -ENODATA: torn; what came before is taken. */
int diff_add(struct diff *d, char err[DIFF_ERR_MAX], enum diff_side side, const char *path);

/* diff_each takes a change; negative ends the comparison. */
typedef int diff_each(void *ctx, char err[DIFF_ERR_MAX], struct diff *d,
                      const struct diff_change *change);

/* diff_run is called once, when both sides are added. diff_sum_cleanup frees what is in sum, also
 * after an error. */
int diff_run(struct diff *d, struct diff_sum *sum, char err[DIFF_ERR_MAX], diff_each *each,
             void *ctx);
void diff_sum_cleanup(struct diff_sum *sum);

/* diff_text gives the text of a field of kind TEXT, or of a host name. */
int diff_text(struct diff *d, char err[DIFF_ERR_MAX], char out[STORED_TEXT_MAX], size_t *len,
              struct text_ref ref);

/* diff_value gives the octets of a field of either kind; numbers by their names. */
int diff_value(struct diff *d, char err[DIFF_ERR_MAX], char out[STORED_TEXT_MAX], size_t *len,
               enum diff_field field, struct text_ref ref);

/* diff_moves returns what a field went from and to (num of the tally), the most frequent first, for
 * the caller to free; NULL: no memory. */
struct tally_row *diff_moves(const struct tally *moves);

/* diff_spilled returns how many octets of rows went through files. */
uint64_t diff_spilled(const struct diff *d);

#endif
