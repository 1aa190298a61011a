#include "scanner/options_table.h"
#include "core/audit.h"

#include <errno.h>
#include <stdlib.h>

#include "scanner/units.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- values ---- */

bool option_add_text(struct text_list *list, const char *text)
{
    const char **grown = realloc(list->texts, (list->num + 1) * sizeof list->texts[0]);
    if (grown == NULL)
        return false;
    grown[list->num++] = text;
    list->texts = grown;
    return true;
}

static bool set_text(const char **field, const char *value)
{
    if (*field != NULL || value[0] == '\0') /* a second one would silently replace the first */
        return false;
    *field = value;
    return true;
}

static bool set_flag(bool *field)
{
    *field = true;
    return true;
}

static bool count_between(uint64_t *out, const char *value, uint64_t low, uint64_t high)
{
    uint64_t count;
    if (!unit_count(&count, value) || count < low || count > high)
        return false;
    *out = count;
    return true;
}

static bool time_out(uint64_t *out, const char *value)
{
    uint64_t ns;
    if (!unit_duration(&ns, value) || ns == 0 || ns > 24 * 3600 * NS_PER_S)
        return false;
    *out = ns;
    return true;
}

static bool add_port(struct options *o, const char *text, size_t len)
{
    char copy[8];
    uint64_t port;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strspn(copy, "0123456789") != len || !count_between(&port, copy, 1, 65535) ||
        o->num_ports == TARGET_PORTS_MAX)
        return false;
    for (size_t i = 0; i < o->num_ports; i++)
        if (o->ports[i] == port)
            return false;
    o->ports[o->num_ports++] = (uint16_t)port;
    return true;
}

static bool set_ports(struct options *o, const char *v)
{
    for (;;) {
        size_t len = strcspn(v, ",");
        if (!add_port(o, v, len))
            return false;
        if (v[len] == '\0')
            return true;
        v += len + 1;
    }
}

static bool set_seed(struct options *o, const char *v)
{
    char *end;
    errno = 0;
    int base = v[0] == '0' && (v[1] | 32) == 'x' ? 16 : 10; /* a leading 0 alone is no octal */
    unsigned long long seed = strtoull(v, &end, base);
    if (v[0] < '0' || v[0] > '9' || *end != '\0' || errno != 0)
        return false;
    o->seed = seed;
    return set_flag(&o->has_seed);
}

static bool set_record(struct options *o, const char *v)
{
    if (strcmp(v, "all") != 0 && strcmp(v, "responsive") != 0)
        return false;
    o->record_mode = v[0] == 'a' ? RECORD_ALL : RECORD_RESPONSIVE;
    return set_flag(&o->has_record);
}

static bool set_shards(struct options *o, const char *v)
{
    o->has_shards = true;
    return count_between(&o->shards, v, 1, UINT32_MAX);
}

static bool set_shard(struct options *o, const char *v)
{
    o->has_shards = o->has_shard = true;
    return count_between(&o->shard, v, 0, UINT32_MAX - 1);
}

#define TEXT_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        return set_text(&o->field, v);                                                             \
    }
TEXT_SETTER(output_file)
TEXT_SETTER(resume_file)
TEXT_SETTER(blocklist_file)
TEXT_SETTER(allowlist_file)
TEXT_SETTER(ehlo_name)
TEXT_SETTER(user_metadata)
TEXT_SETTER(status_file)
TEXT_SETTER(metrics_file)
TEXT_SETTER(source_ips)
TEXT_SETTER(asn_db)
TEXT_SETTER(control_file)
TEXT_SETTER(dns_servers)

#define FLAG_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        (void)v;                                                                                   \
        return set_flag(&o->field);                                                                \
    }
FLAG_SETTER(include_special)
FLAG_SETTER(starttls_anyway)
FLAG_SETTER(dry_run)
FLAG_SETTER(quiet)
FLAG_SETTER(stream)
FLAG_SETTER(preflight)
FLAG_SETTER(explain_failures)
FLAG_SETTER(resume_or_create)
FLAG_SETTER(help)
FLAG_SETTER(version)

#define TIME_SETTER(field)                                                                         \
    static bool set_##field(struct options *o, const char *v)                                      \
    {                                                                                              \
        return time_out(&o->field, v);                                                             \
    }
TIME_SETTER(connect_timeout_ns)
TIME_SETTER(reply_timeout_ns)
TIME_SETTER(tls_timeout_ns)
TIME_SETTER(session_timeout_ns)
TIME_SETTER(flush_ns)
TIME_SETTER(control_interval_ns)
TIME_SETTER(audit_delay_ns)

static bool set_input(struct options *o, const char *v)
{
    return v[0] != '\0' && option_add_text(&o->input_files, v);
}

static bool set_audit(struct options *o, const char *v)
{
    char err[AUDIT_ERROR_MAX];
    return o->audits == 0 && audit_parse(&o->audits, err, v);
}

static bool set_rate(struct options *o, const char *v)
{
    return unit_rate(&o->rate_step_ns, v);
}

static bool set_prefix_rate(struct options *o, const char *v)
{
    return unit_rate(&o->prefix_step_ns, v);
}

static bool set_as_rate(struct options *o, const char *v)
{
    return unit_rate(&o->as_step_ns, v);
}

static bool set_prefix_in_flight(struct options *o, const char *v)
{
    return count_between(&o->prefix_in_flight, v, 0, 10000000);
}

/* "24,48" */
static bool set_prefix_len(struct options *o, const char *v)
{
    char four[4];
    const char *comma = strchr(v, ',');
    uint64_t len4, len6;
    if (comma == NULL || (size_t)(comma - v) >= sizeof four)
        return false;
    memcpy(four, v, (size_t)(comma - v));
    four[comma - v] = '\0';
    if (!count_between(&len4, four, 1, 32) || !count_between(&len6, comma + 1, 1, 128))
        return false;
    o->prefix_len4 = (unsigned)len4;
    o->prefix_len6 = (unsigned)len6;
    return true;
}

static bool set_retries(struct options *o, const char *v)
{
    return count_between(&o->retries, v, 0, VISIT_ATTEMPTS_MAX);
}

static bool time_or_none(uint64_t *out, const char *v)
{
    if (strcmp(v, "0") != 0)
        return time_out(out, v);
    *out = 0;
    return true;
}

static bool set_retry_delay_ns(struct options *o, const char *v)
{
    return time_or_none(&o->retry_delay_ns, v);
}

static bool set_disk_wait_ns(struct options *o, const char *v)
{
    return time_or_none(&o->disk_wait_ns, v);
}

static bool set_rotate_size(struct options *o, const char *v)
{
    return unit_octets(&o->rotate_size, v);
}

static bool set_rotate_time(struct options *o, const char *v)
{
    uint64_t ns = 0;
    if (strcmp(v, "0") != 0 && (!unit_duration(&ns, v) || ns == 0))
        return false;
    o->rotate_ns = ns;
    return true;
}

static bool set_syns(struct options *o, const char *v)
{
    return count_between(&o->syns, v, 0, 127);
}

static bool set_max_targets(struct options *o, const char *v)
{
    return unit_percent(&o->max_targets_ppm, v) || count_between(&o->max_targets, v, 1, UINT64_MAX);
}

static bool set_max_runtime(struct options *o, const char *v)
{
    uint64_t ns;
    if (!unit_duration(&ns, v) || ns == 0)
        return false;
    o->max_runtime_ns = ns;
    return true;
}

static bool set_sample(struct options *o, const char *v)
{
    return unit_percent(&o->sample_ppm, v);
}

static bool set_in_flight(struct options *o, const char *v)
{
    return count_between(&o->in_flight, v, 0, 10000000);
}

static bool set_threads(struct options *o, const char *v)
{
    return count_between(&o->threads, v, 1, 64);
}

/* ---- the table ---- */

const struct option_row option_rows[] = {
    {"input-file", 'i', "FILE", "targets, one a line: TARGET[,HOSTNAME[,TAG]]; \"-\" is stdin",
     set_input, "a file name or \"-\""},
    {"output-file", 'o', "FILE", "the dataset to write; it must not exist", set_output_file,
     "one file name, given once"},
    {"resume", 0, "FILE", "go on with the sweep that wrote FILE", set_resume_file,
     "one file name, given once"},
    {"resume-or-create", 0, NULL,
     "go on with the sweep in --output-file if it exists, else begin it", set_resume_or_create,
     NULL},
    {"stream", 0, NULL, "read the list as it comes, in its own order, however long it is",
     set_stream, NULL},
    {"port", 'p', "LIST", "ports, comma-separated (25)", set_ports,
     "ports from 1 to 65535, each once, separated by commas"},
    {"blocklist-file", 'b', "FILE", "never visit these: ADDRESS, PREFIX or RANGE a line",
     set_blocklist_file, "one file name, given once"},
    {"allowlist-file", 'w', "FILE", "visit only these", set_allowlist_file,
     "one file name, given once"},
    {"include-special", 0, NULL, "visit special-purpose ranges too, loopback for one",
     set_include_special, NULL},
    {"rate", 'r', "R", "starts per second of the sweep, or N/m, N/h; 0: no limit (100)", set_rate,
     "a number, or a number followed by /s, /m or /h"},
    {"in-flight", 's', "N", "sessions at once; 0: what descriptors allow (1000)", set_in_flight,
     "a number from 0 to 10M"},
    {"prefix-rate", 0, "R", "starts per second in one /24 or /48; 0: no limit (10)",
     set_prefix_rate, "a number, or a number followed by /s, /m or /h"},
    {"prefix-in-flight", 0, "N", "sessions at once in one /24 or /48; 0: no limit (64)",
     set_prefix_in_flight, "a number from 0 to 10M"},
    {"prefix-len", 0, "V4,V6", "what a network is, in bits (24,48)", set_prefix_len,
     "two prefix lengths, such as 24,48"},
    {"as-rate", 0, "R", "starts per second in one AS; needs --asn-db; 0: no limit (0)", set_as_rate,
     "a number, or a number followed by /s, /m or /h"},
    {"asn-db", 0, "FILE", "database of AS numbers (mmdb)", set_asn_db, "one file name, given once"},
    {"retries", 0, "N", "visit a target that says \"later\" up to N times more, 0 to 3 (2)",
     set_retries, "a number from 0 to 3"},
    {"retry-delay", 0, "D", "wait D before that, twice as long the next time (1m)",
     set_retry_delay_ns, "a duration up to 24h, such as 500ms, 10s or 2m, or 0"},
    {"max-targets", 0, "N|P%", "begin no more than N targets, or P per cent of them",
     set_max_targets, "a number from 1, or per cent such as 5%"},
    {"max-runtime", 0, "D", "begin no more after D", set_max_runtime,
     "a duration such as 30m or 8h"},
    {"sample", 0, "P%", "a random sample of the targets: that many per cent", set_sample,
     "per cent above 0 to 100, such as 1% or 0.05%"},
    {"threads", 'T', "N", "workers (one per processor)", set_threads, "a number from 1 to 64"},
    {"shards", 0, "N", "machines that share the sweep (1)", set_shards, "a number from 1"},
    {"shard", 0, "I", "which of them this is, from 0 (0)", set_shard, "a number from 0"},
    {"seed", 'e', "N", "of the order of visits (random)", set_seed, "a number that fits 64 bits"},
    {"source-ip", 0, "LIST", "connect from these addresses, in turn", set_source_ips,
     "addresses separated by commas, given once"},
    {"ehlo-name", 0, "NAMES", "EHLO name, or one for each --source-ip; required outside loopback",
     set_ehlo_name, "names separated by commas, given once"},
    {"dns-servers", 0, "LIST", "ask these for host names: ADDRESS[:PORT],... (the system's)",
     set_dns_servers, "addresses separated by commas, given once"},
    {"starttls-anyway", 0, NULL, "send STARTTLS where it is not offered, too", set_starttls_anyway,
     NULL},
    {"audit", 0, "LIST", "ask more of each target: versions,legacy,... (see below), or all",
     set_audit,
     "names of audits separated by commas, or all, given once: versions, legacy, pq, "
     "resume, sni, suites, groups"},
    {"audit-delay", 0, "D", "between two connections of audits to one target (1s)",
     set_audit_delay_ns, "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"explain-failures", 0, NULL, "ask by one crafted hello why a handshake failed",
     set_explain_failures, NULL},
    {"connect-timeout", 0, "D", "for the TCP connection (10s)", set_connect_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"syns", 0, "N", "SYNs of one connection at most; 0: as many as the kernel sends (0)", set_syns,
     "a number from 0 to 127"},
    {"reply-timeout", 0, "D", "for each SMTP reply (45s)", set_reply_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"tls-timeout", 0, "D", "for the handshake (30s)", set_tls_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"session-timeout", 0, "D", "for the whole session (3m)", set_session_timeout_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"flush-interval", 0, "D", "a block is written at least this often (5s)", set_flush_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"disk-wait", 0, "D", "how long a full disk is waited for; 0: not at all (1m)",
     set_disk_wait_ns, "a duration up to 24h, such as 500ms, 10s or 2m, or 0"},
    {"rotate-size", 0, "N", "go on in another file after N octets, such as 4G; 0: never (0)",
     set_rotate_size, "a number of octets, such as 500M or 4G"},
    {"rotate-time", 0, "D", "go on in another file after D; 0: never (0)", set_rotate_time,
     "a duration such as 30m or 24h, or 0"},
    {"record", 0, "WHAT", "keep all, or only count the silent ones: all, responsive (all)",
     set_record, "all or responsive"},
    {"user-metadata", 0, "JSON", "kept in the dataset's header", set_user_metadata,
     "one JSON text, given once"},
    {"status-updates-file", 'u', "FILE", "add a JSON object a second to FILE; \"-\" is stdout",
     set_status_file, "one file name or \"-\", given once"},
    {"metrics-file", 0, "FILE", "keep figures for Prometheus in FILE, renewed each second",
     set_metrics_file, "one file name, given once"},
    {"control", 0, "FILE", "addresses known to answer: when all are silent, the sweep waits",
     set_control_file, "one file name, given once"},
    {"control-interval", 0, "D", "how often one of them is asked (10s)", set_control_interval_ns,
     "a duration up to 24h, such as 500ms, 10s or 2m"},
    {"preflight", 0, NULL, "look first whether this host is fit for the sweep, and say so",
     set_preflight, NULL},
    {"dry-run", 0, NULL, "print the targets in their order, one a line, and connect to none",
     set_dry_run, NULL},
    {"quiet", 'q', NULL, "no status line, no summary", set_quiet, NULL},
    {"help", 'h', NULL, "this text", set_help, NULL},
    {"version", 'V', NULL, "versions of mxsweep and its libraries", set_version, NULL},
};
_Static_assert(sizeof option_rows / sizeof option_rows[0] == NUM_OPTION_ROWS, "as the header says");
