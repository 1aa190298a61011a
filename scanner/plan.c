#include "scanner/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/audit.h"
#include "scanner/asdb.h"
#include "scanner/fit.h"
#include "scanner/header.h"
#include "scanner/plan_match.h"
#include "scanner/resolver_servers.h"
#include "scanner/syns.h"

static const char LOOPBACK_NAME[] = "localhost";

/* ---- targets ---- */

int plan_load_targets(struct target_list *list, char err[PLAN_ERR_MAX], const struct options *o)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < o->targets.num; i++)
        rc = target_list_add(list, err, PLAN_ERR_MAX, o->targets.texts[i],
                             strlen(o->targets.texts[i]), "argument", i + 1);
    for (size_t i = 0; rc == 0 && i < o->input_files.num; i++)
        rc = target_list_load(list, err, PLAN_ERR_MAX, o->input_files.texts[i]);
    return rc;
}

static int load_sets(struct plan *plan, char *err, const struct options *o)
{
    int rc = special_purpose(&plan->special);
    if (rc == 0 && o->blocklist_file != NULL)
        rc =
            prefix_set_load(&plan->block, plan->block_sha256, err, PLAN_ERR_MAX, o->blocklist_file);
    if (rc == 0 && o->allowlist_file != NULL)
        rc =
            prefix_set_load(&plan->allow, plan->allow_sha256, err, PLAN_ERR_MAX, o->allowlist_file);
    prefix_set_seal(&plan->block);
    prefix_set_seal(&plan->allow);
    return rc;
}

static int nothing_left(const struct target_counts *c, char *err)
{
    if (c->given == 0) {
        snprintf(err, PLAN_ERR_MAX, "--input-file: holds no target; name one a line");
        return -EINVAL;
    }
    snprintf(err, PLAN_ERR_MAX,
             "no target is left of %llu addresses: %llu are special-purpose (--include-special "
             "visits them), %llu "
             "are on the blocklist, %llu are not on the allowlist",
             (unsigned long long)c->given, (unsigned long long)c->special,
             (unsigned long long)c->blocked, (unsigned long long)c->not_allowed);
    return -EINVAL;
}

/* of a stream only the ports are known: its space is empty */
static int build_space(struct plan *plan, char *err, const struct options *o,
                       const struct target_list *list)
{
    static const uint16_t smtp_port = 25;
    const uint16_t *ports = o->num_ports > 0 ? o->ports : &smtp_port;
    size_t num_ports = o->num_ports > 0 ? o->num_ports : 1;
    int rc = target_list_check_ports(list, err, PLAN_ERR_MAX, ports, num_ports);
    if (rc != 0)
        return rc;
    rc = target_space_build(&plan->own_space, &plan->counts, list,
                            o->include_special ? NULL : &plan->special,
                            o->blocklist_file != NULL ? &plan->block : NULL,
                            o->allowlist_file != NULL ? &plan->allow : NULL, ports, num_ports);
    if (rc == -EOVERFLOW) {
        snprintf(err, PLAN_ERR_MAX,
                 "more targets than 64 bits can count; name smaller ranges, or fewer ports");
        return -EINVAL;
    }
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "targets: %s", strerror(-rc));
        return rc;
    }
    return plan->own_space.count == 0 && !o->stream ? nothing_left(&plan->counts, err) : 0;
}

/* ---- our own addresses and names ---- */

static bool only_loopback(const struct target_space *space)
{
    static const struct addr six = {0, 1};
    struct addr first = addr_v4(0x7f000000), last = addr_v4(0x7fffffff);
    if (space->num_segments == 0) /* a stream: nobody knows */
        return false;
    for (size_t i = 0; i < space->num_segments; i++) {
        const struct target_segment *s = &space->segments[i];
        bool four = addr_cmp(s->first, first) >= 0 && addr_cmp(s->last, last) <= 0;
        bool one = addr_cmp(s->first, six) == 0 && addr_cmp(s->last, six) == 0;
        if (s->named || (!four && !one))
            return false;
    }
    return true;
}

static int check_sources(const struct plan *plan, char *err)
{
    const struct sources *s = &plan->sources;
    for (size_t i = 0; i < s->num; i++) {
        char text[ADDR_TEXT_MAX];
        int rc = net_check_source(s->addrs[i]);
        if (rc == 0)
            continue;
        addr_format(text, s->addrs[i]);
        snprintf(err, PLAN_ERR_MAX, "--source-ip %s: %s; name addresses of this host (ip address)",
                 text, strerror(-rc));
        return -EINVAL;
    }
    return 0;
}

/* an address that is asked for must be used: targets of a family without one cannot be visited */
static int check_families(const struct plan *plan, char *err)
{
    const struct target_space *space = plan->space;
    if (plan->sources.num == 0)
        return 0;
    for (size_t i = 0; i < space->num_segments; i++) {
        bool four = addr_is_v4(space->segments[i].first);
        if (space->segments[i].named || plan->sources.num_of_family[four ? 0 : 1] > 0)
            continue;
        snprintf(err, PLAN_ERR_MAX,
                 "--source-ip: none of them is IPv%d, and there are such targets; add one, or "
                 "leave these targets out",
                 four ? 4 : 6);
        return -EINVAL;
    }
    return 0;
}

static int choose_sources(struct plan *plan, char *err, const struct options *o)
{
    bool loopback = only_loopback(plan->space);
    if (o->dry_run)
        return 0;
    if (o->ehlo_name == NULL && !loopback) {
        snprintf(err, PLAN_ERR_MAX,
                 "--ehlo-name: not given; name the host that scans, by a name that its address "
                 "resolves to: those who are scanned look it up");
        return -EINVAL;
    }
    int rc =
        sources_parse(&plan->sources, err, o->source_ips, o->ehlo_name, LOOPBACK_NAME, !loopback);
    return rc == 0 ? check_families(plan, err) : rc;
}

/* ---- limits ---- */

/* between two starts of this shard; so long that it might overflow a clock, it is for ever
 * anyway */
static uint64_t step_of_shard(uint64_t step_ns, uint32_t num_shards)
{
    uint64_t step;
    return __builtin_mul_overflow(step_ns, num_shards, &step) || step > INT64_MAX ? INT64_MAX
                                                                                  : step;
}

/* Tells whether two visits at once may go to one host: if an address can be there twice. */
static bool hosts_repeat(const struct plan *plan)
{
    const struct target_space *space = plan->space;
    if (plan->streamed || space->num_ports > 1)
        return true;
    for (size_t i = 0; i < space->num_segments; i++)
        if (space->segments[i].named || space->segments[i].host != space->segments[0].host)
            return true;
    return false;
}

/* networks that are known at a time: a session may be of three */
static uint32_t entries_for(uint64_t in_flight)
{
    enum { PER_SESSION = 4, ENTRIES_MAX = 1 << 28 };
    uint64_t entries =
        in_flight < ENTRIES_MAX / PER_SESSION ? in_flight * PER_SESSION : ENTRIES_MAX;
    return entries > NETWORKS_ENTRIES_MAX ? (uint32_t)entries : NETWORKS_ENTRIES_MAX;
}

static void limit_networks(struct plan *plan, const struct options *o)
{
    uint64_t in_flight = fit_share(o->prefix_in_flight, plan->num_shards, plan->shard);
    plan->networks = (struct networks_config){
        .limit = {[NETWORK_HOST] = {0, hosts_repeat(plan) ? 1 : 0},
                  [NETWORK_PREFIX] = {step_of_shard(o->prefix_step_ns, plan->num_shards),
                                      in_flight < UINT32_MAX ? (uint32_t)in_flight : 0},
                  [NETWORK_AS] = {step_of_shard(o->as_step_ns, plan->num_shards), 0}},
        .prefix_len4 = o->prefix_len4,
        .prefix_len6 = o->prefix_len6,
        .retry_delay_ns = o->retry_delay_ns != 0 ? o->retry_delay_ns : 1000000,
        .max_entries = entries_for(plan->in_flight),
        .max_parked = NETWORKS_PARKED_MAX,
    };
}

static int check_name_servers(char *err, const struct options *o)
{
    char why[PLAN_ERR_MAX / 2];
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    if (o->dns_servers == NULL ||
        resolver_servers_parse(servers, why, sizeof why, o->dns_servers) > 0)
        return 0;
    snprintf(err, PLAN_ERR_MAX, "--dns-servers: %s", why);
    return -EINVAL;
}

static int fit(struct plan *plan, char *err, const struct options *o)
{
    uint64_t needed;
    plan->threads = fit_threads(o->threads);
    plan->in_flight =
        fit_in_flight(&needed, o->in_flight, plan->threads, plan->num_shards, plan->shard);
    plan->step_ns = step_of_shard(o->rate_step_ns, plan->num_shards);
    plan->linear_syns = fit_linear_syns();
    plan->resolver = (struct resolver_config){
        .servers = o->dns_servers,
        .want4 = plan->sources.num == 0 || plan->sources.num_of_family[0] > 0,
        .want6 = plan->sources.num == 0 || plan->sources.num_of_family[1] > 0};
    limit_networks(plan, o);
    if (plan->in_flight == 0 && !o->dry_run) {
        snprintf(err, PLAN_ERR_MAX,
                 "the limit of descriptors leaves none for a connection; raise it (ulimit -n) to "
                 "%llu or more, or ask for fewer --threads",
                 (unsigned long long)needed);
        return -EINVAL;
    }
    int rc = check_name_servers(err, o);
    if (rc != 0)
        return rc;
    return o->asn_db != NULL && !o->dry_run ? asdb_open(&plan->asdb, err, o->asn_db) : 0;
}

/* ---- control targets ---- */

/* each address once, at the first port */
static int load_control(struct plan *plan, char *err, const struct options *o)
{
    enum { CONTROLS_MAX = 64 };
    struct target targets[CONTROLS_MAX];
    struct target_space space = {.num_segments = 0};
    struct target_counts counts;
    if (o->control_file == NULL || o->dry_run)
        return 0;
    struct target_list *list = target_list_new();
    int rc = list == NULL ? -ENOMEM : target_list_load(list, err, PLAN_ERR_MAX, o->control_file);
    if (rc == 0)
        rc = target_list_check_ports(list, err, PLAN_ERR_MAX, plan->space->ports, 1);
    if (rc == 0)
        rc = target_space_build(&space, &counts, list, NULL, NULL, NULL, plan->space->ports, 1);
    if (rc == -EOVERFLOW || (rc == 0 && (space.count == 0 || space.count > CONTROLS_MAX ||
                                         target_space_has_names(&space)))) {
        snprintf(err, PLAN_ERR_MAX, "--control %s: name 1 to %d addresses, one a line",
                 o->control_file, CONTROLS_MAX);
        rc = -EINVAL;
    }
    if (rc == 0) {
        for (uint64_t i = 0; i < space.count; i++)
            targets[i] = target_space_at(&space, i);
        plan->control = control_new(targets, (size_t)space.count, o->control_interval_ns);
        rc = plan->control == NULL ? -ENOMEM : 0;
    }
    target_space_cleanup(&space);
    target_list_free(list);
    return rc;
}

/* ---- what must not be visited ---- */

static int copy_block(struct prefix_set *out, const struct prefix_set *block)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < block->num; i++)
        rc = prefix_set_add(out, block->ranges[i]);
    return rc;
}

int plan_filter(struct plan *plan, struct filter **out, uint8_t sha256[32], char err[PLAN_ERR_MAX],
                const struct options *o, bool reread)
{
    struct prefix_set block;
    prefix_set_init(&block);
    int rc = 0;
    *out = NULL;
    memcpy(sha256, plan->block_sha256, 32);
    if (!plan->filters_late && !reread && o->resume_file == NULL)
        return 0; /* none of them is in the target space */
    if (!reread)  /* not from the file: it may be a pipe, which gives it once */
        rc = copy_block(&block, &plan->block);
    else if (o->blocklist_file != NULL)
        rc = prefix_set_load(&block, sha256, err, PLAN_ERR_MAX, o->blocklist_file);
    if (rc != 0) {
        prefix_set_cleanup(&block);
        return rc;
    }
    prefix_set_seal(&block);
    bool late = plan->filters_late;
    *out = filter_new(late && !plan->include_special ? &plan->special : NULL, &block,
                      late && plan->has_allowlist ? &plan->allow : NULL);
    if (*out == NULL)
        snprintf(err, PLAN_ERR_MAX, "no memory for the blocklist");
    return *out == NULL ? -ENOMEM : 0;
}

/* ---- a stream ---- */

static void complain(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "mxsweep: %s\n", text);
}

static int open_stream(struct plan *plan, char *err, const struct options *o,
                       const struct dataset_found *found)
{
    struct stream_config config = {
        .path = o->input_files.texts[0],
        .ports = plan->space->ports,
        .num_ports = plan->space->num_ports,
        .num_shards = plan->num_shards,
        .shard = plan->shard,
        .sample_ppm = plan->sample_ppm,
        .seed = plan->seed,
        .done = found->done,
        .num_done = found->num_done,
        .resumed_lines = found->consumed_lines,
        .arg = &plan->bell,
        .complain = complain,
        .ready = engine_bell_ring,
    };
    memcpy(config.resumed_sha256, found->consumed_sha256, 32);
    return stream_open(&plan->stream, err, &config);
}

/* ---- a new sweep ---- */

static int choose_seed(struct plan *plan, char *err, const struct options *o)
{
    plan->seed = o->seed;
    if (o->has_seed || getrandom(&plan->seed, sizeof plan->seed, 0) == sizeof plan->seed)
        return 0;
    snprintf(err, PLAN_ERR_MAX, "no random seed: %s; give one with --seed", strerror(errno));
    return -EIO;
}

static int plan_targets(struct plan *plan, char *err, const struct options *o)
{
    struct target_list *list = target_list_new();
    int rc = list == NULL ? -ENOMEM : o->stream ? 0 : plan_load_targets(list, err, o);
    if (rc == 0)
        rc = build_space(plan, err, o, list);
    target_list_free(list);
    return rc;
}

/* millionths of a number, rounded up; n whole millions and what is left of one */
static uint64_t millionths(uint64_t n, uint32_t ppm)
{
    return n / 1000000 * ppm + (n % 1000000 * ppm + 999999) / 1000000;
}

/* millionths of a number, rounded down; but one at least */
static uint64_t no_more_than(uint64_t n, uint32_t ppm)
{
    uint64_t num = n / 1000000 * ppm + n % 1000000 * ppm / 1000000;
    return num > 0 ? num : 1;
}

static int plan_new(struct plan *plan, char *err, const struct options *o, int64_t now_us)
{
    int rc = load_sets(plan, err, o);
    if (rc == 0)
        rc = plan_targets(plan, err, o);
    if (rc != 0)
        return rc;
    plan->space = &plan->own_space;
    plan->streamed = o->stream;
    plan->include_special = o->include_special;
    plan->has_allowlist = o->allowlist_file != NULL;
    plan->num_shards = (uint32_t)o->shards;
    plan->shard = (uint32_t)o->shard;
    plan->record_mode = o->record_mode;
    plan->starttls_anyway = o->starttls_anyway;
    plan->audits = o->audits | (o->explain_failures ? AUDIT_BIT_EXPLAIN : 0);
    plan->start_us = now_us;
    plan->file = o->output_file;
    plan->sample_ppm = o->sample_ppm;
    plan->limit =
        o->sample_ppm != 0 && !o->stream ? millionths(plan->space->count, o->sample_ppm) : 0;
    if ((rc = choose_sources(plan, err, o)) != 0 || (rc = check_sources(plan, err)) != 0 ||
        (rc = fit(plan, err, o)) != 0 || (rc = load_control(plan, err, o)) != 0 ||
        (rc = choose_seed(plan, err, o)) != 0)
        return rc;
    if (o->stream)
        rc = open_stream(plan, err, o, &(struct dataset_found){.finished = false});
    return rc != 0 || o->dry_run ? rc : header_create(plan, err, o);
}

/* ---- a resumed sweep ---- */

/* a stream's list must be given again; and nothing else may be */
static int check_list(const struct plan *plan, char *err, const struct options *o)
{
    if (plan->streamed && o->input_files.num != 1 && !plan->finished) {
        snprintf(err, PLAN_ERR_MAX,
                 "%s: is a streamed sweep; give the same list again, with -i FILE (\"-\": stdin)",
                 plan->file);
        return -EINVAL;
    }
    if (!plan->streamed && o->input_files.num > 0) {
        snprintf(err, PLAN_ERR_MAX, "--resume: %s says itself what is scanned; leave out -i",
                 plan->file);
        return -EINVAL;
    }
    return 0;
}

/* the allowlist is needed again only where addresses come in late; it must be the same */
static int check_allowlist(const struct plan *plan, char *err, const struct options *o,
                           const struct dataset_header *h)
{
    bool needed = plan->filters_late && h->has_allowlist;
    if (needed == (o->allowlist_file != NULL) &&
        (!needed || memcmp(plan->allow_sha256, h->allowlist_sha256, 32) == 0))
        return 0;
    snprintf(err, PLAN_ERR_MAX, "--allowlist-file: %s: %s", plan->file,
             needed ? "was begun with an allowlist; give the same file again, unchanged"
                    : "has no use for an allowlist any more; leave it out");
    return -EINVAL;
}

/* What was blocked while it ran is known to the list only: it must be given again. It may have
 * grown; an empty one is given on purpose. */
static int check_blocklist(const struct plan *plan, char *err, const struct options *o,
                           const struct dataset_header *h)
{
    if (!h->has_blocklist || o->blocklist_file != NULL || plan->finished)
        return 0;
    snprintf(err, PLAN_ERR_MAX,
             "--blocklist-file: %s was begun with a blocklist; give it again as it is now, with -b",
             plan->file);
    return -EINVAL;
}

static int plan_resumed(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
                        struct dataset_found *found)
{
    char why[DATASET_ERR_MAX] = "";
    int rc = load_sets(plan, err, o);
    if (rc != 0)
        return rc;
    rc = dataset_resume(&plan->dataset, found, why, o->resume_file);
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "%s", why);
        return rc;
    }
    const struct dataset_header *h = found->header;
    plan->space = h->space;
    plan->counts = h->counts;
    plan->num_shards = h->num_shards;
    plan->shard = h->shard;
    plan->seed = h->seed;
    plan->record_mode = h->record_mode;
    plan->start_us = h->start_us;
    plan->streamed = h->streamed;
    plan->include_special = h->include_special;
    plan->has_allowlist = h->has_allowlist;
    plan->sample_ppm = h->sample_ppm;
    plan->limit = h->limit;
    plan->filters_late = h->streamed || target_space_has_names(h->space);
    plan->file = o->resume_file;
    plan->torn_bytes = found->torn_bytes;
    plan->finished = found->finished;
    plan->ended = found->ended;
    plan->num_done = found->num_done_positions;
    if ((rc = header_check(plan, err, h)) != 0)
        return rc;
    if (o->resume_or_create)
        rc = plan_match(plan, err, o, h);
    else if ((rc = check_list(plan, err, o)) == 0)
        rc = check_allowlist(plan, err, o, h);
    if (rc == 0)
        rc = check_blocklist(plan, err, o, h);
    if (rc != 0)
        return rc;
    rc = sources_take(&plan->sources, why, h->sources, h->num_sources, h->ehlo_names,
                      h->num_ehlo_names);
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "%s: %s; it is not a sweep of mxsweep's", plan->file, why);
        return -EINVAL;
    }
    if ((rc = check_sources(plan, err)) != 0 || (rc = fit(plan, err, o)) != 0 ||
        (rc = load_control(plan, err, o)) != 0)
        return rc;
    return plan->streamed && !plan->finished ? open_stream(plan, err, o, found) : 0;
}

/* ---- both ---- */

/* a sweep that is to be rotated must be able to */
static int check_rotation(struct plan *plan, char *err, const struct options *o)
{
    char why[DATASET_ERR_MAX];
    if (plan->dataset == NULL || (o->rotate_size == 0 && o->rotate_ns == 0))
        return 0;
    int rc = dataset_can_rotate(plan->dataset, why);
    if (rc == 0)
        return 0;
    snprintf(err, PLAN_ERR_MAX, "--rotate-size, --rotate-time: %s", why);
    if (o->resume_file == NULL)
        unlink(plan->file); /* nothing is in it */
    return rc == -EEXIST ? -EINVAL : rc;
}

/* the open positions of a space; those of a stream come from its list */
static int plan_positions(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
                          const struct dataset_found *found)
{
    uint64_t count = plan->limit != 0 ? plan->limit : plan->space->count;
    plan->max_targets = o->max_targets;
    if (plan->streamed)
        return 0;
    permutation_init(&plan->order, plan->space->count, plan->seed);
    int rc = lease_source_init(&plan->leases, count, plan->num_shards, plan->shard, found->done,
                               found->num_done);
    plan->num_positions = plan->leases.num_open + plan->num_done;
    if (o->max_targets_ppm != 0)
        plan->max_targets = no_more_than(plan->num_positions, o->max_targets_ppm);
    if (plan->max_targets != 0)
        lease_source_cap(&plan->leases, plan->max_targets);
    if (rc == 0 && plan->num_positions == 0) {
        snprintf(err, PLAN_ERR_MAX, "--shard %u: there are only %llu targets for %u shards",
                 plan->shard, (unsigned long long)count, plan->num_shards);
        return -EINVAL;
    }
    return rc;
}

int plan_make(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, int64_t now_us)
{
    struct dataset_found found = {0};
    memset(plan, 0, sizeof *plan);
    prefix_set_init(&plan->special);
    prefix_set_init(&plan->block);
    prefix_set_init(&plan->allow);
    engine_bell_init(&plan->bell);
    snprintf(err, PLAN_ERR_MAX, "no memory");
    int rc = o->resume_file != NULL ? plan_resumed(plan, err, o, &found)
                                    : plan_new(plan, err, o, now_us);
    if (rc == 0)
        rc = check_rotation(plan, err, o);
    if (rc != 0)
        return rc;
    plan->filters_late = plan->streamed || target_space_has_names(plan->space);
    return plan_positions(plan, err, o, &found);
}

void plan_cleanup(struct plan *plan)
{
    stream_close(plan->stream);
    engine_bell_cleanup(&plan->bell);
    control_free(plan->control);
    asdb_close(plan->asdb);
    dataset_abandon(plan->dataset);
    lease_source_cleanup(&plan->leases);
    target_space_cleanup(&plan->own_space);
    prefix_set_cleanup(&plan->special);
    prefix_set_cleanup(&plan->block);
    prefix_set_cleanup(&plan->allow);
}
