#include "scanner/limiter.h"

void limiter_init(struct limiter *l, uint64_t step_ns, uint64_t max_in_flight, uint64_t now_ns)
{
    atomic_init(&l->step_ns, step_ns);
    l->max_in_flight = max_in_flight;
    atomic_init(&l->next_ns, now_ns);
    atomic_init(&l->in_flight, 0);
}

/* grants one start in time, or returns how many ns to wait (generic cell rate algorithm) */
static uint64_t take_start(struct limiter *l, uint64_t step_ns, uint64_t now_ns)
{
    uint64_t floor_ns = now_ns > LIMITER_CREDIT_NS ? now_ns - LIMITER_CREDIT_NS : 0;
    uint64_t next = atomic_load(&l->next_ns);
    for (;;) {
        uint64_t due = next > floor_ns ? next : floor_ns;
        if (due > now_ns)
            return due - now_ns;
        if (atomic_compare_exchange_weak(&l->next_ns, &next, due + step_ns))
            return 0;
    }
}

enum grant limiter_start(struct limiter *l, uint64_t *wait_ns, uint64_t now_ns)
{
    if (atomic_fetch_add(&l->in_flight, 1) >= l->max_in_flight && l->max_in_flight != 0) {
        atomic_fetch_sub(&l->in_flight, 1);
        return GRANT_FULL;
    }
    uint64_t step_ns = atomic_load_explicit(&l->step_ns, memory_order_relaxed);
    *wait_ns = step_ns == 0 ? 0 : take_start(l, step_ns, now_ns);
    if (*wait_ns == 0)
        return GRANT_OK;
    atomic_fetch_sub(&l->in_flight, 1);
    return GRANT_WAIT;
}

void limiter_end(struct limiter *l)
{
    atomic_fetch_sub(&l->in_flight, 1);
}

void limiter_set_step(struct limiter *l, uint64_t step_ns, uint64_t now_ns)
{
    atomic_store(&l->step_ns, step_ns);
    uint64_t next = atomic_load(&l->next_ns);
    while (next > now_ns + step_ns &&
           !atomic_compare_exchange_weak(&l->next_ns, &next, now_ns + step_ns))
        ;
}
