#include "scanner/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "scanner/fit.h"
#include "scanner/header.h"

static const char LOOPBACK_NAME[] = "localhost";

/* ---- targets ---- */

static int load_targets(struct target_list *list, char *err, const struct options *o)
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
    snprintf(err, PLAN_ERR_MAX,
             "no target is left of %llu addresses: %llu are special-purpose (--include-special "
             "visits them), %llu "
             "are on the blocklist, %llu are not on the allowlist",
             (unsigned long long)c->given, (unsigned long long)c->special,
             (unsigned long long)c->blocked, (unsigned long long)c->not_allowed);
    return -EINVAL;
}

static int build_space(struct plan *plan, char *err, const struct options *o,
                       const struct target_list *list)
{
    static const uint16_t smtp_port = 25;
    const uint16_t *ports = o->num_ports > 0 ? o->ports : &smtp_port;
    size_t num_ports = o->num_ports > 0 ? o->num_ports : 1;
    int rc = target_space_build(&plan->own_space, &plan->counts, list,
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
    return plan->own_space.count == 0 ? nothing_left(&plan->counts, err) : 0;
}

/* ---- our own name ---- */

static bool only_loopback(const struct target_space *space)
{
    static const struct addr six = {0, 1};
    struct addr first = addr_v4(0x7f000000), last = addr_v4(0x7fffffff);
    for (size_t i = 0; i < space->num_segments; i++) {
        const struct target_segment *s = &space->segments[i];
        bool four = addr_cmp(s->first, first) >= 0 && addr_cmp(s->last, last) <= 0;
        if (!four && !(addr_cmp(s->first, six) == 0 && addr_cmp(s->last, six) == 0))
            return false;
    }
    return true;
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool literal_is_sound(struct bytes name)
{
    for (size_t i = 1; i < name.len - 1; i++)
        if (!is_alnum(name.data[i]) && memchr(".:-", name.data[i], 3) == NULL)
            return false;
    return name.len > 2 && name.data[name.len - 1] == ']';
}

/* letters, digits and inner hyphens; *digits: digits alone */
static bool label_is_sound(bool *digits, const uint8_t *label, size_t len)
{
    *digits = true;
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(label[i]) && (label[i] != '-' || i == 0 || i == len - 1))
            return false;
        *digits &= label[i] >= '0' && label[i] <= '9';
    }
    return len > 0 && len <= 63;
}

/* RFC 5321, 4.1.1.1: a domain name of ours, or an address literal. It is sent as it is: nothing
 * else may be in it, be it from the command line or from a dataset. */
static bool name_is_sound(struct bytes name, bool needs_dot)
{
    if (name.len == 0 || name.len > TARGET_HOST_MAX)
        return false;
    if (name.data[0] == '[')
        return literal_is_sound(name);
    bool digits = false;
    size_t num_labels = 0;
    for (size_t at = 0; at <= name.len; num_labels++) {
        const uint8_t *dot = at < name.len ? memchr(name.data + at, '.', name.len - at) : NULL;
        size_t end = dot != NULL ? (size_t)(dot - name.data) : name.len;
        if (!label_is_sound(&digits, name.data + at, end - at))
            return false;
        at = end + 1;
    }
    /* a last label of digits: an address without its brackets */
    return !digits && (num_labels > 1 || !needs_dot);
}

static int choose_name(struct plan *plan, char *err, const struct options *o)
{
    bool loopback = only_loopback(plan->space);
    const char *name = o->ehlo_name != NULL ? o->ehlo_name : LOOPBACK_NAME;
    if (o->dry_run)
        return 0;
    if (o->ehlo_name == NULL && !loopback) {
        snprintf(err, PLAN_ERR_MAX,
                 "--ehlo-name: not given; name the host that scans, by a name that its address "
                 "resolves to: those who are scanned look it up");
        return -EINVAL;
    }
    if (!name_is_sound(bytes_text(name), !loopback)) {
        snprintf(err, PLAN_ERR_MAX,
                 "--ehlo-name: is no fully qualified domain name, nor an [address]");
        return -EINVAL;
    }
    plan->ehlo_name = bytes_text(name);
    return 0;
}

/* ---- what this machine allows ---- */

static int fit(struct plan *plan, char *err, const struct options *o)
{
    uint64_t needed;
    plan->threads = fit_threads(o->threads);
    plan->in_flight =
        fit_in_flight(&needed, o->in_flight, plan->threads, plan->num_shards, plan->shard);
    if (plan->in_flight > 0 || o->dry_run)
        return 0;
    snprintf(err, PLAN_ERR_MAX,
             "the limit of descriptors leaves none for a connection; raise it (ulimit -n) to %llu "
             "or more, or ask for fewer --threads",
             (unsigned long long)needed);
    return -EINVAL;
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

static int plan_new(struct plan *plan, char *err, const struct options *o, int64_t now_us)
{
    struct target_list *list = target_list_new();
    int rc = list == NULL ? -ENOMEM : load_targets(list, err, o);
    if (rc == 0)
        rc = load_sets(plan, err, o);
    if (rc == 0)
        rc = build_space(plan, err, o, list);
    target_list_free(list);
    if (rc != 0)
        return rc;
    plan->space = &plan->own_space;
    plan->num_shards = (uint32_t)o->shards;
    plan->shard = (uint32_t)o->shard;
    plan->record_mode = o->record_mode;
    plan->starttls_anyway = o->starttls_anyway;
    plan->start_us = now_us;
    plan->file = o->output_file;
    if ((rc = fit(plan, err, o)) != 0 || (rc = choose_name(plan, err, o)) != 0 ||
        (rc = choose_seed(plan, err, o)) != 0)
        return rc;
    return o->dry_run ? 0 : header_create(plan, err, o);
}

/* ---- a resumed sweep ---- */

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
    plan->file = o->resume_file;
    plan->torn_bytes = found->torn_bytes;
    plan->finished = found->finished;
    plan->num_done = found->num_done_positions;
    plan->filter = o->blocklist_file != NULL ? &plan->block : NULL;
    rc = fit(plan, err, o);
    if (rc == 0)
        rc = header_check(plan, err, h);
    if (rc == 0 && !name_is_sound(plan->ehlo_name, false)) {
        snprintf(err, PLAN_ERR_MAX,
                 "%s: its header's EHLO name is none; it is not a sweep of mxsweep's", plan->file);
        return -EINVAL;
    }
    return rc;
}

/* ---- both ---- */

int plan_make(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o, int64_t now_us)
{
    struct dataset_found found = {0};
    memset(plan, 0, sizeof *plan);
    prefix_set_init(&plan->special);
    prefix_set_init(&plan->block);
    prefix_set_init(&plan->allow);
    snprintf(err, PLAN_ERR_MAX, "no memory");
    int rc = o->resume_file != NULL ? plan_resumed(plan, err, o, &found)
                                    : plan_new(plan, err, o, now_us);
    if (rc != 0)
        return rc;
    permutation_init(&plan->order, plan->space->count, plan->seed);
    rc = lease_source_init(&plan->leases, plan->space->count, plan->num_shards, plan->shard,
                           found.done, found.num_done);
    plan->num_positions = plan->leases.num_open + plan->num_done;
    if (rc == 0 && plan->num_positions == 0) {
        snprintf(err, PLAN_ERR_MAX, "--shard %u: there are only %llu targets for %u shards",
                 plan->shard, (unsigned long long)plan->space->count, plan->num_shards);
        return -EINVAL;
    }
    return rc;
}

void plan_cleanup(struct plan *plan)
{
    dataset_abandon(plan->dataset);
    lease_source_cleanup(&plan->leases);
    target_space_cleanup(&plan->own_space);
    prefix_set_cleanup(&plan->special);
    prefix_set_cleanup(&plan->block);
    prefix_set_cleanup(&plan->allow);
}

void plan_print(const struct plan *plan, FILE *out)
{
    for (uint64_t i = 0; i < plan->leases.num_open; i++) {
        char text[ADDR_TEXT_MAX];
        uint64_t position = lease_position(&plan->leases, i);
        struct target t = target_space_at(plan->space, permutation_at(&plan->order, position));
        addr_format(text, t.addr);
        fprintf(out, "%s\t%u\t%.*s\t%.*s\n", text, t.port, (int)t.host.len,
                (const char *)t.host.data, (int)t.tag.len, (const char *)t.tag.data);
        if (ferror(out))
            return;
    }
}
