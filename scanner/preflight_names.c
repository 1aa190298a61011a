#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scanner/dns_answer.h"
#include "scanner/preflight.h"

struct names_run {
    uv_loop_t *loop;
    struct resolver *resolver;
    size_t num_open; /* questions */
};

/* a name that is asked whether it leads to a source */
struct forward {
    struct resolution res; /* first: it is what comes back */
    struct asking *asking;
};

/* what is asked about one source */
struct asking {
    struct reverse ptr; /* first */
    struct names_run *run;
    struct preflight_source *source;
    struct forward ehlo, names[RESOLVER_NAMES_MAX];
    unsigned num_names_open;
};

static void one_done(struct names_run *run)
{
    if (--run->num_open == 0)
        uv_stop(run->loop);
}

static bool has_addr(const struct resolution *res, struct addr a)
{
    for (unsigned i = 0; i < res->num_addrs; i++)
        if (addr_cmp(res->addrs[i], a) == 0)
            return true;
    return false;
}

static bool same_host(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    a_len -= a_len > 0 && a[a_len - 1] == '.' ? 1 : 0;
    b_len -= b_len > 0 && b[b_len - 1] == '.' ? 1 : 0;
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static void on_ehlo(struct resolution *res)
{
    struct asking *a = ((struct forward *)res)->asking;
    a->source->ehlo_as = res->how;
    a->source->ehlo_why = res->why;
    a->source->ehlo_leads_here = has_addr(res, a->source->addr);
    one_done(a->run);
}

/* The name that is shown is the EHLO name if the address has it, else the first that leads back,
 * else the first. */
static void choose_name(struct asking *a)
{
    struct preflight_source *s = a->source;
    unsigned chosen = 0;
    for (unsigned i = a->ptr.num_names; i-- > 0;)
        if (has_addr(&a->names[i].res, s->addr))
            chosen = i;
    for (unsigned i = a->ptr.num_names; i-- > 0;)
        if (s->ehlo != NULL && same_host(a->ptr.names[i], s->ehlo)) {
            chosen = i;
            s->ptr_is_ehlo = true;
        }
    enum resolved how = a->names[chosen].res.how;
    memcpy(s->ptr_name, a->ptr.names[chosen], sizeof s->ptr_name);
    s->ptr_leads_back = has_addr(&a->names[chosen].res, s->addr);
    s->ptr_unsure = !s->ptr_leads_back && (how == RESOLVED_FAILURE || how == RESOLVED_OURS);
}

static void on_name(struct resolution *res)
{
    struct asking *a = ((struct forward *)res)->asking;
    if (--a->num_names_open == 0)
        choose_name(a);
    one_done(a->run);
}

static int ask_forward(struct forward *f, struct asking *a, const char *name,
                       void (*done)(struct resolution *res))
{
    f->asking = a;
    int rc = resolver_start(a->run->resolver, &f->res, name, done);
    if (rc == 0)
        a->run->num_open++;
    return rc;
}

static void on_ptr(struct reverse *res)
{
    struct asking *a = (struct asking *)res;
    a->source->ptr = res->how;
    a->source->ptr_why = res->why;
    a->num_names_open = res->num_names;
    for (unsigned i = 0; i < res->num_names; i++)
        if (ask_forward(&a->names[i], a, res->names[i], on_name) != 0) {
            a->names[i].res.how = RESOLVED_OURS;
            a->num_names_open--;
        }
    if (res->num_names > 0 && a->num_names_open == 0)
        choose_name(a);
    one_done(a->run);
}

static int ask_about(struct asking *a, struct names_run *run, struct preflight_source *source)
{
    a->run = run;
    a->source = source;
    int rc = resolver_reverse(run->resolver, &a->ptr, source->addr, on_ptr);
    if (rc != 0)
        return rc;
    run->num_open++;
    source->names_asked = true;
    if (source->ehlo == NULL || !dns_is_host(source->ehlo))
        return 0;
    return ask_forward(&a->ehlo, a, source->ehlo, on_ehlo);
}

int preflight_names(struct preflight_source *sources, size_t num, uv_loop_t *loop,
                    const struct preflight_plan *plan)
{
    char err[200];
    struct names_run run = {.loop = loop};
    const struct resolver_config config = {
        .servers = plan->dns_servers,
        .timeout_ns = plan->dns_timeout_ns,
        .max_queries = (unsigned)num * (RESOLVER_NAMES_MAX + 2),
        .want4 = true,
        .want6 = true,
    };
    if (num == 0)
        return 0;
    struct asking *asking = calloc(num, sizeof *asking);
    int rc =
        asking != NULL ? resolver_new(&run.resolver, err, sizeof err, loop, &config) : UV_ENOMEM;
    for (size_t i = 0; rc == 0 && i < num; i++)
        if (sources[i].error == 0 && preflight_is_public(sources[i].addr))
            rc = ask_about(&asking[i], &run, &sources[i]);
    while (rc == 0 && run.num_open > 0)
        uv_run(loop, UV_RUN_DEFAULT);
    resolver_free(run.resolver);
    free(asking);
    return rc;
}
