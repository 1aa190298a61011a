#include "scanner/metrics.h"

#include <inttypes.h>
#include <math.h>

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_gauge(FILE *out, const char *name, double value, const char *help)
{
    print_head(out, name, "gauge", help);
    if (isnan(value))
        fprintf(out, "%s NaN\n", name);
    else if (isinf(value))
        fprintf(out, "%s +Inf\n", name);
    else
        fprintf(out, "%s %.17g\n", name, value);
}

static void print_count(FILE *out, const char *name, const char *type, uint64_t value,
                        const char *help)
{
    print_head(out, name, type, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void print_counters(FILE *out, const struct engine_figures *f)
{
    static const struct {
        const char *name, *help;
        enum engine_counter counter;
    } rows[] = {
        {"mxsweep_starts_total", "Connections opened by this run.", COUNT_STARTED},
        {"mxsweep_done_total", "Targets finished by this run.", COUNT_DONE},
        {"mxsweep_open_total", "Targets that accepted a TCP connection.", COUNT_OPEN},
        {"mxsweep_starttls_total", "Targets that answered STARTTLS with 220.", COUNT_STARTTLS},
        {"mxsweep_tls_total", "Targets that completed a TLS handshake.", COUNT_TLS},
        {"mxsweep_throttled_total", "Targets that asked to come back later.", COUNT_THROTTLED},
        {"mxsweep_retried_total", "Attempts after which the target is visited once more.",
         COUNT_RETRIED},
        {"mxsweep_audits_total", "Connections of audits, among those opened.", COUNT_AUDITS},
        {"mxsweep_own_faults_total", "Attempts that failed by a fault of this host.", COUNT_OURS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        print_count(out, rows[i].name, "counter", f->count[rows[i].counter], rows[i].help);
}

/* one series for each phase: 1 for the one that it is in */
static void print_phases(FILE *out, enum phase phase)
{
    static const char name[] = "mxsweep_phase";
    print_head(out, name, "gauge", "What the sweep is doing: 1 for the phase that it is in.");
    for (int i = 0; i < NUM_PHASES; i++)
        fprintf(out, "%s{phase=\"%s\"} %d\n", name, phase_slug((enum phase)i), i == (int)phase);
}

static double left_s(const struct status *s)
{
    if (!s->knows_left)
        return NAN;
    return s->left_ns != UINT64_MAX ? (double)s->left_ns / 1e9 : (double)INFINITY;
}

void metrics_print(FILE *out, const struct status *s, int64_t utc_us, uint32_t num_shards,
                   uint32_t shard)
{
    const struct engine_figures *f = &s->figures;
    fprintf(out,
            METRICS_FIRST_LINE "Which program this is, and which shard of how many.\n"
                               "# TYPE mxsweep_info gauge\n"
                               "mxsweep_info{version=\"%s\",shard=\"%u\",shards=\"%u\"} 1\n",
            MXSWEEP_VERSION, shard, num_shards);
    print_phases(out, s->phase);
    print_gauge(out, "mxsweep_targets", s->knows_total ? (double)s->num_targets : NAN,
                "Targets of this shard; NaN of a stream.");
    print_count(out, "mxsweep_targets_done", "gauge", s->num_done,
                "Targets of this shard that are done, by earlier runs too.");
    print_counters(out, f);
    print_count(out, "mxsweep_in_flight", "gauge", f->in_flight, "Sessions that are running.");
    print_count(out, "mxsweep_parked", "gauge", f->num_parked,
                "Targets that wait for their network's turn, or for a retry.");
    print_count(out, "mxsweep_backed_off_networks", "gauge", f->num_backed_off,
                "Networks that throttled and are not back to normal.");
    print_gauge(out, "mxsweep_starts_per_second", s->rate_now, "Connections opened, as of now.");
    print_gauge(out, "mxsweep_rate_limit_per_second", s->rate_limit,
                "Connections that this shard may open; 0 for no limit.");
    print_gauge(out, "mxsweep_left_seconds", left_s(s),
                "How long this run will take from now on; NaN if unknown.");
    print_gauge(out, "mxsweep_run_seconds", (double)s->run_ns / 1e9,
                "How long this run has taken so far.");
    print_gauge(out, "mxsweep_loop_lag_seconds", (double)f->loop_lag_ns / 1e9,
                "How late the latest timer of any worker came since the last update.");
    print_count(out, "mxsweep_queue_bytes", "gauge", f->queue_bytes,
                "Results that wait to be written, and room set aside for those to come.");
    print_gauge(out, "mxsweep_updated_timestamp_seconds", (double)utc_us / 1e6,
                "When these figures were written, since 1970.");
}
