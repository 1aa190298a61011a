/*
 * visit: one target on its way through the engine, with how earlier attempts at it ended.
 *
 * Units      times in ns of one monotonic clock.
 * Promise    attempts come back as they were put in, gaps to within 0.1 % or 16 ms, whichever is
 *            more; gaps over 6 days are kept as 6.2 days. A visit that waits takes 24 octets: see
 *            visit_pack.
 * Ownership  plain values. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_VISIT_H
#define MXSWEEP_SCANNER_VISIT_H

#include <stdbool.h>
#include <stdint.h>

enum { VISIT_ATTEMPTS_MAX = 3 }; /* earlier attempts that are kept */

#define VISIT_REF_TAG UINT64_C(0x8000000000000000)
#define VISIT_REF_MAX UINT64_C(0x0000ffffffffffff)

struct visit {
    uint64_t ref;              /* whose it is: up to VISIT_REF_MAX, or that with VISIT_REF_TAG */
    uint64_t attempt_start_ns; /* of the newest attempt, if there is one */
    uint32_t attempts[VISIT_ATTEMPTS_MAX]; /* packed, oldest first; 0: none */
    uint8_t passed; /* of networks: a bit for each level whose queue it came out of */
};

struct visit_attempt {
    uint8_t stage, cause; /* core/outcome.h */
    uint16_t smtp_code;
    uint64_t gap_ns; /* from its start to that of the next; 0 until that is known */
};

/* visit_add_attempt keeps the attempt that began at start_ns and has ended: stage is not
 * STAGE_NONE, smtp_code is below 1024. False if there is no room for one more. */
bool visit_add_attempt(struct visit *v, uint8_t stage, uint8_t cause, uint16_t smtp_code,
                       uint64_t start_ns);

/* visit_set_gap sets the gap of the newest attempt, if there is one: when the next one starts. */
void visit_set_gap(struct visit *v, uint64_t gap_ns);

unsigned visit_num_attempts(const struct visit *v);

/* visit_attempt returns attempt i, below visit_num_attempts, the oldest first. */
void visit_attempt(const struct visit *v, unsigned i, struct visit_attempt *out);

/* A visit that waits. The start of the newest attempt is in the spare bits of ref (48 to 62) and in
 * the gap of that attempt, which is not known yet: 29 bits, in 16 ms, modulo 99 days. */
struct visit_parked {
    uint64_t ref;
    uint32_t attempts[VISIT_ATTEMPTS_MAX];
    uint32_t link; /* its keeper's */
};

/* visit_pack packs v but for passed, and leaves link alone. visit_unpack gets it back, at most 99
 * days after the newest attempt began. */
void visit_pack(struct visit_parked *out, const struct visit *v);
void visit_unpack(struct visit *out, const struct visit_parked *p, uint64_t now_ns);

#endif
