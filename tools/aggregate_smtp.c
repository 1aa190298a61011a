#include "tools/aggregate_private.h"

static enum rejected rejected_of(const struct visit *v)
{
    if (v->greeting_code != 220 && v->greeting_code != 0)
        return v->greeting_code / 100 == 4   ? REJECTED_GREETING_4XX
               : v->greeting_code / 100 == 5 ? REJECTED_GREETING_5XX
                                             : REJECTED_GREETING_OTHER;
    if (!phase_over(v->r, STAGE_EHLO, TIMING_EHLO) || v->ehlo_code == 0)
        return REJECTED_UNKNOWN;
    return v->ehlo_code == 250       ? REJECTED_NOT
           : v->ehlo_code / 100 == 4 ? REJECTED_EHLO_4XX
           : v->ehlo_code / 100 == 5 ? REJECTED_EHLO_5XX
                                     : REJECTED_EHLO_OTHER;
}

/* the names by which the target may be asked for */
static void take_names(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    const struct name_question *greeting = name_of(add, r->text_id[TEXT_GREETING]);
    const struct name_question *ehlo = name_of(add, r->text_id[TEXT_EHLO]);
    struct name_ref ref;
    if (r->host.len > 0 && name_ref_host(&ref, r->host))
        name_question_of(&v->names[IDENTITY_HOST], &ref);
    if (v->greeting_code == 220 && greeting != NULL)
        v->names[IDENTITY_GREETING] = *greeting;
    if (v->ehlo_code == 250 && ehlo != NULL)
        v->names[IDENTITY_EHLO] = *ehlo;
}

/* ---- G220 ---- */

static enum helo helo_of(struct adding *add, const struct visit *v)
{
    if (v->ehlo_code == 0 || !phase_over(v->r, STAGE_EHLO, TIMING_EHLO))
        return HELO_UNKNOWN;
    if (v->ehlo_code == 250)
        return HELO_NOT_NEEDED;
    uint16_t code = code_of(add, v->r->text_id[TEXT_HELO]);
    return code == 0 ? HELO_NO_ANSWER : code == 250 ? HELO_ACCEPTED : HELO_REFUSED;
}

/* the software by greeting and reply to EHLO */
static uint32_t mta_of(struct adding *add, const struct visit *v)
{
    const struct rules *rules = add->a->setup.mta;
    struct bytes texts[NUM_RULE_FIELDS] = {
        [RULE_GREETING] = v->r->text[TEXT_GREETING], [RULE_EHLO] = v->r->text[TEXT_EHLO]};
    struct rule_match match;
    return rules != NULL && rules_recall(rules, add->a->scratch->mta, &match, texts)
               ? match.name + 1
               : 0;
}

static void add_g220(struct adding *add, struct visit *v, const struct text_facts *greeting)
{
    enter(add, v, FUNNEL_G220);
    if ((add->needs & NEED_MTA) != 0)
        v->mta = mta_of(add, v);
    count(add, v, TALLY_MTA, v->mta);
    count(add, v, TALLY_GREETING_NAME, greeting != NULL ? greeting->greeting_name : 0);
    count(add, v, TALLY_HELO, helo_of(add, v));
}

/* ---- G ---- */

/* the reply that refuses, by the same order as rejected_of */
static void add_refusal(struct adding *add, struct visit *v, enum rejected rejected)
{
    if (rejected == REJECTED_UNKNOWN || rejected == REJECTED_NOT)
        return;
    bool greeting = v->greeting_code != 220 && v->greeting_code != 0;
    const struct text_facts *facts =
        refusal_of(add, v->r->text_id[greeting ? TEXT_GREETING : TEXT_EHLO]);
    count(add, v, TALLY_REFUSAL, facts != NULL ? facts->refusal : 0);
}

static enum throttled throttled_of(struct adding *add, const struct visit *v)
{
    unsigned starttls = code_of(add, v->r->text_id[TEXT_STARTTLS]);
    if (v->greeting_code / 100 == 4)
        return v->greeting_code == 421 ? THROTTLED_GREETING_421 : THROTTLED_GREETING_4XX;
    if (v->ehlo_code / 100 == 4)
        return v->ehlo_code == 421 ? THROTTLED_EHLO_421 : THROTTLED_EHLO_4XX;
    return starttls / 100 == 4 ? THROTTLED_STARTTLS_4XX : THROTTLED_NOT;
}

/* whether a reply took over 30 s; not known where one was waited for in vain, for less than that */
static enum answer tarpit_of(const struct record *r)
{
    static const enum timing replies[] = {TIMING_GREETING, TIMING_EHLO, TIMING_STARTTLS,
                                          TIMING_EHLO_TLS};
    enum { SLOW_US = 30000000 };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        if (r->timing_us[replies[i]] != TIMING_ABSENT && r->timing_us[replies[i]] > SLOW_US)
            return ANSWER_YES;
    return r->cause == CAUSE_TIMEOUT ? ANSWER_UNKNOWN : ANSWER_NO;
}

static unsigned greet_delay_of(const struct record *r)
{
    static const uint32_t ends_ms[] = {100,  500,  1000,  2000,  3000,  4000,  5000,  6000,  7000,
                                       8000, 9000, 10000, 15000, 20000, 25000, 30000, 45000, 60000};
    uint32_t us = r->timing_us[TIMING_GREETING];
    unsigned delay = 0;
    if (us == TIMING_ABSENT)
        return 0;
    while (delay < sizeof ends_ms / sizeof ends_ms[0] && us > ends_ms[delay] * 1000)
        delay++;
    return delay + 1;
}

static void add_anomalies(struct adding *add, struct visit *v, uint32_t found)
{
    if (found != 0)
        count(add, v, TALLY_ANOMALY, NUM_ANOMALIES);
    for (unsigned i = 0; found >> i != 0; i++)
        if (found >> i & 1)
            count(add, v, TALLY_ANOMALY, i);
}

/* what shares by AS are of */
static void add_as(struct adding *add, struct visit *v, bool marked)
{
    if (add->a->setup.select.geo == NULL)
        return;
    count(add, v, TALLY_AS_E, v->joined->place.as_number);
    if (marked)
        count(add, v, TALLY_AS_MARKED, v->joined->place.as_number);
}

/* what texts and octets of the session are as no mail server would say it */
static uint32_t anomalies_found(struct adding *add, const struct visit *v,
                                const struct text_facts *greeting, const struct text_facts *ehlo)
{
    const struct record *r = v->r;
    const struct text_facts *inside = ehlo_of(add, r->text_id[TEXT_EHLO_TLS]);
    uint32_t found =
        (greeting != NULL ? greeting->anomalies : 0) | (ehlo != NULL ? ehlo->anomalies : 0);
    if (inside != NULL && inside->class != EHLO_NONE && add->a->ehlo.facts[inside->class].starttls)
        found |= 1U << ANOMALY_STARTTLS_AGAIN;
    if (r->stage < STAGE_STARTTLS && r->early_len == 0)
        return found;
    struct record rest = *r; /* what is told by no text, or by the answer to STARTTLS */
    rest.text[TEXT_GREETING] = rest.text[TEXT_EHLO] = rest.text[TEXT_EHLO_TLS] = bytes_of(NULL, 0);
    bool usual = r->stage > STAGE_HANDSHAKE && r->early_len == 0 && r->not_tls_len == 0;
    return usual ? found : found | anomalies_of(&rest);
}

static void add_ehlo(struct adding *add, struct visit *v, const struct text_facts *ehlo)
{
    enter(add, v, FUNNEL_E);
    v->ehlo_class = ehlo->class;
    count(add, v, TALLY_EHLO, ehlo->class);
    v->offered = add->a->ehlo.facts[ehlo->class].starttls ? ANSWER_YES : ANSWER_NO;
    if (v->offered == ANSWER_YES)
        enter(add, v, FUNNEL_S);
}

static void add_starttls(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    if ((v->sets >> FUNNEL_Q & 1) == 0)
        return;
    uint64_t code = code_of(add, r->text_id[TEXT_STARTTLS]);
    bool whole = phase_over(r, STAGE_STARTTLS, TIMING_STARTTLS);
    count(add, v, TALLY_STARTTLS_REPLY, whole ? code : UINT64_C(1) << 16 | r->cause);
    count(add, v, TALLY_OFFERED_REPLY, (uint64_t)v->offered << 1 | v->replied);
    if (v->replied)
        add_tls(add, v);
}

/* what was said before STARTTLS */
static void add_dialogue(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    const struct text_facts *greeting = greeting_of(add, r->text_id[TEXT_GREETING]);
    const struct text_facts *ehlo = ehlo_of(add, r->text_id[TEXT_EHLO]);
    v->greeting_code = greeting != NULL ? greeting->code : 0;
    v->ehlo_code = ehlo != NULL ? ehlo->code : 0;
    v->domain = greeting != NULL ? greeting->domain : 0;
    tally_near(&add->a->tally[TALLY_DOMAIN], v->domain);
    enum rejected rejected = rejected_of(v);
    enter(add, v, FUNNEL_G);
    count(add, v, TALLY_GREETING_CODE, v->greeting_code);
    count(add, v, TALLY_ENHANCED, greeting != NULL ? greeting->enhanced : 0);
    count(add, v, TALLY_REJECTED, rejected);
    count(add, v, TALLY_THROTTLED, throttled_of(add, v));
    count(add, v, TALLY_TARPIT, tarpit_of(r));
    count(add, v, TALLY_GREET_DELAY, greet_delay_of(r));
    if ((add->needs & NEED_REFUSALS) != 0)
        add_refusal(add, v, rejected);
    if (v->greeting_code == 220)
        add_g220(add, v, greeting);
    if (v->ehlo_code == 250 && ehlo->class != EHLO_NONE && phase_over(r, STAGE_EHLO, TIMING_EHLO))
        add_ehlo(add, v, ehlo);
    uint32_t anomalies = anomalies_found(add, v, greeting, ehlo);
    add_anomalies(add, v, anomalies);
    if (v->sets >> FUNNEL_E & 1)
        add_as(add, v, anomalies != 0);
    if ((add->needs & NEED_NAMES) != 0 && v->replied && r->handshake_done)
        take_names(add, v);
}

void add_greeted(struct adding *add, struct visit *v)
{
    if ((add->needs & NEED_DIALOGUE) != 0)
        add_dialogue(add, v);
    add_starttls(add, v);
    if (v->offered == ANSWER_YES)
        count(add, v, TALLY_TRUSTED_S, v->trusted);
}
