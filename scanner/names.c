#include "scanner/names.h"

#include <errno.h>

#include "scanner/starts.h"

static void forget(struct worker *w, const struct errand *e)
{
    struct errand **at = &w->resolving;
    while (*at != e) /* it is there: there are as many as the resolver has room for */
        at = &(*at)->next;
    *at = e->next;
}

static void on_resolved(struct resolution *res)
{
    struct named *n = (struct named *)((char *)res - offsetof(struct named, resolution));
    struct worker *w = n->worker;
    forget(w, n->errand);
    if (res->how == RESOLVED_OURS) { /* nobody could be asked */
        struct candidate c = {.visit = visit_of_errand(n->errand), .target = n->errand->target};
        starts_put_back(w, &c, ENETUNREACH, uv_hrtime());
    } else {
        n->resolved = true;
        errand_list_add(&w->ready, n->errand);
    }
    worker_start_soon(w);
}

bool names_have_room(const struct worker *w)
{
    return engine_has_room_for_name(w->engine) &&
           (w->resolver == NULL || resolver_has_room(w->resolver));
}

static int ask(struct worker *w, struct errand *e)
{
    char err[ENGINE_FAULT_MAX];
    int rc = 0;
    if (e->named == NULL && (rc = errand_name(e, w)) == 0)
        engine_name_begun(w->engine);
    if (rc == 0 && w->resolver == NULL)
        rc = engine_resolver(w->engine, &w->resolver, err, &w->loop);
    if (rc != 0)
        return rc;
    e->named->worker = w;
    return resolver_start(w->resolver, &e->named->resolution, (const char *)e->target.host.data,
                          on_resolved);
}

void names_resolve(struct worker *w, struct errand *e)
{
    int rc = ask(w, e);
    if (rc == 0) {
        e->next = w->resolving;
        w->resolving = e;
        return;
    }
    struct candidate c = {.visit = visit_of_errand(e), .target = e->target};
    starts_put_back(w, &c, -rc, uv_hrtime());
}
