#include "scanner/plan_match.h"

#include <errno.h>

#include "core/audit.h"

static int differs(const struct plan *plan, char err[PLAN_ERR_MAX], const char *what)
{
    snprintf(err, PLAN_ERR_MAX,
             "--resume-or-create: %s holds another sweep: %s; give what it was begun with, or name "
             "another file",
             plan->file, what);
    return -EINVAL;
}

static bool same_ports(const struct options *o, const struct target_space *space)
{
    static const uint16_t smtp_port = 25;
    const uint16_t *ports = o->num_ports > 0 ? o->ports : &smtp_port;
    size_t num = o->num_ports > 0 ? o->num_ports : 1;
    return num == space->num_ports && memcmp(ports, space->ports, num * sizeof ports[0]) == 0;
}

static bool same_sources(const struct options *o, const struct dataset_header *h)
{
    char err[SOURCE_ERR_MAX];
    struct sources given;
    if (o->ehlo_name == NULL && o->source_ips == NULL)
        return h->num_sources == 0;
    if (sources_parse(&given, err, o->source_ips, o->ehlo_name, "localhost", false) != 0 ||
        given.num != h->num_sources || given.num_names != h->num_ehlo_names)
        return false;
    for (size_t i = 0; i < given.num; i++)
        if (addr_cmp(given.addrs[i], h->sources[i]) != 0)
            return false;
    for (size_t i = 0; i < given.num_names; i++)
        if (!bytes_equal(given.names[i], h->ehlo_names[i]))
            return false;
    return true;
}

/* Tells whether a segment of the sweep is among the targets given now, in one piece. */
static bool is_given(const struct target_space *given, const struct dataset_header *h,
                     const struct target_segment *s)
{
    uint64_t first, last;
    uint16_t port = given->ports[0];
    struct bytes host = h->space->texts[s->host];
    if (s->named)
        return target_space_find_name(given, &first, host, port);
    return target_space_find(given, &first, s->first, port, host) &&
           target_space_find(given, &last, s->last, port, host) &&
           last - first == addr_distance(s->first, s->last) * given->num_ports;
}

static bool are_given(const struct target_space *given, const struct dataset_header *h)
{
    for (size_t i = 0; i < h->space->num_segments; i++)
        if (!is_given(given, h, &h->space->segments[i]))
            return false;
    return true;
}

/* compares the targets given now; a list that cannot be read is an error of its own */
static int match_targets(const struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
                         const struct dataset_header *h)
{
    struct target_space space = {.num_segments = 0};
    struct target_counts counts = {.given = 0};
    struct target_list *list = target_list_new();
    int rc = list == NULL ? -ENOMEM : plan_load_targets(list, err, o);
    if (rc == 0)
        rc = target_space_build(&space, &counts, list, h->include_special ? NULL : &plan->special,
                                NULL, NULL, plan->space->ports, plan->space->num_ports);
    bool same = rc == 0 && counts.given == h->counts.given && counts.special == h->counts.special &&
                are_given(&space, h);
    target_space_cleanup(&space);
    target_list_free(list);
    return rc == 0 && !same ? differs(plan, err, "the targets") : rc;
}

int plan_match(const struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
               const struct dataset_header *h)
{
    if (o->stream != h->streamed)
        return differs(plan, err, "one is a stream, the other is not (--stream)");
    if (!same_ports(o, h->space))
        return differs(plan, err, "the ports (--port)");
    if (o->has_seed && o->seed != h->seed)
        return differs(plan, err, "the seed (--seed)");
    if (o->shards != h->num_shards || o->shard != h->shard)
        return differs(plan, err, "the shard (--shards, --shard)");
    if (o->record_mode != h->record_mode)
        return differs(plan, err, "what is recorded (--record)");
    if (o->sample_ppm != h->sample_ppm)
        return differs(plan, err, "the sample (--sample)");
    if (o->include_special != h->include_special)
        return differs(plan, err, "special-purpose ranges (--include-special)");
    if (o->starttls_anyway != plan->starttls_anyway)
        return differs(plan, err, "STARTTLS where it is not offered (--starttls-anyway)");
    if ((o->audits | (o->explain_failures ? AUDIT_BIT_EXPLAIN : 0)) != plan->audits)
        return differs(plan, err, "the audits (--audit, --explain-failures)");
    if (!same_sources(o, h))
        return differs(plan, err, "our addresses or names (--source-ip, --ehlo-name)");
    if ((o->allowlist_file != NULL) != h->has_allowlist ||
        (h->has_allowlist && memcmp(plan->allow_sha256, h->allowlist_sha256, 32) != 0))
        return differs(plan, err, "the allowlist (--allowlist-file)");
    return o->stream ? 0 : match_targets(plan, err, o, h);
}
