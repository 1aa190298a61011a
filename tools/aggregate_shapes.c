#include "core/names.h"
#include "tools/aggregate_private.h"

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

static enum ticket ticket_of(const struct record *r)
{
    static const struct {
        uint32_t s;
        enum ticket bin;
    } bins[] = {{300, TICKET_5_MINUTES},
                {3600, TICKET_HOUR},
                {7200, TICKET_2_HOURS},
                {86400, TICKET_DAY},
                {7 * 86400, TICKET_7_DAYS}};
    if ((r->tls_known & TLS_FLAG_TICKET) == 0)
        return TICKET_UNKNOWN;
    if ((r->tls_flags & TLS_FLAG_TICKET) == 0)
        return TICKET_NOT;
    if (r->ticket_lifetime_s == 0)
        return TICKET_NO_HINT;
    for (size_t i = 0; i < sizeof bins / sizeof bins[0]; i++)
        if (r->ticket_lifetime_s <= bins[i].s)
            return bins[i].bin;
    return TICKET_MORE;
}

/* ---- one shape ---- */

static void put_cell(struct shape_facts *f, enum aggregate_tally which, uint64_t key)
{
    f->cells[f->num_cells++] = (uint64_t)which << CELL_BITS | key;
}

/* of H */
static void read_handshake(struct shape_facts *f, const struct record *r)
{
    bool rsa = (r->group == 0 || r->sigscheme == 0) && is_rsa_exchange(r);
    bool old = r->version != 0 && r->version < 0x0303;
    uint64_t version = (uint64_t)r->version << 32;
    f->sets |= 1U << FUNNEL_H;
    f->tls_known = r->tls_known;
    f->tls_flags = r->tls_flags;
    put_cell(f, TALLY_VERSION, r->version);
    put_cell(f, TALLY_SUITE, version | r->suite);
    put_cell(f, TALLY_GROUP, version | (r->group != 0 ? r->group : rsa ? GROUP_RSA : 0U));
    put_cell(f, TALLY_SIGSCHEME,
             r->sigscheme != 0 ? r->sigscheme
             : rsa             ? GROUP_RSA
             : old             ? SIGSCHEME_OLD
                               : 0);
    put_cell(f, TALLY_TICKET, ticket_of(r));
}

static void read_shape(struct shape_facts *f, const struct record *r)
{
    put_cell(f, TALLY_OUTCOME, (uint64_t)r->stage << 8 | r->cause);
    if (!was_probed(r->cause))
        return;
    f->sets = 1U << FUNNEL_P;
    if (r->stage > STAGE_CONNECT)
        f->sets |= 1U << FUNNEL_T;
    if (r->stage > STAGE_STARTTLS || (r->stage == STAGE_STARTTLS && r->cause != CAUSE_NOT_OFFERED))
        f->sets |= 1U << FUNNEL_Q;
    if (r->stage <= STAGE_STARTTLS)
        return;
    f->sets |= 1U << FUNNEL_R;
    put_cell(f, TALLY_HANDSHAKE, handshake_key(r));
    if (r->handshake_done)
        read_handshake(f, r);
}

static void add_shape(struct aggregate *a, const struct shape_facts *f)
{
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        a->funnel[i] += f->sets >> i & 1 ? f->targets : 0;
    for (size_t i = 0; i < f->num_cells; i++)
        tally_add(&a->tally[f->cells[i] >> CELL_BITS],
                  f->cells[i] & ((UINT64_C(1) << CELL_BITS) - 1), f->targets);
    for (size_t i = 0; i < NUM_TLS_FLAGS; i++) {
        bool known = f->tls_known >> i & 1;
        a->flag_known[i] += known ? f->targets : 0;
        a->flag_yes[i] += known && (f->tls_flags >> i & 1) ? f->targets : 0;
    }
}

/* ---- of a block ---- */

static void take_cells(struct visit *v, const struct shape_facts *f)
{
    for (size_t i = 0; i < f->num_cells; i++)
        if (aggregate_is_grouped(f->cells[i] >> CELL_BITS))
            v->cells[v->num_cells++] = f->cells[i];
}

void shapes_enter(struct adding *add, struct visit *v)
{
    struct shape_facts alone = {0}, *f = &alone;
    bool shared = v->r->shape_id != UINT32_MAX;
    if (shared)
        f = &add->a->scratch->shapes[v->r->shape_id];
    if (f->num_cells == 0)
        read_shape(f, v->r);
    f->targets += v->weight;
    v->sets = f->sets;
    if (v->grouped)
        take_cells(v, f);
    if (!shared)
        add_shape(add->a, f);
}

void shapes_end(struct adding *add)
{
    size_t num = block_num_shapes(add->block);
    for (size_t i = 0; i < num; i++)
        if (add->a->scratch->shapes[i].targets > 0)
            add_shape(add->a, &add->a->scratch->shapes[i]);
}
