#include "scanner/starts.h"

#include <errno.h>
#include <stdio.h>

#include "scanner/asdb.h"
#include "scanner/control.h"
#include "scanner/finish.h"
#include "scanner/names.h"
#include "scanner/probe.h"

enum {
    HOLD_FIRST_MS = 10, /* after the first fault of ours; doubled by each that follows */
    HOLD_MAX_MS = 1000,
    UNROUTABLE_TRIES = 3,
    TRIES_MAX = 100,  /* of one target, failed by faults of ours; then something is wrong here */
    LOOKS_MAX = 256,  /* at targets in one turn, of which few may be startable */
    ERRANDS_TAKE = 32 /* from the stream at a time */
};
#define NS_PER_MS UINT64_C(1000000)

/* ---- faults of ours ---- */

void starts_went_well(struct worker *w)
{
    w->hold_ns = w->held_since_ns = 0;
}

static void say_whereto(char out[TARGET_HOST_MAX + 1], const struct target *target)
{
    char addr[ADDR_TEXT_MAX];
    addr_format(addr, target->addr);
    struct bytes text = target->named ? target->host : bytes_text(addr);
    snprintf(out, TARGET_HOST_MAX + 1, "%.*s", (int)text.len, (const char *)text.data);
}

/* keeps all starts back for a while, longer each time; not for ever */
static void hold(struct worker *w, const struct target *target, int errnum, uint64_t now_ns)
{
    struct engine *e = w->engine;
    if (w->held_since_ns == 0)
        w->held_since_ns = now_ns;
    w->hold_ns = w->hold_ns == 0 ? HOLD_FIRST_MS * NS_PER_MS : w->hold_ns * 2;
    if (w->hold_ns > HOLD_MAX_MS * NS_PER_MS)
        w->hold_ns = HOLD_MAX_MS * NS_PER_MS;
    w->hold_until_ns = now_ns + w->hold_ns;
    if (now_ns - w->held_since_ns > e->config.patience_ns) {
        char text[ENGINE_FAULT_MAX], whereto[TARGET_HOST_MAX + 1];
        say_whereto(whereto, target);
        snprintf(text, sizeof text,
                 "no connection can be started from here, nor %s %s: %s; mend that, or put what "
                 "cannot be reached on the blocklist",
                 target->named ? "a name server be asked for" : "to", whereto,
                 uv_strerror(uv_translate_sys_error(errnum)));
        engine_fault(e, -errnum, text);
    }
}

static uint64_t num_started(const struct worker *w, const struct target *target)
{
    unsigned family = addr_is_v4(target->addr) ? 0 : 1;
    return atomic_load_explicit(&w->engine->num_started[family], memory_order_relaxed);
}

static bool is_route(int errnum)
{
    return errnum == ENETUNREACH || errnum == EHOSTUNREACH;
}

/* A target that has failed TRIES_MAX times for our sake is left alone: its position stays open. */
void starts_put_back(struct worker *w, const struct candidate *c, int errnum, uint64_t now_ns)
{
    struct again_visit next = {c->visit, c->started, c->tries + 1, 0};
    struct errand *e = visit_errand(&c->visit);
    bool is_control = e != NULL && e->is_control;
    worker_count(w, COUNT_OURS);
    if (c->tries == 0)
        next.started = num_started(w, &c->target);
    if (is_control)
        engine_control_news(w->engine, control_missed(w->engine->control, e, now_ns));
    else if (next.tries >= TRIES_MAX)
        engine_settle(w->engine, &c->visit, false);
    else if (again_put(&w->again, &next) != 0)
        engine_fault(w->engine, UV_ENOMEM, "no memory for a target to be tried again");
    /* where there is no route to one, there may be to the next new one: no need to wait; but there
     * is nothing to go on with while no control target can be asked */
    if (!is_route(errnum) || is_control || w->no_more || w->again.num >= AGAIN_MANY)
        hold(w, &c->target, errnum, now_ns);
}

/* Tells whether connect() failing at once is a finding about the target: it is not for us to visit
 * (broadcast, a firewall, no scope); or there is no route to it, while others of its family could
 * be started since. */
static bool is_unroutable(const struct worker *w, const struct candidate *c, int errnum,
                          enum cause *cause)
{
    if (c->tries < UNROUTABLE_TRIES)
        return false;
    if (is_route(errnum) && num_started(w, &c->target) == c->started)
        return false;
    switch (errnum) {
    case ENETUNREACH:
    case EINVAL: *cause = CAUSE_NET_UNREACHABLE; return true;
    case EHOSTUNREACH: *cause = CAUSE_HOST_UNREACHABLE; return true;
    case EACCES:
    case EPERM: *cause = CAUSE_ADMIN_PROHIBITED; return true;
    default: return false;
    }
}

/* ---- where targets come from ---- */

static bool take_ready(struct worker *w, struct candidate *c)
{
    struct errand *e = errand_list_take(&w->ready, 1);
    if (e == NULL)
        return false;
    c->visit = visit_of_errand(e);
    return true;
}

/* one more connection to a target that was visited: see auditing.h */
static bool take_later(struct worker *w, struct candidate *c, uint64_t now_ns)
{
    uint64_t due_ns = again_due_ns(&w->later);
    if (due_ns <= now_ns)
        c->visit = again_take(&w->later).visit;
    else if (due_ns != UINT64_MAX)
        worker_wake_at(w, due_ns);
    return due_ns <= now_ns;
}

static bool take_parked(struct worker *w, struct candidate *c, uint64_t now_ns)
{
    uint64_t due_ns;
    c->from_queue = networks_take(w->engine->networks, &c->visit, &due_ns, now_ns);
    if (!c->from_queue && due_ns != UINT64_MAX)
        worker_wake_at(w, due_ns);
    return c->from_queue;
}

static bool take_from_stream(struct worker *w, struct candidate *c)
{
    struct engine *e = w->engine;
    char err[ENGINE_FAULT_MAX] = "";
    if (w->errands == NULL)
        switch (stream_take(e->config.stream, &w->errands, ERRANDS_TAKE)) {
        case STREAM_MORE: break;
        case STREAM_EMPTY: return false;
        case STREAM_END:
            atomic_store(&e->stream_ended, true);
            w->no_more = true;
            return false;
        case STREAM_FAULT: engine_fault(e, stream_fault(e->config.stream, err), err); return false;
        }
    struct errand *errand = w->errands;
    if (!errand->skip && !engine_admit(e)) {
        atomic_store(&e->stream_cut, true);
        w->no_more = true;
        return false;
    }
    w->errands = errand->next;
    c->visit = visit_of_errand(errand);
    return true;
}

static bool take_from_leases(struct worker *w, struct candidate *c)
{
    struct lease_source *leases = w->engine->config.leases;
    if (w->lease.next == w->lease.end && !lease_take(leases, &w->lease)) {
        w->no_more = true;
        return false;
    }
    c->visit = (struct visit){.ref = lease_position(leases, w->lease.next++)};
    return true;
}

static bool take_new(struct worker *w, struct candidate *c)
{
    if (w->no_more || w->again.num >= AGAIN_MANY || !names_have_room(w) ||
        !engine_has_room_for_audit(w->engine))
        return false;
    bool taken = w->engine->config.stream != NULL ? take_from_stream(w, c) : take_from_leases(w, c);
    if (taken)
        engine_unsettle(w->engine);
    return taken;
}

static bool take_again(struct worker *w, struct candidate *c)
{
    if (w->again.num == 0)
        return false;
    struct again_visit again = again_take(&w->again);
    *c = (struct candidate){.visit = again.visit, .tries = again.tries, .started = again.started};
    return true;
}

static bool take(struct worker *w, struct candidate *c, uint64_t now_ns)
{
    struct engine *e = w->engine;
    *c = (struct candidate){.refused = CAUSE_NONE};
    if (engine_is_paused(e))
        return false;
    if (take_ready(w, c) || take_later(w, c, now_ns) || take_parked(w, c, now_ns) ||
        engine_take_back(e, &c->visit))
        return true;
    if (w->full_until_ns > now_ns) {
        worker_wake_at(w, w->full_until_ns); /* the timer may have fired for another reason */
        return false;
    }
    return (w->full_until_ns != 0 && take_again(w, c)) || take_new(w, c) || take_again(w, c);
}

/* Worker 0 asks control targets. Nothing waits for a check so much as a queue full of silences that
 * are in doubt. */
static bool take_control(struct worker *w, struct candidate *c, uint64_t now_ns)
{
    struct engine *e = w->engine;
    if (w->number != 0 || e->control == NULL)
        return false;
    if ((w->no_more && atomic_load(&e->limiter.in_flight) == 0) || result_queue_is_full(&e->queue))
        control_hurry(e->control, now_ns);
    struct errand *control = control_take(e->control, now_ns);
    if (control == NULL) {
        worker_wake_at(w, control_due_ns(e->control));
        return false;
    }
    *c = (struct candidate){.visit = visit_of_errand(control)};
    return true;
}

/* ---- what they are ---- */

static bool is_control(const struct candidate *c)
{
    const struct errand *e = visit_errand(&c->visit);
    return e != NULL && e->is_control;
}

/* a host name in a range sweep gets an errand when its turn comes */
static struct errand *errand_for(struct worker *w, struct candidate *c)
{
    struct errand *e = visit_errand(&c->visit);
    if (e != NULL || !c->target.named)
        return e;
    e = errand_new(c->visit.ref, &c->target);
    if (e == NULL)
        engine_fault(w->engine, UV_ENOMEM, "no memory for a host name");
    else
        c->visit = visit_of_errand(e);
    return e;
}

static void look_up(struct worker *w, struct candidate *c)
{
    const struct engine_config *config = &w->engine->config;
    struct errand *e = visit_errand(&c->visit);
    c->target = e != NULL
                    ? e->target
                    : target_space_at(config->space, permutation_at(config->order, c->visit.ref));
}

/* the address of a host name whose turn it is, or why there is none */
static void look_at_name(struct candidate *c, const struct named *n)
{
    c->target.named = false;
    switch (n->resolution.how) {
    case RESOLVED_OK: c->target.addr = n->resolution.addrs[n->at]; break;
    case RESOLVED_NO_ADDRESS: c->refused = CAUSE_NO_ADDRESS; break;
    case RESOLVED_FAILURE:
    case RESOLVED_OURS: c->refused = CAUSE_DNS_FAILURE; break;
    }
}

static void look_up_as(const struct worker *w, struct candidate *c)
{
    if (c->refused == CAUSE_NONE && w->engine->config.asdb != NULL)
        c->asn = asdb_lookup(w->engine->config.asdb, c->target.addr);
}

/* a control target that is due goes before whatever is the next, which is kept meanwhile */
static void put_control_first(struct worker *w, uint64_t now_ns)
{
    struct candidate control;
    if ((!w->has_next || !is_control(&w->next)) && take_control(w, &control, now_ns)) {
        if (w->has_next) {
            w->kept = w->next;
            w->has_kept = true;
        }
        w->next = control;
        w->has_next = true;
        look_up(w, &w->next);
        look_up_as(w, &w->next);
    } else if (!w->has_next && w->has_kept) {
        w->next = w->kept;
        w->has_next = true;
        w->has_kept = false;
    }
}

/* makes w->next the next target to start; none, not even a name to be asked for, after a fault of
 * ours */
static bool find_next(struct worker *w, uint64_t now_ns)
{
    struct candidate *c = &w->next;
    if (w->hold_until_ns > now_ns) {
        worker_wake_at(w, w->hold_until_ns);
        return false;
    }
    put_control_first(w, now_ns);
    for (int i = 0; i < LOOKS_MAX && !w->has_next; i++) {
        if (!take(w, c, now_ns))
            return false;
        look_up(w, c);
        struct errand *e = errand_for(w, c);
        if (c->target.named && e == NULL)
            return false; /* a fault, and told */
        if (c->target.named && (e->named == NULL || !e->named->resolved)) {
            names_resolve(w, e);
            continue;
        }
        if (c->target.named)
            look_at_name(c, e->named);
        look_up_as(w, c);
        w->has_next = true;
    }
    if (!w->has_next)
        worker_start_soon(w);
    return w->has_next;
}

/* ---- starting ---- */

enum step { STEP_WAIT, STEP_ASIDE, STEP_STARTED };

/* records a target that is not connected to, by the credit that it has */
static void record_unvisited(struct worker *w, enum cause cause, int errnum, uint64_t now_ns)
{
    int rc = finish_unvisited(w, &w->next, cause, errnum, now_ns);
    if (rc == 0)
        return;
    result_queue_release(&w->engine->queue, RESULT_CREDIT);
    engine_fault(w->engine, UV_ENOMEM, "no memory for a result");
}

/* starts w->next, under a grant of engine and networks */
static void begin(struct worker *w, uint64_t now_ns)
{
    enum cause cause;
    struct candidate *c = &w->next;
    struct probe *p = worker_take_probe(w);
    int rc = p != NULL ? probe_start(p, c, now_ns) : UV_ENOMEM;
    w->has_next = w->has_grant = false;
    if (rc == 0)
        return;
    if (p != NULL)
        worker_give_probe(w, p);
    networks_end(w->engine->networks, c->target.addr, c->asn, NETWORK_UNUSED, now_ns, now_ns);
    /* what failed before connect() tells nothing about the target */
    bool finding = p != NULL && p->fd >= 0 && is_unroutable(w, c, -rc, &cause);
    if (finding)
        record_unvisited(w, cause, -rc, now_ns);
    engine_release(w->engine, !finding, w->number);
    if (!finding)
        starts_put_back(w, c, -rc, now_ns);
}

static enum step step_unvisited(struct worker *w, enum cause cause, uint64_t now_ns)
{
    if (!engine_credit(w->engine, w->number))
        return STEP_WAIT;
    w->has_next = false;
    record_unvisited(w, cause, 0, now_ns);
    return STEP_ASIDE;
}

/* asks for the engine's grant, which is kept for the next target if this one cannot use it */
static bool have_grant(struct worker *w, uint64_t now_ns)
{
    uint64_t wait_ns = 0;
    if (w->has_grant)
        return true;
    enum grant grant = engine_grant(w->engine, &wait_ns, w->number, is_control(&w->next), now_ns);
    if (grant == GRANT_WAIT)
        worker_wake_at(w, now_ns + wait_ns);
    w->has_grant = grant == GRANT_OK;
    return w->has_grant;
}

/* There is no room for w->next in networks: it waits here, so that those that wait there already
 * can make room. */
static enum step put_aside(struct worker *w, uint64_t wait_ns, uint64_t now_ns)
{
    const struct candidate *c = &w->next;
    struct again_visit again = {c->visit, c->started, c->tries, 0};
    if (again_put(&w->again, &again) != 0) {
        engine_fault(w->engine, UV_ENOMEM, "no memory for a target to be tried again");
        return STEP_WAIT;
    }
    w->has_next = false;
    w->full_until_ns = now_ns + wait_ns;
    worker_wake_at(w, w->full_until_ns);
    return STEP_ASIDE;
}

/* A stream may hold addresses of a family that none of our source addresses has. */
static bool has_source(const struct worker *w, const struct candidate *c)
{
    const struct sources *s = w->engine->config.sources;
    return s->num == 0 || c->refused != CAUSE_NONE || c->target.named ||
           s->num_of_family[addr_is_v4(c->target.addr) ? 0 : 1] > 0;
}

/* the network of a control target is busy: it is tried again, and does not lend its grant, which
 * took no room in the queue, to others */
static enum step postpone_control(struct worker *w, uint64_t wait_ns, uint64_t now_ns)
{
    struct engine *e = w->engine;
    struct errand *control = visit_errand(&w->next.visit);
    w->has_next = w->has_grant = false;
    engine_release(e, true, w->number);
    engine_control_news(e, control_later(e->control, control, wait_ns, now_ns));
    return STEP_ASIDE;
}

/* starts w->next, or puts it into its network's queue; or the limits say: not now */
static enum step start_visit(struct worker *w, uint64_t now_ns)
{
    struct candidate *c = &w->next;
    bool control = is_control(c);
    uint64_t wait_ns = 0;
    if (!have_grant(w, now_ns))
        return STEP_WAIT;
    enum network_grant grant =
        networks_start(w->engine->networks, &wait_ns, control ? NULL : &c->visit,
                       control || c->from_queue, c->target.addr, c->asn, now_ns);
    if (grant != NETWORK_FULL && !c->from_queue && !control)
        w->full_until_ns = 0;
    switch (grant) {
    case NETWORK_OK: begin(w, now_ns); return STEP_STARTED;
    case NETWORK_PARKED: w->has_next = false; return STEP_ASIDE;
    case NETWORK_FULL: break;
    }
    return control ? postpone_control(w, wait_ns, now_ns) : put_aside(w, wait_ns, now_ns);
}

/* starts w->next, or records it */
static enum step start_next(struct worker *w, uint64_t now_ns)
{
    struct candidate *c = &w->next;
    struct errand *e = visit_errand(&c->visit);
    if (is_control(c))
        return start_visit(w, now_ns);
    if (engine_is_paused(w->engine))
        return STEP_WAIT;
    if (e != NULL && !has_source(w, c))
        e->skip = true;
    if (e != NULL && e->skip)
        return step_unvisited(w, CAUSE_NO_ADDRESS, now_ns);
    if (c->refused != CAUSE_NONE)
        return step_unvisited(w, c->refused, now_ns);
    if (filter_refuses(w->filter, c->target.addr))
        return step_unvisited(w, CAUSE_BLOCKED, now_ns);
    return start_visit(w, now_ns);
}

bool starts_fill(struct worker *w, uint64_t now_ns)
{
    struct engine *e = w->engine;
    int started = 0, looks = 0;
    enum step step = STEP_ASIDE;
    filter_slot_get(&e->filter, &w->filter, &w->filter_version);
    while (step != STEP_WAIT && started < WORKER_STARTS_MAX && looks++ < LOOKS_MAX &&
           atomic_load(&e->stop) == ENGINE_RUN && find_next(w, now_ns)) {
        step = start_next(w, now_ns);
        started += step == STEP_STARTED;
    }
    if (w->has_grant)
        engine_release(e, true, w->number);
    w->has_grant = false;
    return step != STEP_WAIT && (started == WORKER_STARTS_MAX || looks >= LOOKS_MAX);
}

/* who asks control targets does so until all others have ended, and all were asked */
static bool is_needed(const struct worker *w)
{
    struct engine *e = w->engine;
    return w->number == 0 && e->control != NULL &&
           (atomic_load(&e->num_running) > 2 || control_has_unasked(e->control));
}

bool starts_over(const struct worker *w)
{
    if (w->num_active > 0)
        return false;
    return atomic_load(&w->engine->stop) != ENGINE_RUN ||
           (w->no_more && !w->has_next && engine_is_settled(w->engine) && !is_needed(w));
}
