#include "scanner/finish.h"

#include <errno.h>
#include <openssl/ssl.h>

#include "scanner/auditing.h"
#include "scanner/control.h"

/* earlier attempts as the record has them: their starts are known by the gaps between them */
static void put_attempts(struct record *r, const struct visit *visit)
{
    uint64_t start_us = r->start_us;
    r->num_attempts = (uint8_t)visit_num_attempts(visit);
    for (unsigned i = r->num_attempts; i-- > 0;) {
        struct visit_attempt a;
        visit_attempt(visit, i, &a);
        uint64_t gap_us = a.gap_ns / 1000;
        start_us = start_us > gap_us ? start_us - gap_us : 0;
        r->attempts[i] = (struct attempt){start_us, a.stage, a.cause, a.smtp_code};
    }
}

struct result *finish_result(struct worker *w, const struct candidate *c, struct record *r,
                             CRYPTO_BUFFER *const *certs, size_t num_certs, uint64_t start_ns,
                             uint64_t now_ns)
{
    r->position = visit_position(&c->visit);
    r->addr = c->target.addr;
    r->port = c->target.port;
    r->host = c->target.host;
    r->tag = c->target.tag;
    r->start_us = engine_offset_us(w->engine, start_ns);
    put_attempts(r, &c->visit);
    struct result *result = result_new(r, certs, num_certs, visit_errand(&c->visit) != NULL);
    if (result == NULL)
        return NULL;
    result->visit = c->visit;
    result->start_ns = start_ns;
    result->end_ns = now_ns;
    return result;
}

/* A hello with a post-quantum group is long, and new: a handshake that ended before the peer chose
 * anything is tried once without (draft-ietf-tls-ecdhe-mlkem; field notes on intolerance). */
static bool may_be_intolerant(const struct record *r)
{
    return r->stage == STAGE_HANDSHAKE && r->hello >= HELLO_PQ && r->version == 0 &&
           (r->cause == CAUSE_TIMEOUT || r->cause == CAUSE_RESET || r->cause == CAUSE_CLOSED ||
            r->cause == CAUSE_ALERT_RECEIVED || r->cause == CAUSE_NOT_TLS);
}

bool finish_classically(struct worker *w, const struct candidate *c, struct result *result,
                        uint64_t now_ns)
{
    const struct record *r = &result->record;
    const struct errand *e = visit_errand(&c->visit);
    struct again_visit later = {.visit = c->visit,
                                .due_ns = now_ns + w->engine->config.audit_delay_ns};
    if (!may_be_intolerant(r) || (e != NULL && e->is_control) ||
        !visit_add_attempt(&later.visit, r->stage, r->cause, r->smtp_code, result->start_ns))
        return false;
    worker_count(w, COUNT_RETRIED);
    result_free(result);
    if (again_put(&w->later, &later) != 0)
        engine_fault(w->engine, UV_ENOMEM, "no memory for a target to be tried again");
    worker_wake_at(w, later.due_ns);
    return true;
}

bool finish_later(struct worker *w, const struct candidate *c, struct result *result,
                  uint64_t start_ns, uint64_t now_ns)
{
    const struct record *r = &result->record;
    const struct errand *e = visit_errand(&c->visit);
    struct visit visit = c->visit;
    if (r->cause != CAUSE_THROTTLED || (e != NULL && e->is_control) ||
        visit_num_attempts(&visit) >= w->engine->config.retries)
        return false;
    if (!visit_add_attempt(&visit, r->stage, r->cause, r->smtp_code, start_ns) ||
        !networks_park(w->engine->networks, &visit, now_ns))
        return false;
    worker_count(w, COUNT_RETRIED);
    result_free(result);
    return true;
}

/* ---- audits ---- */

static void no_memory(struct worker *w)
{
    engine_fault(w->engine, UV_ENOMEM, "no memory for an audit");
}

static void visit_later(struct worker *w, struct errand *e, uint64_t now_ns)
{
    struct again_visit later = {.visit = visit_of_errand(e),
                                .due_ns = now_ns + w->engine->config.audit_delay_ns};
    if (again_put(&w->later, &later) != 0)
        no_memory(w);
    worker_wake_at(w, later.due_ns);
}

bool finish_audit(struct worker *w, const struct candidate *c, struct result *result,
                  SSL_SESSION *resumed, uint64_t now_ns)
{
    struct auditing *auditing = NULL;
    struct errand *e = visit_errand(&c->visit);
    uint16_t audits = w->engine->config.audits;
    if (audits == 0 || !result->record.has_tls || (e != NULL && e->is_control)) {
        SSL_SESSION_free(resumed);
        return false;
    }
    int rc = auditing_new(&auditing, result, resumed, audits, result->start_ns);
    if (rc == 0 && auditing == NULL)
        return false;
    if (rc == 0 && e == NULL)
        e = errand_new(c->visit.ref, &c->target);
    if (rc != 0 || e == NULL) {
        if (auditing == NULL)
            result_free(result);
        auditing_free(auditing);
        no_memory(w);
        return true;
    }
    result->visit.ref = visit_of_errand(e).ref;
    e->auditing = auditing;
    engine_audit_begun(w->engine, auditing->held);
    visit_later(w, e, now_ns);
    return true;
}

struct result *finish_audited(struct worker *w, const struct candidate *c, bool more,
                              uint64_t now_ns)
{
    struct errand *e = visit_errand(&c->visit);
    if (more) {
        visit_later(w, e, now_ns);
        return NULL;
    }
    struct result *result = auditing_finish(e->auditing);
    engine_audit_over(w->engine, e->auditing->held);
    auditing_free(e->auditing);
    e->auditing = NULL;
    if (result == NULL)
        no_memory(w);
    return result;
}

/* ---- delivery ---- */

/* puts a result of a host name behind those of its addresses before; returns all, if that was the
 * last */
static struct result *gather(struct worker *w, struct errand *e, struct result *result)
{
    struct named *n = e->named;
    *n->last = result;
    n->last = &result->also;
    if (errand_more(e)) {
        errand_list_add(&w->ready, e);
        worker_start_soon(w);
        return NULL;
    }
    struct result *all = n->first;
    n->first = NULL;
    n->last = &n->first;
    all->is_group = true;
    all->end_ns = result->end_ns;
    return all;
}

/* Results that wait for others of their name are not counted in the queue: else they could fill it,
 * and what they wait for would wait for room in it. engine.h bounds how many names there are. */
static struct result *gather_and_count(struct worker *w, struct errand *e, struct result *result)
{
    struct result_queue *q = &w->engine->queue;
    result_queue_release(q, RESULT_CREDIT);
    struct result *all = gather(w, e, result);
    for (struct result *r = all; r != NULL; r = r->also) {
        result_queue_overdraw(q);
        result_hold(q, r);
    }
    return all;
}

void finish_deliver(struct worker *w, struct result *result)
{
    struct engine *e = w->engine;
    struct errand *errand = visit_errand(&result->visit);
    if (errand != NULL && errand->is_control) {
        engine_control_news(e, control_heard(e->control, errand, &result->record, uv_hrtime()));
        result_queue_release(&e->queue, RESULT_CREDIT);
        result_free(result);
        return;
    }
    if (errand != NULL && errand->named != NULL)
        result = gather_and_count(w, errand, result);
    else
        result_hold(&e->queue, result);
    if (result == NULL)
        return;
    struct visit visit = result->visit;
    bool is_settled = e->control == NULL; /* else the writer tells, once it is sure */
    if (is_settled)
        engine_count_outcomes(e, result);
    result_push(&e->queue, result);
    if (is_settled)
        engine_settle(e, &visit, true);
}

int finish_unvisited(struct worker *w, const struct candidate *c, enum cause cause, int errnum,
                     uint64_t now_ns)
{
    struct record r;
    struct result *result;
    const struct errand *e = visit_errand(&c->visit);
    record_init(&r);
    r.stage = STAGE_CONNECT;
    r.cause = (uint8_t)cause;
    r.errnum = errnum;
    if (e != NULL && e->auditing != NULL) {
        auditing_stop(e->auditing, cause);
        result = finish_audited(w, c, false, now_ns);
    } else {
        result = finish_result(w, c, &r, NULL, 0, now_ns, now_ns);
    }
    if (result == NULL)
        return -ENOMEM;
    if (e != NULL && e->skip)
        result->kind = RESULT_SKIP;
    finish_deliver(w, result);
    return 0;
}
