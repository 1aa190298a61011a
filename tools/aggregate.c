#include "tools/aggregate.h"

#include <errno.h>
#include <stdlib.h>

#include "core/names.h"
#include "tools/extensions.h"
#include "tools/times.h"

enum { SECOND_BITS = 33, S_PER_DAY = 86400 }; /* SECOND_BITS: until the year 2242 */

/* what a block's tables say, resolved when a record first asks */
struct text_facts {
    bool read;
    uint16_t code;
    enum answer starttls;
    uint64_t ehlo, ehlo_tls; /* targets of E and E2 with this text */
};

struct chain_facts {
    bool read;
    uint32_t leaf; /* of the certificate table */
    uint32_t length;
};

struct block_scratch {
    struct text_facts *texts;
    struct chain_facts *chains;
    size_t texts_cap, chains_cap;
    struct extensions keywords;
};

struct adding {
    struct aggregate *a;
    const struct dataset_header *header;
    const struct block *block;
};

/* what is asked of a target more than once */
struct visit {
    const struct record *r;
    uint64_t weight;
    int64_t start_s;
    uint16_t greeting_code, ehlo_code;
    enum answer offered;
    bool replied; /* R */
};

struct aggregate *aggregate_new(void)
{
    struct aggregate *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->scratch = calloc(1, sizeof *a->scratch);
    if (a->scratch == NULL) {
        free(a);
        return NULL;
    }
    cert_table_init(&a->certs);
    return a;
}

void aggregate_free(struct aggregate *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < NUM_TALLIES; i++)
        tally_cleanup(&a->tally[i]);
    tally_cleanup(&a->expiry_open);
    word_tally_cleanup(&a->ehlo);
    word_tally_cleanup(&a->ehlo_tls);
    cert_table_cleanup(&a->certs);
    free(a->scratch->texts);
    free(a->scratch->chains);
    free(a->scratch);
    free(a);
}

static int state_of(const struct aggregate *a)
{
    bool bad = a->certs.bad || a->ehlo.bad || a->ehlo_tls.bad || a->expiry_open.bad;
    for (size_t i = 0; i < NUM_TALLIES; i++)
        bad |= a->tally[i].bad;
    return bad ? -ENOMEM : 0;
}

uint64_t shard_positions(const struct dataset_header *header)
{
    if (header->streamed)
        return 0;
    uint64_t count = dataset_num_positions(header);
    return count / header->num_shards + (header->shard < count % header->num_shards);
}

void aggregate_add_file(struct aggregate *a, const struct dataset_header *header)
{
    a->positions_given += shard_positions(header);
}

/* ---- tables of a block ---- */

/* returns an array of num zeroed items in place of one of *cap; NULL without memory, or for none */
static void *cleared(void *array, size_t *cap, size_t num, size_t size)
{
    if (num > *cap) {
        free(array);
        array = calloc(num, size);
        *cap = array != NULL ? num : 0;
    } else if (num > 0) {
        memset(array, 0, num * size);
    }
    return array;
}

static bool clear(struct block_scratch *s, const struct block *block)
{
    size_t num_texts = block_num_texts(block), num_chains = block_num_chains(block);
    s->texts = cleared(s->texts, &s->texts_cap, num_texts, sizeof s->texts[0]);
    s->chains = cleared(s->chains, &s->chains_cap, num_chains, sizeof s->chains[0]);
    return s->texts_cap >= num_texts && s->chains_cap >= num_chains;
}

static struct text_facts *text_of(struct adding *add, uint32_t id)
{
    if (id == UINT32_MAX)
        return NULL;
    struct text_facts *facts = &add->a->scratch->texts[id];
    if (facts->read)
        return facts;
    facts->read = true;
    facts->code = reply_code(block_text(add->block, id));
    return facts;
}

/* tells whether the reply to EHLO of that text offers STARTTLS */
static enum answer offered_by(struct adding *add, struct text_facts *facts, uint32_t id)
{
    if (facts->starttls == ANSWER_UNKNOWN) {
        struct extensions *k = &add->a->scratch->keywords;
        extensions_read(k, block_text(add->block, id));
        facts->starttls = extensions_offer(k, "STARTTLS") ? ANSWER_YES : ANSWER_NO;
    }
    return facts->starttls;
}

static uint16_t code_of(struct adding *add, uint32_t text_id)
{
    const struct text_facts *facts = text_of(add, text_id);
    return facts != NULL ? facts->code : 0;
}

static const struct chain_facts *chain_of(struct adding *add, const struct record *r)
{
    if (r->chain_id == UINT32_MAX)
        return NULL;
    struct chain_facts *facts = &add->a->scratch->chains[r->chain_id];
    if (facts->read)
        return facts;
    uint16_t num;
    bool cut;
    const uint8_t(*chain)[32] = block_chain(add->block, r->chain_id, &num, &cut);
    facts->read = true;
    facts->length = cut ? CHAIN_CUT : num;
    facts->leaf = num > 0 ? cert_table_find(&add->a->certs, chain[0]) : CERT_NONE;
    return facts;
}

static void count_keywords(struct word_tally *words, const struct extensions *k, uint64_t targets)
{
    for (size_t i = 0; targets > 0 && i < k->num; i++)
        word_tally_add(words, bytes_of(k->list[i].text, k->list[i].len), targets);
}

/* adds what the texts offer, once for each text and not for each target */
static void add_keywords(struct adding *add)
{
    struct block_scratch *s = add->a->scratch;
    size_t num = block_num_texts(add->block);
    for (size_t i = 0; i < num; i++) {
        const struct text_facts *facts = &s->texts[i];
        if (facts->ehlo == 0 && facts->ehlo_tls == 0)
            continue;
        extensions_read(&s->keywords, block_text(add->block, i));
        count_keywords(&add->a->ehlo, &s->keywords, facts->ehlo);
        count_keywords(&add->a->ehlo_tls, &s->keywords, facts->ehlo_tls);
    }
}

/* ---- one target ---- */

static void count(struct adding *add, const struct visit *v, enum aggregate_tally which,
                  uint64_t key)
{
    tally_add(&add->a->tally[which], key, v->weight);
}

static void enter(struct adding *add, const struct visit *v, enum funnel set)
{
    add->a->funnel[set] += v->weight;
}

/* a phase is over when its reply, whatever it said, was whole */
static bool phase_over(const struct record *r, enum stage stage, enum timing timing)
{
    return r->stage > stage || r->timing_us[timing] != TIMING_ABSENT;
}

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

/* the last alert of the peer's, or of ours, that is no close_notify; 0 if there is none */
static uint8_t last_alert(const struct record *r, bool sent)
{
    uint8_t number = 0;
    for (size_t i = 0; i < r->num_alerts; i++)
        if (r->alerts[i].sent == sent && r->alerts[i].number != 0)
            number = r->alerts[i].number;
    return number;
}

static uint64_t handshake_key(const struct record *r)
{
    if (r->handshake_done)
        return (uint64_t)CAUSE_OK << 8;
    bool alert = r->cause == CAUSE_ALERT_RECEIVED || r->cause == CAUSE_ALERT_SENT;
    return (uint64_t)r->cause << 8 | (alert ? last_alert(r, r->cause == CAUSE_ALERT_SENT) : 0);
}

static bool is_rsa_exchange(const struct record *r)
{
    const char *suite = tls_suite_name(r->suite);
    return r->version < 0x0304 && suite != NULL && strncmp(suite, "TLS_RSA_", 8) == 0;
}

enum expiry expiry_at(const struct cert_entry *cert, int64_t now_s)
{
    static const struct {
        int days;
        enum expiry bin;
    } bins[] = {{7, EXPIRY_7}, {14, EXPIRY_14}, {30, EXPIRY_30}, {90, EXPIRY_90}};
    if (cert->state != CERT_PARSED || !cert->has_validity)
        return EXPIRY_UNKNOWN;
    if (now_s > cert->not_after)
        return EXPIRY_PAST;
    if (now_s < cert->not_before)
        return EXPIRY_NOT_YET;
    for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++)
        if (cert->not_after - bins[i].days * (int64_t)S_PER_DAY <= now_s)
            return bins[i].bin;
    return EXPIRY_MORE;
}

static uint64_t open_key(uint64_t leaf, int64_t start_s)
{
    return leaf << SECOND_BITS | (uint64_t)start_s;
}

struct open_expiry open_expiry(uint64_t key)
{
    return (struct open_expiry){
        .leaf = (uint32_t)(key >> SECOND_BITS),
        .start_s = (int64_t)(key & ((UINT64_C(1) << SECOND_BITS) - 1)),
    };
}

static void add_leaf(struct adding *add, const struct visit *v)
{
    const struct chain_facts *chain = chain_of(add, v->r);
    bool done = v->replied && v->r->handshake_done;
    if (done)
        count(add, v, TALLY_CHAIN_LENGTH, chain != NULL ? chain->length : 0);
    if (chain == NULL || chain->leaf == CERT_NONE) {
        add->a->no_leaf += done ? v->weight : 0;
        return;
    }
    struct cert_entry *leaf = &add->a->certs.entries[chain->leaf];
    *(done ? &leaf->targets : &leaf->targets_failed) += v->weight;
    if (!done)
        return;
    if (leaf->state == CERT_PARSED)
        count(add, v, TALLY_EXPIRY, expiry_at(leaf, v->start_s));
    else if (leaf->state == CERT_UNSEEN)
        tally_add(&add->a->expiry_open, open_key(chain->leaf, v->start_s), v->weight);
}

static void add_tls(struct adding *add, const struct visit *v)
{
    const struct record *r = v->r;
    count(add, v, TALLY_HANDSHAKE, handshake_key(r));
    add_leaf(add, v);
    if (!r->handshake_done)
        return;
    enter(add, v, FUNNEL_H);
    bool rsa = (r->group == 0 || r->sigscheme == 0) && is_rsa_exchange(r);
    bool old = r->version != 0 && r->version < 0x0303;
    count(add, v, TALLY_VERSION, r->version);
    count(add, v, TALLY_SUITE, r->suite);
    count(add, v, TALLY_GROUP, r->group != 0 ? r->group : rsa ? GROUP_RSA : 0);
    count(add, v, TALLY_SIGSCHEME,
          r->sigscheme != 0 ? r->sigscheme
          : rsa             ? GROUP_RSA
          : old             ? SIGSCHEME_OLD
                            : 0);
    struct text_facts *inside = text_of(add, r->text_id[TEXT_EHLO_TLS]);
    if (r->stage == STAGE_DONE && inside != NULL && inside->code == 250) {
        enter(add, v, FUNNEL_E2);
        inside->ehlo_tls += v->weight;
    }
}

static void add_starttls(struct adding *add, const struct visit *v)
{
    const struct record *r = v->r;
    if (r->stage < STAGE_STARTTLS || (r->stage == STAGE_STARTTLS && r->cause == CAUSE_NOT_OFFERED))
        return;
    enter(add, v, FUNNEL_Q);
    uint64_t code = code_of(add, r->text_id[TEXT_STARTTLS]);
    bool whole = phase_over(r, STAGE_STARTTLS, TIMING_STARTTLS);
    count(add, v, TALLY_STARTTLS_REPLY, whole ? code : UINT64_C(1) << 16 | r->cause);
    count(add, v, TALLY_OFFERED_REPLY, (uint64_t)v->offered << 1 | v->replied);
    if (v->replied) {
        enter(add, v, FUNNEL_R);
        add_tls(add, v);
    }
}

static void add_greeted(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    enter(add, v, FUNNEL_G);
    v->greeting_code = code_of(add, r->text_id[TEXT_GREETING]);
    count(add, v, TALLY_GREETING_CODE, v->greeting_code);
    if (v->greeting_code == 220)
        enter(add, v, FUNNEL_G220);

    struct text_facts *ehlo = text_of(add, r->text_id[TEXT_EHLO]);
    v->ehlo_code = ehlo != NULL ? ehlo->code : 0;
    if (v->ehlo_code == 250 && phase_over(r, STAGE_EHLO, TIMING_EHLO)) {
        enter(add, v, FUNNEL_E);
        ehlo->ehlo += v->weight;
        v->offered = offered_by(add, ehlo, r->text_id[TEXT_EHLO]);
        if (v->offered == ANSWER_YES)
            enter(add, v, FUNNEL_S);
    }
    count(add, v, TALLY_REJECTED, rejected_of(v));
    add_starttls(add, v);
}

static void add_connected(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    bool known = r->cause == CAUSE_REJECTED || r->cause == CAUSE_THROTTLED; /* counted only */
    bool greeted = known || phase_over(r, STAGE_GREETING, TIMING_GREETING);
    enter(add, v, FUNNEL_T);
    count(add, v, TALLY_GREETED, greeted ? CAUSE_OK : r->cause);
    if (greeted)
        add_greeted(add, v);
}

static void add_timings(struct adding *add, const struct record *r)
{
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        if (r->timing_us[i] != TIMING_ABSENT)
            histogram_add(&add->a->latency[i], r->timing_us[i]);
}

bool was_probed(unsigned cause)
{
    return cause != CAUSE_BLOCKED && cause_has_addr(cause);
}

static void add_visit(struct adding *add, const struct record *r, uint64_t weight)
{
    int64_t start_us = time_after(add->header->start_us, r->start_us);
    int64_t last_s = (INT64_C(1) << SECOND_BITS) - 1, start_s = start_us / 1000000;
    struct visit v = {
        .r = r,
        .weight = weight,
        .start_s = start_s < 0        ? 0
                   : start_s > last_s ? last_s
                                      : start_s,
        .replied = r->stage > STAGE_STARTTLS,
    };
    count(add, &v, TALLY_OUTCOME, (uint64_t)r->stage << 8 | r->cause);
    if (!was_probed(r->cause))
        return;
    enter(add, &v, FUNNEL_P);
    add_timings(add, r);
    if (r->stage > STAGE_CONNECT)
        add_connected(add, &v);
    count(add, &v, TALLY_OFFERED, v.offered);
}

/* ---- blocks ---- */

static void add_unrecorded(struct adding *add)
{
    size_t num;
    const struct block_unrecorded *unrecorded = block_unrecorded(add->block, &num);
    for (size_t i = 0; i < num; i++) {
        struct record r;
        record_init(&r);
        r.stage = unrecorded[i].stage;
        r.cause = unrecorded[i].cause;
        r.handshake_done = r.stage > STAGE_HANDSHAKE;
        add_visit(add, &r, unrecorded[i].count);
    }
}

/* positions done that hold a target; of a stream, nobody knows of more */
static void add_runs(struct adding *add)
{
    size_t num;
    const struct dataset_run *runs = block_runs(add->block, &num);
    uint64_t done = 0;
    for (size_t i = 0; i < num; i++)
        done += runs[i].count;
    done -= block_num_skipped(add->block);
    add->a->positions_done += done;
    if (add->header->streamed)
        add->a->positions_given += done;
}

int aggregate_add_block(struct aggregate *a, const struct dataset_header *header,
                        const struct block *block)
{
    struct adding add = {a, header, block};
    if (!clear(a->scratch, block))
        return -ENOMEM;

    size_t num_certs = block_num_certs(block), num_records = block_num_records(block);
    for (size_t i = 0; i < num_certs; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(block, i, sha256);
        cert_table_learn(&a->certs, sha256, der);
    }
    for (size_t i = 0; i < num_records; i++) {
        struct record r;
        block_record(block, &r, i);
        add_visit(&add, &r, 1);
    }
    add_unrecorded(&add);
    add_runs(&add);
    add_keywords(&add);
    return state_of(a);
}

int aggregate_merge(struct aggregate *into, const struct aggregate *from)
{
    uint32_t *indexes = malloc((from->certs.num + 1) * sizeof indexes[0]);
    if (indexes == NULL)
        return -ENOMEM;
    cert_table_merge(&into->certs, indexes, &from->certs);
    struct tally_row row;
    for (size_t at = 0; !into->certs.bad && tally_next(&from->expiry_open, &at, &row);) {
        struct open_expiry open = open_expiry(row.key);
        tally_add(&into->expiry_open, open_key(indexes[open.leaf], open.start_s), row.count);
    }
    free(indexes);
    for (size_t i = 0; i < NUM_TALLIES; i++)
        tally_merge(&into->tally[i], &from->tally[i]);
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        into->funnel[i] += from->funnel[i];
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        histogram_merge(&into->latency[i], &from->latency[i]);
    word_tally_merge(&into->ehlo, &from->ehlo);
    word_tally_merge(&into->ehlo_tls, &from->ehlo_tls);
    into->positions_given += from->positions_given;
    into->positions_done += from->positions_done;
    into->no_leaf += from->no_leaf;
    into->expiry_open.bad |= from->expiry_open.bad;
    return state_of(into);
}
