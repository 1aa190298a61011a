#include "scanner/plan.h"

/* a host name stands where the address would */
static void print_target(FILE *out, const struct target *t)
{
    char text[ADDR_TEXT_MAX];
    addr_format(text, t->addr);
    if (t->named)
        fprintf(out, "%.*s", (int)t->host.len, (const char *)t->host.data);
    else
        fputs(text, out);
    fprintf(out, "\t%u\t%.*s\t%.*s\n", t->port, (int)t->host.len, (const char *)t->host.data,
            (int)t->tag.len, (const char *)t->tag.data);
}

/* what would be visited: addresses that are refused when their turn comes are left out */
static int print_stream(struct plan *plan, char err[PLAN_ERR_MAX], FILE *out,
                        const struct filter *filter)
{
    uint64_t num_left = plan->max_targets != 0 ? plan->max_targets : UINT64_MAX;
    while (num_left > 0 && !ferror(out)) {
        struct errand *e;
        switch (stream_take(plan->stream, &e, 1)) {
        case STREAM_MORE:
            if (!e->skip && (e->target.named || !filter_refuses(filter, e->target.addr))) {
                print_target(out, &e->target);
                num_left--;
            }
            errand_free(e);
            break;
        case STREAM_EMPTY: engine_bell_wait(&plan->bell); break;
        case STREAM_END: return 0;
        case STREAM_FAULT: return stream_fault(plan->stream, err);
        }
    }
    return 0;
}

int plan_print(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, FILE *out)
{
    uint8_t sha256[32];
    struct filter *filter = NULL;
    if (plan->streamed) {
        int rc = plan_filter(plan, &filter, sha256, err, o, false);
        if (rc == 0)
            rc = print_stream(plan, err, out, filter);
        filter_unref(filter);
        return rc;
    }
    for (uint64_t i = 0; i < plan->leases.num_leased && !ferror(out); i++) {
        uint64_t position = lease_position(&plan->leases, i);
        struct target t = target_space_at(plan->space, permutation_at(&plan->order, position));
        print_target(out, &t);
    }
    return 0;
}
