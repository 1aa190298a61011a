#include "scanner/preflight_sweep.h"

#include <poll.h>
#include <stdlib.h>

#include "scanner/fit.h"
#include "scanner/preflight.h"

/* a sweep of nothing: it ends when the control targets have been asked */
static int ask_controls(struct preflight_control *out, const struct engine_config *config)
{
    char fault[ENGINE_FAULT_MAX];
    struct engine *e;
    struct lease_source none;
    struct engine_config alone = *config;
    size_t num_asked;
    int rc = lease_source_init(&none, 0, 1, 0, NULL, 0);
    if (rc != 0)
        return rc;
    alone.leases = &none;
    alone.stream = NULL;
    alone.bell = NULL;
    alone.filter = NULL;
    alone.dataset = NULL;
    alone.patience_ns = config->wait_ns[WAIT_CONNECT]; /* with no route there is nothing to ask */
    rc = engine_start(&e, &alone);
    if (rc == 0) {
        struct pollfd ended = {.fd = engine_ended_fd(e), .events = POLLIN};
        while (poll(&ended, 1, -1) != 1) /* interrupted */
            ;
        engine_join(e, fault); /* that none answers is no fault here, but a finding */
        out->num_answered = (unsigned)control_num_answered(config->control, &num_asked);
        out->num_asked = (unsigned)num_asked;
    }
    lease_source_cleanup(&none);
    return rc;
}

/* one target of each family, to find out from which address it is reached; returns how many */
static size_t reach_of(struct addr reach[2], const struct target_space *space)
{
    bool has[2] = {false, false};
    size_t num = 0;
    for (size_t i = 0; i < space->num_segments; i++) {
        unsigned family = addr_is_v4(space->segments[i].first) ? 0 : 1;
        if (space->segments[i].named || has[family])
            continue;
        has[family] = true;
        reach[num++] = space->segments[i].first;
    }
    return num;
}

static void name_texts(const char *names[SOURCES_MAX], char texts[SOURCES_MAX][256],
                       const struct sources *s)
{
    for (size_t i = 0; i < s->num_names; i++) {
        snprintf(texts[i], sizeof texts[i], "%.*s", (int)s->names[i].len,
                 (const char *)s->names[i].data);
        names[i] = texts[i];
    }
}

/* what is found, judged and printed */
static int judge(FILE *out, const struct preflight_plan *p)
{
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    struct preflight_finding *findings = calloc(PREFLIGHT_FINDINGS_MAX, sizeof *findings);
    int rc = facts == NULL || findings == NULL ? UV_ENOMEM : preflight_gather(facts, p);
    if (rc == 0) {
        size_t num = preflight_judge(findings, PREFLIGHT_FINDINGS_MAX, facts, p);
        rc = preflight_print(out, findings, num) ? 1 : 0;
    }
    free(findings);
    free(facts);
    return rc;
}

int preflight_sweep(FILE *out, const struct plan *plan, const struct options *o,
                    const struct engine_config *config)
{
    const char *names[SOURCES_MAX];
    char texts[SOURCES_MAX][256];
    struct preflight_plan p = {
        .in_flight = plan->in_flight,
        .descriptors_beside = fit_descriptors_beside(plan->threads),
        .rate_step_ns = plan->step_ns,
        .connect_timeout_ns = o->connect_timeout_ns,
        .max_syns = (unsigned)o->syns,
        .sources = plan->sources.addrs,
        .num_sources = plan->sources.num,
        .ehlo_names = names,
        .num_ehlo_names = plan->sources.num_names,
        .dns_servers = o->dns_servers,
        .dns_timeout_ns = RESOLVER_TIMEOUT_DEFAULT_NS,
    };
    name_texts(names, texts, &plan->sources);
    p.num_reach = reach_of(p.reach, plan->space);
    int rc = plan->control != NULL ? ask_controls(&p.control, config) : 0;
    return rc != 0 ? rc : judge(out, &p);
}
