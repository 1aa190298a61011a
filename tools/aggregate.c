#include "tools/aggregate_private.h"

#include <errno.h>
#include <stdlib.h>

struct aggregate *aggregate_new(const struct aggregate_setup *setup)
{
    const struct catalog *catalog = setup->catalog;
    struct aggregate *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->setup = *setup;
    a->catalog = catalog;
    ehlo_table_init(&a->ehlo);
    a->leaves = calloc(catalog->certs.num + 1, sizeof a->leaves[0]);
    a->of_span = calloc(catalog->chains.num_spans + 1, sizeof a->of_span[0]);
    a->of_unjudged = calloc(catalog->chains.num + 1, sizeof a->of_unjudged[0]);
    a->scratch = calloc(1, sizeof *a->scratch);
    if (setup->select.geo != NULL)
        a->keys = calloc(catalog->certs.num_keys + 1, sizeof a->keys[0]);
    a->key_pq = calloc(catalog->certs.num_keys + 1, sizeof a->key_pq[0]);
    bool good = a->key_pq != NULL && a->leaves != NULL && a->of_span != NULL &&
                a->of_unjudged != NULL && a->scratch != NULL &&
                (a->keys != NULL || setup->select.geo == NULL);
    if (good && groups_counts_new(a) == 0)
        return a;
    aggregate_free(a);
    return NULL;
}

void aggregate_free(struct aggregate *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < NUM_TALLIES; i++)
        tally_cleanup(&a->tally[i]);
    ehlo_table_cleanup(&a->ehlo);
    groups_counts_free(a);
    free(a->leaves);
    free(a->keys);
    free(a->key_pq);
    network_table_cleanup(&a->networks);
    free(a->of_span);
    free(a->of_unjudged);
    if (a->scratch != NULL) {
        free(a->scratch->texts);
        free(a->scratch->chains);
    }
    free(a->scratch);
    free(a);
}

static int state_of(const struct aggregate *a)
{
    bool bad = a->ehlo.bad || a->networks.bad;
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

/* ---- one target ---- */

static void add_connected(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    bool known = r->cause == CAUSE_REJECTED || r->cause == CAUSE_THROTTLED; /* counted only */
    bool greeted = known || phase_over(r, STAGE_GREETING, TIMING_GREETING);
    enter(add, v, FUNNEL_T);
    count(add, v, TALLY_GREETED, greeted ? CAUSE_OK : r->cause);
    count(add, v, TALLY_NOT_SMTP, not_smtp_of(r, greeted));
    if (greeted)
        add_greeted(add, v);
}

/* ---- attempts ---- */

static enum greylisted greylisted_of(const struct record *r, const struct attempt *first)
{
    bool asked = first->smtp_code / 100 == 4;
    if (!asked)
        return GREYLISTED_OTHER;
    if (r->cause == CAUSE_THROTTLED || r->smtp_code / 100 == 4)
        return GREYLISTED_STILL;
    return r->stage > first->stage ? GREYLISTED_THEN_ACCEPTED : GREYLISTED_THEN_FAILED;
}

static void add_attempts(struct adding *add, struct visit *v)
{
    const struct record *r = v->r;
    uint64_t last = (uint64_t)r->stage << 8 | r->cause;
    if (r->num_attempts == 0) {
        count(add, v, TALLY_FIRST, last);
        return;
    }
    const struct attempt *first = &r->attempts[0];
    uint64_t outcome = (uint64_t)first->stage << 8 | first->cause;
    count(add, v, TALLY_FIRST, outcome);
    count(add, v, TALLY_RETRY, outcome << 16 | last);
    count(add, v, TALLY_GREYLISTED, greylisted_of(r, first));
}

static void add_timings(struct adding *add, struct visit *v)
{
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        if (v->r->timing_us[i] != TIMING_ABSENT)
            histogram_add(&add->a->latency[i], v->r->timing_us[i], v->weight);
}

bool was_probed(unsigned cause)
{
    return cause != CAUSE_BLOCKED && cause_has_addr(cause);
}

static void add_probed(struct adding *add, struct visit *v)
{
    enter(add, v, FUNNEL_P);
    add_timings(add, v);
    add_attempts(add, v);
    if (v->r->stage > STAGE_CONNECT)
        add_connected(add, v);
    count(add, v, TALLY_OFFERED, v->offered);
}

static void add_visit(struct adding *add, const struct record *r, const struct joined *joined)
{
    struct visit v; /* not zeroed as a whole: cells are many, and count by num_cells */
    v.r = r;
    v.joined = joined;
    v.weight = joined->weight;
    v.start_s = session_start_s(add->header, r);
    v.greeting_code = v.ehlo_code = 0;
    v.ehlo_class = EHLO_NONE;
    v.mta = 0;
    v.domain = 0;
    v.offered = ANSWER_UNKNOWN;
    v.replied = r->stage > STAGE_STARTTLS;
    memset(v.names, 0, sizeof v.names);
    v.trusted = TRUSTED_NO_TLS;
    v.grouped = add->a->setup.groups != NULL;
    v.sets = 0;
    v.num_cells = 0;
    count(add, &v, TALLY_OUTCOME, (uint64_t)r->stage << 8 | r->cause);
    if (!was_probed(r->cause))
        return;
    add_probed(add, &v);
    if (v.grouped)
        groups_count(add, &v);
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
        add_visit(add, &r, &(struct joined){.weight = unrecorded[i].count});
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
    if (!texts_clear(a->scratch, block))
        return -ENOMEM;

    audits_begin(&add);
    resolve_chains(&add);
    size_t num_records = block_num_records(block);
    for (size_t i = 0; i < num_records; i++) {
        struct record r;
        struct joined joined;
        block_record(block, &r, i);
        join(&joined, &a->setup.select, header, &r);
        if (joined.weight > 0)
            add_visit(&add, &r, &joined);
    }
    /* nothing is known of them but how they ended: no filter selects, no file weighs them */
    if (a->setup.select.where == NULL && a->setup.select.weights == NULL)
        add_unrecorded(&add);
    add_runs(&add);
    audits_end(&add);
    return state_of(a);
}

bool ehlo_renumber(uint64_t *key, uint64_t which, const uint32_t *classes)
{
    uint64_t inside = *key & ((1 << EHLO_CLASS_BITS) - 1);
    if (which != TALLY_EHLO && which != TALLY_EHLO_TLS && which != TALLY_EHLO_PAIR)
        return false;
    *key = which == TALLY_EHLO_PAIR
               ? (uint64_t)classes[*key >> EHLO_CLASS_BITS] << EHLO_CLASS_BITS | classes[inside]
               : classes[*key];
    return true;
}

static void merge_ehlo_tally(struct aggregate *into, const struct aggregate *from,
                             enum aggregate_tally which, const uint32_t *classes)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&from->tally[which], &at, &row);) {
        ehlo_renumber(&row.key, which, classes);
        tally_add(&into->tally[which], row.key, row.count);
    }
    into->tally[which].bad |= from->tally[which].bad;
}

/* replies to EHLO have numbers of their own in each part */
static int merge_ehlo(struct aggregate *into, const struct aggregate *from)
{
    uint32_t *classes = malloc((from->ehlo.classes.num + 1) * sizeof classes[0]);
    if (classes == NULL)
        return -ENOMEM;
    ehlo_table_merge(&into->ehlo, classes, &from->ehlo);
    if (!into->ehlo.bad) {
        merge_ehlo_tally(into, from, TALLY_EHLO, classes);
        merge_ehlo_tally(into, from, TALLY_EHLO_TLS, classes);
        merge_ehlo_tally(into, from, TALLY_EHLO_PAIR, classes);
        groups_counts_merge(into, from, classes);
    }
    free(classes);
    return 0;
}

static void add_array(uint64_t *into, const uint64_t *from, size_t num)
{
    for (size_t i = 0; i < num; i++)
        into[i] += from[i];
}

int aggregate_merge(struct aggregate *into, const struct aggregate *from)
{
    for (size_t i = 0; i < into->catalog->chains.num_spans; i++)
        into->of_span[i] += from->of_span[i];
    for (size_t i = 0; i < into->catalog->chains.num; i++)
        into->of_unjudged[i] += from->of_unjudged[i];
    for (size_t i = 0; i < into->catalog->certs.num; i++) {
        into->leaves[i].done += from->leaves[i].done;
        into->leaves[i].failed += from->leaves[i].failed;
        into->leaves[i].trusted += from->leaves[i].trusted;
    }
    for (size_t i = 0; i < into->catalog->certs.num_keys; i++)
        into->key_pq[i] |= from->key_pq[i];
    network_table_merge(&into->networks, &from->networks);
    for (size_t i = 0; into->keys != NULL && i < into->catalog->certs.num_keys; i++)
        key_place_merge(&into->keys[i], &from->keys[i]);
    for (size_t i = 0; i < NUM_TALLIES; i++)
        if (i != TALLY_EHLO && i != TALLY_EHLO_TLS && i != TALLY_EHLO_PAIR)
            tally_merge(&into->tally[i], &from->tally[i]);
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        histogram_merge(&into->latency[i], &from->latency[i]);
    add_array(into->funnel, from->funnel, NUM_FUNNEL);
    add_array(into->flag_yes, from->flag_yes, NUM_TLS_FLAGS);
    add_array(into->flag_known, from->flag_known, NUM_TLS_FLAGS);
    into->num_audited += from->num_audited;
    into->num_versions_known += from->num_versions_known;
    into->num_suites_known += from->num_suites_known;
    into->num_groups_known += from->num_groups_known;
    into->num_dh_known += from->num_dh_known;
    into->positions_given += from->positions_given;
    into->positions_done += from->positions_done;
    into->no_leaf += from->no_leaf;
    int rc = merge_ehlo(into, from);
    return rc != 0 ? rc : state_of(into);
}
