#include "tools/aggregate_private.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/statistics_only.h"

/* lent: the counts of another; NULL: it has its own */
static struct aggregate *new_with(const struct aggregate_setup *setup, struct cert_counts *lent)
{
    struct aggregate *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->setup = *setup;
    a->catalog = setup->catalog;
    ehlo_table_init(&a->ehlo);
    cluster_table_init(&a->clusters);
    a->scratch = calloc(1, sizeof *a->scratch);
    if (a->scratch != NULL)
        a->scratch->mta = rules_memo_new();
    a->counts = lent != NULL ? lent : cert_counts_new(setup->catalog);
    a->counts_are_lent = lent != NULL;
    if (a->scratch != NULL && a->counts != NULL && groups_counts_new(a) == 0)
        return a;
    aggregate_free(a);
    return NULL;
}

struct aggregate *aggregate_new(const struct aggregate_setup *setup)
{
    return new_with(setup, NULL);
}

struct aggregate *aggregate_new_beside(struct aggregate *first)
{
    first->counts->is_shared = true;
    return new_with(&first->setup, first->counts);
}

void aggregate_free(struct aggregate *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < NUM_TALLIES; i++)
        tally_cleanup(&a->tally[i]);
    ehlo_table_cleanup(&a->ehlo);
    groups_counts_free(a);
    if (!a->counts_are_lent)
        cert_counts_free(a->counts);
    cert_sums_free(a->sums);
    tally_cleanup(&a->sizes.networks);
    tally_cleanup(&a->sizes.domains);
    tally_cleanup(&a->sizes.clusters);
    top_list_cleanup(&a->sizes.top_clusters);
    network_table_cleanup(&a->networks);
    cluster_table_cleanup(&a->clusters);
    if (a->scratch != NULL) {
        free(a->scratch->texts);
        free(a->scratch->chains);
        free(a->scratch->shapes);
        rules_memo_free(a->scratch->mta);
    }
    free(a->scratch);
    free(a);
}

static int state_of(const struct aggregate *a)
{
    bool bad = a->ehlo.bad || a->networks.bad || a->clusters.bad;
    for (size_t i = 0; i < NUM_TALLIES; i++)
        bad |= a->tally[i].bad;
    return bad ? -ENOMEM : 0;
}

int aggregate_fold(struct aggregate *a, size_t top)
{
    if (a->sums == NULL)
        a->sums = cert_sums_new(top, a->setup.certificate);
    /* where the catalog has all leaves, it has all of a key */
    struct overflow *keys = leaf_range_is_all(&a->catalog->range) ? NULL : a->setup.overflow;
    int rc = a->sums != NULL ? cert_sums_fold(a->sums, a->counts, keys) : -ENOMEM;
    a->counts->is_folded = true;
    return rc;
}

int aggregate_turn(struct aggregate *a)
{
    return cert_counts_begin(a->counts);
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
    if ((add->needs & NEED_DIALOGUE) != 0) {
        count(add, v, TALLY_GREETED, greeted ? CAUSE_OK : r->cause);
        count(add, v, TALLY_NOT_SMTP, not_smtp_of(r, greeted));
    }
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
    if ((add->needs & NEED_TIMINGS) != 0)
        add_timings(add, v);
    if ((add->needs & NEED_RETRIES) != 0)
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
    v.num_cells = 0;
    shapes_enter(add, &v);
    if ((v.sets >> FUNNEL_P & 1) == 0)
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

/* what is in no record */
static void add_others(struct adding *add)
{
    const struct group_setup *select = &add->a->setup.select;
    /* nothing is known of them but how they ended: no filter selects, no file weighs them */
    if (select->where == NULL && select->weights == NULL)
        add_unrecorded(add);
    add_runs(add);
}

/* what a record leads to is larger than any cache: it is asked for a while ahead, step by step */
enum {
    NEAR_STEP = 4,
    NEAR_LOOK = GEO_NEAR,
    NEAR_TELL,
    NUM_NEAR,
    NEAR_LAST = NUM_NEAR * NEAR_STEP,
    NEAR_RING = 32 /* records between the first step and their turn, rounded up */
};

/* what was found ahead of a record */
struct ahead {
    struct geo_found found;
    struct geo_place place;
};

static void near_place(struct adding *add, struct ahead *ahead, struct addr addr, unsigned near)
{
    const struct geo *geo = add->a->setup.select.geo;
    if (near < NEAR_LOOK) {
        geo_near(geo, addr, near);
    } else if (near == NEAR_LOOK) {
        geo_look(geo, &ahead->found, addr);
    } else {
        geo_tell(geo, &ahead->place, &ahead->found);
        tally_near(&add->a->tally[TALLY_AS_E], ahead->place.as_number);
    }
}

static void bring_near(struct adding *add, struct ahead ring[NEAR_RING], size_t i)
{
    struct block_glance glance;
    for (unsigned near = 0; near < NUM_NEAR && i >= near * NEAR_STEP; near++) {
        size_t at = i - near * NEAR_STEP;
        if (!block_glance(add->block, &glance, at))
            continue;
        if (add->a->setup.select.geo != NULL && glance.has_addr)
            near_place(add, &ring[at % NEAR_RING], glance.addr, near);
        if ((add->needs & NEED_CERTS) != 0 && glance.chain_id != UINT32_MAX && near % 2 == 1)
            chain_near(add, glance.chain_id, near / 2);
        if ((add->needs & NEED_NETWORKS) != 0 && glance.has_addr && near == 2)
            network_table_near(&add->a->networks, network_key(glance.addr));
    }
}

static void add_record(struct adding *add, const struct ahead ring[NEAR_RING], size_t i)
{
    const struct group_setup *select = &add->a->setup.select;
    struct record r;
    struct joined joined;
    block_record(add->block, &r, i);
    if (!leaf_range_has_record(&add->a->catalog->range, add->block, &r))
        return;
    if (select->geo != NULL && record_has_addr(&r) && i < block_num_in_full(add->block))
        join_placed(&joined, select, add->header, &r, &ring[i % NEAR_RING].place);
    else
        join(&joined, select, add->header, &r);
    if (joined.weight > 0)
        add_visit(add, &r, &joined);
}

/* looking ahead has a price too */
static void add_records(struct adding *add)
{
    struct ahead ring[NEAR_RING];
    bool far = add->a->setup.select.geo != NULL || (add->needs & (NEED_CERTS | NEED_NETWORKS)) != 0;
    size_t num = block_num_records(add->block);
    for (size_t i = 0; far && i < NEAR_LAST; i++)
        bring_near(add, ring, i);
    for (size_t i = 0; i < num; i++) {
        if (far)
            bring_near(add, ring, i + NEAR_LAST);
        add_record(add, ring, i);
    }
}

int aggregate_add_block(struct aggregate *a, const struct dataset_header *header,
                        const struct block *block)
{
    struct adding add = {a, header, block, statistics_needs(a->setup.only)};
    if (!tables_clear(a->scratch, block))
        return -ENOMEM;

    if ((add.needs & NEED_AUDITS) != 0)
        audits_begin(&add);
    if ((add.needs & NEED_CERTS) != 0)
        resolve_chains(&add);
    add_records(&add);
    if (a->catalog->range.first == 0)
        add_others(&add);
    shapes_end(&add);
    if ((add.needs & NEED_AUDITS) != 0)
        audits_end(&add);
    int rc = state_of(a);
    return rc != 0 ? rc : tables_bound(a);
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
    if (from->counts != into->counts)
        cert_counts_merge(into->counts, from->counts);
    add_array(into->leaf_done, from->leaf_done, 3);
    add_array(into->leaf_failed, from->leaf_failed, 3);
    for (size_t i = 0; i < NUM_TALLIES; i++)
        if (i != TALLY_EHLO && i != TALLY_EHLO_TLS && i != TALLY_EHLO_PAIR && i != TALLY_DOMAIN)
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
    into->no_leaf_failed += from->no_leaf_failed;
    int rc = merge_ehlo(into, from);
    if (rc == 0)
        rc = tables_merge(into, from);
    return rc != 0 ? rc : state_of(into);
}
