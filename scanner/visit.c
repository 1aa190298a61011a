#include "scanner/visit.h"

#include <assert.h>

#include "core/outcome.h"

/* An attempt, from the lowest bit: gap 14 (mantissa 10, exponent 4), SMTP code 10, cause 5, stage
 * 3. No attempt is 0, since no stage is. */
enum {
    MANTISSA_BITS = 10,
    GAP_BITS = 14,
    CODE_BITS = 10,
    CAUSE_BITS = 5,
    STAGE_BITS = 3,
    CODE_AT = GAP_BITS,
    CAUSE_AT = CODE_AT + CODE_BITS,
    STAGE_AT = CAUSE_AT + CAUSE_BITS
};

#define BITS(n) ((UINT32_C(1) << (n)) - 1)

_Static_assert(NUM_STAGES <= 1 << STAGE_BITS && NUM_CAUSES <= 1 << CAUSE_BITS, "more bits");
_Static_assert(STAGE_AT + STAGE_BITS == 32, "an attempt is 32 bits");
_Static_assert(sizeof(struct visit_parked) == 24, "as the header says");

enum {
    UNIT_NS = 16000000,
    EXPONENT_MAX = 15,
    REF_AT = 48, /* the first spare bit */
    REF_SPARE_BITS = 15,
    STAMP_BITS = GAP_BITS + REF_SPARE_BITS,
    AHEAD_MAX = 4096 /* units by which a start may seem to be ahead of another worker's clock */
};

static uint64_t in_units(uint64_t ns, unsigned shift)
{
    return ns / ((uint64_t)UNIT_NS << shift) +
           (ns % ((uint64_t)UNIT_NS << shift) >= (uint64_t)UNIT_NS << shift >> 1);
}

/* ---- the gap, a number m * 2^e of units: m has 11 bits, the first of which is not kept, unless
 * the exponent is 0 ---- */

static uint32_t gap_encode(uint64_t ns)
{
    const uint64_t hidden = UINT64_C(1) << MANTISSA_BITS;
    if (in_units(ns, 0) < hidden)
        return (uint32_t)in_units(ns, 0);
    for (unsigned e = 1; e <= EXPONENT_MAX; e++) {
        uint64_t m = in_units(ns, e - 1);
        if (m < 2 * hidden)
            return e << MANTISSA_BITS | (uint32_t)(m - hidden);
    }
    return BITS(GAP_BITS);
}

static uint64_t gap_decode(uint32_t gap)
{
    uint64_t m = gap & BITS(MANTISSA_BITS);
    unsigned e = gap >> MANTISSA_BITS;
    if (e > 0)
        m = (m | UINT64_C(1) << MANTISSA_BITS) << (e - 1);
    return m * UNIT_NS;
}

/* ---- attempts ---- */

unsigned visit_num_attempts(const struct visit *v)
{
    unsigned n = 0;
    while (n < VISIT_ATTEMPTS_MAX && v->attempts[n] != 0)
        n++;
    return n;
}

bool visit_add_attempt(struct visit *v, uint8_t stage, uint8_t cause, uint16_t smtp_code,
                       uint64_t start_ns)
{
    assert(stage != STAGE_NONE && stage < NUM_STAGES && cause < NUM_CAUSES &&
           smtp_code < 1 << CODE_BITS);
    unsigned n = visit_num_attempts(v);
    if (n == VISIT_ATTEMPTS_MAX)
        return false;
    v->attempts[n] =
        (uint32_t)stage << STAGE_AT | (uint32_t)cause << CAUSE_AT | (uint32_t)smtp_code << CODE_AT;
    v->attempt_start_ns = start_ns;
    return true;
}

void visit_set_gap(struct visit *v, uint64_t gap_ns)
{
    unsigned n = visit_num_attempts(v);
    if (n > 0)
        v->attempts[n - 1] = (v->attempts[n - 1] & ~BITS(GAP_BITS)) | gap_encode(gap_ns);
}

void visit_attempt(const struct visit *v, unsigned i, struct visit_attempt *out)
{
    uint32_t packed = v->attempts[i];
    *out = (struct visit_attempt){
        .stage = (uint8_t)(packed >> STAGE_AT),
        .cause = (uint8_t)(packed >> CAUSE_AT & BITS(CAUSE_BITS)),
        .smtp_code = (uint16_t)(packed >> CODE_AT & BITS(CODE_BITS)),
        .gap_ns = gap_decode(packed & BITS(GAP_BITS)),
    };
}

/* ---- parked ---- */

void visit_pack(struct visit_parked *out, const struct visit *v)
{
    assert((v->ref & ~(VISIT_REF_TAG | VISIT_REF_MAX)) == 0);
    unsigned n = visit_num_attempts(v);
    out->ref = v->ref;
    for (unsigned i = 0; i < VISIT_ATTEMPTS_MAX; i++)
        out->attempts[i] = v->attempts[i];
    if (n == 0)
        return;
    uint64_t stamp = in_units(v->attempt_start_ns, 0) & BITS(STAMP_BITS);
    out->ref |= stamp >> GAP_BITS << REF_AT;
    out->attempts[n - 1] =
        (out->attempts[n - 1] & ~BITS(GAP_BITS)) | (uint32_t)(stamp & BITS(GAP_BITS));
}

void visit_unpack(struct visit *out, const struct visit_parked *p, uint64_t now_ns)
{
    *out = (struct visit){.ref = p->ref & (VISIT_REF_TAG | VISIT_REF_MAX)};
    for (unsigned i = 0; i < VISIT_ATTEMPTS_MAX; i++)
        out->attempts[i] = p->attempts[i];
    unsigned n = visit_num_attempts(out);
    if (n == 0)
        return;
    uint64_t stamp = (p->ref >> REF_AT & BITS(REF_SPARE_BITS)) << GAP_BITS |
                     (p->attempts[n - 1] & BITS(GAP_BITS));
    uint64_t now = in_units(now_ns, 0), age = (now - stamp) & BITS(STAMP_BITS);
    if (age > BITS(STAMP_BITS) - AHEAD_MAX)
        age = 0;
    out->attempts[n - 1] &= ~BITS(GAP_BITS);
    out->attempt_start_ns = (now - age) * UNIT_NS;
}
