#include <stdio.h>

#include "core/json.h"
#include "core/times.h"
#include "scanner/finding.h"

enum { DAY_S = 86400, SOON_DAYS = 7, MONTH_DAYS = 21, NAME_TEXT_MAX = 120 };

/* ---- the chain ---- */

/* what a flag weighs, and the outcomes that say the same (0: none) */
enum weight { WEIGHT_NOTE, WEIGHT_WRONG };
static const struct {
    uint8_t weight, outcome;
} flags[NUM_CHAIN_FLAGS] = {
    [CHAIN_FLAG_BIT_LEAF_EXPIRED] = {WEIGHT_WRONG, CHAIN_EXPIRED},
    [CHAIN_FLAG_BIT_LEAF_NOT_YET_VALID] = {WEIGHT_WRONG, CHAIN_NOT_YET_VALID},
    [CHAIN_FLAG_BIT_OTHER_EXPIRED] = {WEIGHT_WRONG, CHAIN_EXPIRED},
    [CHAIN_FLAG_BIT_OTHER_NOT_YET_VALID] = {WEIGHT_WRONG, CHAIN_NOT_YET_VALID},
    [CHAIN_FLAG_BIT_BAD_VALIDITY] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_SELF_SIGNED_LEAF] = {WEIGHT_WRONG, CHAIN_SELF_SIGNED},
    [CHAIN_FLAG_BIT_INCOMPLETE] = {WEIGHT_WRONG, CHAIN_INCOMPLETE},
    [CHAIN_FLAG_BIT_COMPLETABLE] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_UNTRUSTED_ROOT] = {WEIGHT_WRONG, CHAIN_UNTRUSTED_ROOT},
    [CHAIN_FLAG_BIT_BAD_SIGNATURE] = {WEIGHT_WRONG, CHAIN_BAD_SIGNATURE},
    [CHAIN_FLAG_BIT_UNSUPPORTED] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_NAME_CONSTRAINTS] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_PATH_LENGTH] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_NOT_A_CA] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_EKU] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_KEY_USAGE] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_CRITICAL_EXTENSION] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_BAD_EXTENSION] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_PATH_TOO_LONG] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_OLD_VERSION] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_WEAK_KEY] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_WEAK_SIGNATURE] = {WEIGHT_WRONG, 0},
    [CHAIN_FLAG_BIT_LEAF_IS_CA] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_NO_SAN] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_ORDER_WRONG] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_ROOT_INCLUDED] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_DUPLICATE] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_SURPLUS] = {WEIGHT_NOTE, 0},
    [CHAIN_FLAG_BIT_UNPARSABLE] = {WEIGHT_WRONG, CHAIN_UNPARSABLE},
    [CHAIN_FLAG_BIT_CUT] = {WEIGHT_NOTE, 0},
};

bool finding_flag_is_wrong(unsigned bit)
{
    return bit < NUM_CHAIN_FLAGS && flags[bit].weight == WEIGHT_WRONG;
}

static void add_chain(struct findings *f, enum verdict what, const struct chain_words *words,
                      const char *detail)
{
    findings_add(f, what, "%s", detail);
    for (size_t i = 0; i < f->num; i++) /* the one that was just added has no words yet */
        if (f->list[i].what == what && f->list[i].chain == NULL)
            f->list[i].chain = words;
}

/* "certificate 2 of 3, CN=Sample CA": the first that has the flag; positions count from 1 */
static void place_of(char *out, size_t out_len, const struct judged *judged, int at)
{
    char cn[NAME_TEXT_MAX] = "";
    out[0] = '\0';
    if (at < 0 || (size_t)at >= judged->num_sent)
        return;
    struct bytes name = judged->sent[at].facts.subject_cn;
    if (name.len > 0)
        text_for_terminal(cn, sizeof cn, name);
    snprintf(out, out_len, "certificate %d of %zu as sent%s%s", at + 1, judged->num_sent,
             cn[0] != '\0' ? ", CN=" : "", cn);
}

static int first_with(const struct judged *judged, unsigned bit)
{
    for (size_t i = 0; i < judged->num_sent && i < JUDGE_SENT_MAX; i++)
        if ((judged->path.sent_flags[i] >> bit & 1) != 0)
            return (int)i;
    return -1;
}

static void days_of(char out[40], int64_t from_s, int64_t to_s)
{
    int64_t days = (to_s - from_s) / DAY_S;
    snprintf(out, 40, days == 1 ? "%lld day" : "%lld days", (long long)days);
}

/* when it ended, or begins */
static void add_date(char *out, size_t out_len, const struct judged *judged, int at)
{
    char days[40], date[TIME_TEXT_MAX];
    size_t len = strlen(out);
    if (at < 0 || (size_t)at >= judged->num_sent || !judged->sent[at].facts.has_validity)
        return;
    const struct cert_facts *c = &judged->sent[at].facts;
    bool past = c->not_after <= judged->time_s; /* as core/judge.h has it */
    int64_t when_s = past ? c->not_after : c->not_before;
    days_of(days, past ? when_s : judged->time_s, past ? judged->time_s : when_s);
    time_words(date, when_s * 1000000);
    snprintf(out + len, out_len - len,
             past ? "%sexpired %s ago, on %.10s" : "%svalid in %s, on %.10s", len > 0 ? ", " : "",
             days, date);
}

static void of_outcome(struct findings *f, const struct judged *judged)
{
    char detail[FINDING_DETAIL_MAX];
    enum chain_outcome outcome = (enum chain_outcome)judged->verdict.outcome;
    if (outcome == CHAIN_VALID || outcome == CHAIN_OTHER || outcome == CHAIN_NONE)
        return; /* OTHER: its flags say more */
    int at = judged->verdict.fault_at;
    place_of(detail, sizeof detail, judged, at);
    if (outcome == CHAIN_EXPIRED || outcome == CHAIN_NOT_YET_VALID)
        add_date(detail, sizeof detail, judged, at);
    add_chain(f, VERDICT_CHAIN, chain_outcome_words(outcome), detail);
}

static void of_flags(struct findings *f, const struct judged *judged)
{
    char detail[FINDING_DETAIL_MAX];
    for (unsigned bit = 0; bit < NUM_CHAIN_FLAGS; bit++) {
        if ((judged->verdict.flags >> bit & 1) == 0 ||
            (flags[bit].outcome != 0 && flags[bit].outcome == judged->verdict.outcome))
            continue;
        place_of(detail, sizeof detail, judged, first_with(judged, bit));
        add_chain(f, finding_flag_is_wrong(bit) ? VERDICT_CHAIN_FLAG : VERDICT_CHAIN_NOTE,
                  chain_flag_words(bit), detail);
    }
}

/* ---- the leaf's name and end ---- */

static void of_name(struct findings *f, const struct judged *judged)
{
    if (!judged->sent[0].parsed)
        return;
    if (!judged->has_name)
        findings_add(f, VERDICT_NO_NAME, "%s", "");
    else if (judged->match == NAME_MATCH_CN_ONLY)
        findings_add(f, VERDICT_CN_ONLY, "%s", judged->name.host);
    else if (!name_match_ok(judged->match))
        findings_add(f, VERDICT_NAME_MISMATCH, "%s is not among its names", judged->name.host);
}

static void of_end(struct findings *f, const struct judged *judged)
{
    char days[40];
    const struct cert_facts *leaf = &judged->sent[0].facts;
    if (!leaf->has_validity || leaf->not_after <= judged->time_s ||
        leaf->not_before > judged->time_s)
        return;
    int64_t left_s = leaf->not_after - judged->time_s;
    days_of(days, judged->time_s, leaf->not_after);
    if (left_s < (int64_t)SOON_DAYS * DAY_S)
        findings_add(f, VERDICT_EXPIRES_SOON, "%s left", days);
    else if (left_s < (int64_t)MONTH_DAYS * DAY_S &&
             leaf->not_after - leaf->not_before > (int64_t)2 * MONTH_DAYS * DAY_S)
        findings_add(f, VERDICT_EXPIRES_MONTH, "%s left", days);
}

/* ---- the staple ---- */

static void of_staple(struct findings *f, const struct judged *judged)
{
    const struct ocsp_judgement *o = &judged->ocsp;
    switch (o->outcome) {
    case OCSP_GOOD:
    case OCSP_UNVERIFIED: /* no issuer: the chain's finding, not the staple's */
    case NUM_OCSP_OUTCOMES: break;
    case OCSP_ABSENT:
        if (judged->sent[0].facts.must_staple)
            findings_add(f, VERDICT_STAPLE_MISSING, "%s", "");
        break;
    case OCSP_REVOKED: {
        const char *reason = ocsp_reason_name(o->reason);
        findings_add(f, VERDICT_REVOKED, "%s%s", reason != NULL ? "reason: " : "",
                     reason != NULL ? reason : "");
        break;
    }
    case OCSP_UNPARSABLE:
    case OCSP_ERROR_STATUS:
    case OCSP_OTHER_CERT:
    case OCSP_BAD_SIGNATURE:
    case OCSP_STALE:
    case OCSP_NOT_YET:
    case OCSP_UNKNOWN:
        findings_add(f, VERDICT_STAPLE_BAD, "%s", ocsp_outcome_text(o->outcome));
        break;
    }
}

void findings_of_certificates(struct findings *f, const struct judged *judged)
{
    of_outcome(f, judged);
    of_flags(f, judged);
    of_name(f, judged);
    of_end(f, judged);
    of_staple(f, judged);
}
