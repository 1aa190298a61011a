#include "scanner/lag.h"

void lag_note(struct lag *l, uint64_t due_ns, uint64_t now_ns)
{
    uint64_t late_ns = now_ns > due_ns ? now_ns - due_ns : 0;
    uint64_t worst_ns = atomic_load_explicit(&l->worst_ns, memory_order_relaxed);
    while (late_ns > worst_ns &&
           !atomic_compare_exchange_weak_explicit(&l->worst_ns, &worst_ns, late_ns,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

uint64_t lag_take(struct lag *l)
{
    return atomic_exchange_explicit(&l->worst_ns, 0, memory_order_relaxed);
}
