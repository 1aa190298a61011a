#include "core/audit.h"
#include "core/outcome.h"

/* stored */
enum {
    KEY_ASKED = 0,
    KEY_FINISHED = 1,
    KEY_STOPPED = 2,
    KEY_CONNECTIONS = 3,
    KEY_MALFORMED = 4,
    KEY_VERSIONS = 5,
    KEY_SSL2_KINDS = 6,
    KEY_FALLBACK = 7,
    KEY_COMPRESSION = 8,
    KEY_CLASSES = 9,
    KEY_DH = 10,
    KEY_HYBRIDS = 11,
    KEY_LARGE = 12,
    KEY_TICKET = 13,
    KEY_RESUMED = 14,
    KEY_RESUMED_VERSION = 15,
    KEY_LEAVES = 16,
    KEY_OTHER_LEAF = 17,
    KEY_NAME_REFUSED = 18,
    KEY_SUITES = 19,
    KEY_GROUPS = 20,
    KEY_EXPLAIN = 21
};

enum {
    ROW_MAX = 32, /* items of an array that a later version may have made longer */
    PROOF_LEN = 3,
    DH_LEN = 3,
    LIST_LEN = 4,
    EXPLAIN_LEN = 9
};

/* one map that is first counted, then written: both times by the same calls */
struct put {
    struct cbor_writer *w; /* NULL: count */
    uint64_t num;
};

static bool put_key(struct put *p, uint64_t key, bool there)
{
    if (!there)
        return false;
    p->num++;
    if (p->w == NULL)
        return false;
    cbor_put_uint(p->w, key);
    return true;
}

static void put_uint(struct put *p, uint64_t key, uint64_t value)
{
    if (put_key(p, key, value != 0))
        cbor_put_uint(p->w, value);
}

/* a row of findings, absent when all are unknown */
static void put_row(struct put *p, uint64_t key, const uint8_t *row, size_t num)
{
    unsigned any = 0;
    for (size_t i = 0; i < num; i++)
        any |= row[i];
    if (!put_key(p, key, any != 0))
        return;
    cbor_put_array(p->w, num);
    for (size_t i = 0; i < num; i++)
        cbor_put_uint(p->w, row[i]);
}

static void put_stopped(struct put *p, const struct audit *a)
{
    if (!put_key(p, KEY_STOPPED, a->stopped_cause != CAUSE_NONE))
        return;
    cbor_put_array(p->w, 2);
    cbor_put_uint(p->w, a->stopped_stage);
    cbor_put_uint(p->w, a->stopped_cause);
}

static void put_classes(struct put *p, const struct audit *a)
{
    unsigned any = 0;
    for (size_t i = 0; i < NUM_AUDIT_CLASSES; i++)
        any |= a->class[i].accepted;
    if (!put_key(p, KEY_CLASSES, any != 0))
        return;
    cbor_put_array(p->w, NUM_AUDIT_CLASSES);
    for (size_t i = 0; i < NUM_AUDIT_CLASSES; i++) {
        cbor_put_array(p->w, PROOF_LEN);
        cbor_put_uint(p->w, a->class[i].accepted);
        cbor_put_uint(p->w, a->class[i].version);
        cbor_put_uint(p->w, a->class[i].suite);
    }
}

static void put_dh(struct put *p, const struct audit *a)
{
    if (!put_key(p, KEY_DH, a->num_dh != 0))
        return;
    cbor_put_array(p->w, a->num_dh);
    for (size_t i = 0; i < a->num_dh; i++) {
        cbor_put_array(p->w, DH_LEN);
        cbor_put_uint(p->w, a->dh[i].suite);
        cbor_put_uint(p->w, a->dh[i].bits);
        cbor_put_uint(p->w, a->dh[i].prime);
    }
}

static void put_leaves(struct put *p, const struct audit *a)
{
    uint64_t num = 0;
    for (size_t i = 0; i < NUM_AUDIT_LEAVES; i++)
        num += a->leaf[i].known;
    if (!put_key(p, KEY_LEAVES, num != 0))
        return;
    cbor_put_map(p->w, num);
    for (size_t i = 0; i < NUM_AUDIT_LEAVES; i++) {
        if (!a->leaf[i].known)
            continue;
        cbor_put_uint(p->w, i);
        cbor_put_bytes(p->w, bytes_of(a->leaf[i].sha256, sizeof a->leaf[i].sha256));
    }
}

static void put_lists(struct put *p, uint64_t key, const struct audit_list *lists, size_t num)
{
    if (!put_key(p, key, num != 0))
        return;
    cbor_put_array(p->w, num);
    for (size_t i = 0; i < num; i++) {
        cbor_put_array(p->w, LIST_LEN);
        cbor_put_uint(p->w, lists[i].version);
        cbor_put_uint(p->w, lists[i].order);
        cbor_put_bool(p->w, lists[i].complete);
        cbor_put_array(p->w, lists[i].num);
        for (size_t v = 0; v < lists[i].num; v++)
            cbor_put_uint(p->w, lists[i].value[v]);
    }
}

static void put_explain(struct put *p, const struct audit_reply *e)
{
    if (!put_key(p, KEY_EXPLAIN, e->kind != AUDIT_REPLY_NONE))
        return;
    cbor_put_array(p->w, EXPLAIN_LEN);
    cbor_put_uint(p->w, e->kind);
    cbor_put_uint(p->w, e->offered);
    cbor_put_uint(p->w, e->version);
    cbor_put_uint(p->w, e->suite);
    cbor_put_uint(p->w, e->group);
    cbor_put_uint(p->w, e->dh_bits);
    cbor_put_uint(p->w, e->dh_prime);
    cbor_put_uint(p->w, e->alert_level);
    cbor_put_uint(p->w, e->alert_number);
}

static void put_all(struct put *p, const struct audit *a)
{
    put_uint(p, KEY_ASKED, a->asked);
    put_uint(p, KEY_FINISHED, a->finished);
    put_stopped(p, a);
    put_uint(p, KEY_CONNECTIONS, a->num_connections);
    put_uint(p, KEY_MALFORMED, a->num_malformed);
    put_row(p, KEY_VERSIONS, a->version, NUM_AUDIT_VERSIONS);
    put_uint(p, KEY_SSL2_KINDS, a->ssl2_kinds);
    put_uint(p, KEY_FALLBACK, a->fallback);
    put_uint(p, KEY_COMPRESSION, a->compression);
    put_classes(p, a);
    put_dh(p, a);
    put_row(p, KEY_HYBRIDS, a->hybrid, NUM_AUDIT_HYBRIDS);
    put_uint(p, KEY_LARGE, a->large_intolerant);
    put_uint(p, KEY_TICKET, a->ticket);
    put_uint(p, KEY_RESUMED, a->resumed);
    put_uint(p, KEY_RESUMED_VERSION, a->resumed_version);
    put_leaves(p, a);
    put_uint(p, KEY_OTHER_LEAF, a->other_leaf);
    put_uint(p, KEY_NAME_REFUSED, a->name_refused);
    put_lists(p, KEY_SUITES, a->suites, a->num_suites);
    put_lists(p, KEY_GROUPS, a->groups, a->num_groups);
    put_explain(p, &a->explain);
}

void audit_encode(struct cbor_writer *w, const struct audit *a)
{
    struct put count = {NULL, 0}, put = {w, 0};
    put_all(&count, a);
    cbor_put_map(w, count.num);
    put_all(&put, a);
}

/* ---- and back ---- */

static uint8_t get_octet(struct cbor_reader *r)
{
    return (uint8_t)cbor_get_uint(r, UINT8_MAX);
}

static uint16_t get_code(struct cbor_reader *r)
{
    return (uint16_t)cbor_get_uint(r, UINT16_MAX);
}

static uint8_t get_tri(struct cbor_reader *r)
{
    return (uint8_t)cbor_get_uint(r, TRI_YES);
}

/* takes the head of an array of at least min items and says how many come after those */
static size_t get_array(struct cbor_reader *r, size_t min)
{
    size_t num = cbor_get_array(r, ROW_MAX);
    if (num < min)
        cbor_fail(r);
    return r->bad ? 0 : num - min;
}

static void skip_items(struct cbor_reader *r, size_t num)
{
    for (size_t i = 0; i < num && !r->bad; i++)
        cbor_skip(r);
}

static void get_row(struct cbor_reader *r, uint8_t *row, size_t num)
{
    size_t more = get_array(r, num);
    for (size_t i = 0; i < num; i++)
        row[i] = get_tri(r);
    skip_items(r, more);
}

static void get_stopped(struct cbor_reader *r, struct audit *a)
{
    size_t more = get_array(r, 2);
    a->stopped_stage = get_octet(r);
    a->stopped_cause = get_octet(r);
    if (a->stopped_cause == CAUSE_NONE)
        cbor_fail(r);
    skip_items(r, more);
}

static void get_proof(struct cbor_reader *r, struct audit_proof *proof)
{
    size_t more = get_array(r, PROOF_LEN);
    proof->accepted = get_tri(r);
    proof->version = get_code(r);
    proof->suite = get_code(r);
    skip_items(r, more);
}

static void get_classes(struct cbor_reader *r, struct audit *a)
{
    size_t more = get_array(r, NUM_AUDIT_CLASSES);
    for (size_t i = 0; i < NUM_AUDIT_CLASSES; i++)
        get_proof(r, &a->class[i]);
    skip_items(r, more);
}

static void get_dh(struct cbor_reader *r, struct audit *a)
{
    a->num_dh = (uint8_t)cbor_get_array(r, AUDIT_DH_MAX);
    for (size_t i = 0; i < a->num_dh; i++) {
        size_t more = get_array(r, DH_LEN);
        a->dh[i].suite = get_code(r);
        a->dh[i].bits = get_code(r);
        a->dh[i].prime = get_octet(r);
        skip_items(r, more);
    }
}

static void get_leaves(struct cbor_reader *r, struct audit *a)
{
    struct cbor_map map = cbor_get_map(r);
    for (uint64_t key; cbor_map_next(r, &map, &key);) {
        if (key < NUM_AUDIT_LEAVES) {
            cbor_get_exactly(r, a->leaf[key].sha256, sizeof a->leaf[key].sha256);
            a->leaf[key].known = true;
        } else {
            cbor_skip(r);
        }
    }
}

static void get_list(struct cbor_reader *r, struct audit_list *list)
{
    size_t more = get_array(r, LIST_LEN);
    list->version = get_code(r);
    list->order = get_octet(r);
    list->complete = cbor_get_bool(r);
    list->num = (uint8_t)cbor_get_array(r, AUDIT_LIST_MAX);
    for (size_t i = 0; i < list->num; i++)
        list->value[i] = get_code(r);
    skip_items(r, more);
}

static uint8_t get_lists(struct cbor_reader *r, struct audit_list *lists)
{
    size_t num = cbor_get_array(r, AUDIT_LISTS_MAX);
    for (size_t i = 0; i < num; i++)
        get_list(r, &lists[i]);
    return (uint8_t)num;
}

static void get_explain(struct cbor_reader *r, struct audit_reply *e)
{
    size_t more = get_array(r, EXPLAIN_LEN);
    e->kind = get_octet(r);
    e->offered = get_code(r);
    e->version = get_code(r);
    e->suite = get_code(r);
    e->group = get_code(r);
    e->dh_bits = get_code(r);
    e->dh_prime = get_octet(r);
    e->alert_level = get_octet(r);
    e->alert_number = get_octet(r);
    if (e->kind == AUDIT_REPLY_NONE)
        cbor_fail(r);
    skip_items(r, more);
}

static void get_value(struct cbor_reader *r, struct audit *a, uint64_t key)
{
    switch (key) {
    case KEY_ASKED: a->asked = get_code(r); break;
    case KEY_FINISHED: a->finished = get_code(r); break;
    case KEY_STOPPED: get_stopped(r, a); break;
    case KEY_CONNECTIONS: a->num_connections = get_code(r); break;
    case KEY_MALFORMED: a->num_malformed = get_octet(r); break;
    case KEY_VERSIONS: get_row(r, a->version, NUM_AUDIT_VERSIONS); break;
    case KEY_SSL2_KINDS: a->ssl2_kinds = get_code(r); break;
    case KEY_FALLBACK: a->fallback = get_tri(r); break;
    case KEY_COMPRESSION: a->compression = get_tri(r); break;
    case KEY_CLASSES: get_classes(r, a); break;
    case KEY_DH: get_dh(r, a); break;
    case KEY_HYBRIDS: get_row(r, a->hybrid, NUM_AUDIT_HYBRIDS); break;
    case KEY_LARGE: a->large_intolerant = get_tri(r); break;
    case KEY_TICKET: a->ticket = get_tri(r); break;
    case KEY_RESUMED: a->resumed = get_tri(r); break;
    case KEY_RESUMED_VERSION: a->resumed_version = get_code(r); break;
    case KEY_LEAVES: get_leaves(r, a); break;
    case KEY_OTHER_LEAF: a->other_leaf = get_tri(r); break;
    case KEY_NAME_REFUSED: a->name_refused = get_tri(r); break;
    case KEY_SUITES: a->num_suites = get_lists(r, a->suites); break;
    case KEY_GROUPS: a->num_groups = get_lists(r, a->groups); break;
    case KEY_EXPLAIN: get_explain(r, &a->explain); break;
    default: cbor_skip(r); break;
    }
}

bool audit_decode(struct audit *out, struct bytes item)
{
    if (item.len > AUDIT_ENCODED_MAX)
        return false;
    struct audit a;
    audit_init(&a);
    struct cbor_reader r = cbor_reader_of(item);
    struct cbor_map map = cbor_get_map(&r);
    for (uint64_t key; cbor_map_next(&r, &map, &key);)
        get_value(&r, &a, key);
    if (!cbor_at_end(&r))
        return false;
    *out = a;
    return true;
}
