#include "scanner/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "scanner/units.h"

enum { TIME_MAX = 40 };

static const char *left_text(char *out, size_t out_len, const struct status *s)
{
    if (!s->knows_left)
        return "?";
    return s->left_ns != UINT64_MAX ? unit_seconds(out, out_len, s->left_ns) : "years";
}

/* "3/8 37.5%", or of a stream "3 (37.5% read)", "3" */
static void done_text(char *out, size_t out_len, const struct status *s)
{
    uint64_t permille =
        s->share < 1000 ? (uint64_t)(s->share * 1000) : 1000000; /* cut, not rounded */
    if (s->knows_total)
        snprintf(out, out_len, "%" PRIu64 "/%" PRIu64 " %" PRIu64 ".%" PRIu64 "%%", s->num_done,
                 s->num_targets, permille / 10, permille % 10);
    else if (s->share >= 0)
        snprintf(out, out_len, "%" PRIu64 " (%" PRIu64 ".%" PRIu64 "%% read)", s->num_done,
                 permille / 10, permille % 10);
    else
        snprintf(out, out_len, "%" PRIu64, s->num_done);
}

void status_line(char out[STATUS_LINE_MAX], const struct status *s)
{
    const struct engine_figures *f = &s->figures;
    char left[24], done[80];
    done_text(done, sizeof done, s);
    const char *phase = s->phase == PHASE_PAUSED && f->disk_waits
                            ? "PAUSED: the dataset cannot be written | "
                        : s->phase == PHASE_PAUSED  ? "PAUSED: no control target answers | "
                        : s->phase == PHASE_WAITING ? "waiting to retry | "
                                                    : "";
    snprintf(out, STATUS_LINE_MAX,
             "%s%s, left %s | in flight %" PRIu64 ", parked %" PRIu64
             " | %.0f/s now, %.0f/s avg | open %" PRIu64 ", STARTTLS %" PRIu64 ", TLS %" PRIu64
             ", throttled %" PRIu64 ", ours %" PRIu64 " | lag %" PRIu64 " ms, queue %" PRIu64 " kB",
             phase, done, left_text(left, sizeof left, s), f->in_flight, f->num_parked, s->rate_now,
             s->rate_avg, f->count[COUNT_OPEN], f->count[COUNT_STARTTLS], f->count[COUNT_TLS],
             f->count[COUNT_THROTTLED], f->count[COUNT_OURS], f->loop_lag_ns / 1000000,
             f->queue_bytes / 1000);
}

/* RFC 3339, to the millisecond */
static void time_text(char out[TIME_MAX], int64_t utc_us)
{
    time_t seconds = (time_t)(utc_us / 1000000);
    struct tm tm;
    out[0] = '\0';
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    size_t len = strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + len, TIME_MAX - len, ".%03uZ", (unsigned)(utc_us % 1000000 / 1000));
}

static void put_number(struct json *j, const char *key, double value, int decimals)
{
    json_key(j, key);
    json_fixed(j, value, decimals);
}

void status_json(struct json *j, const struct status *s, int64_t utc_us)
{
    const struct engine_figures *f = &s->figures;
    char time[TIME_MAX];
    time_text(time, utc_us);
    json_object(j);
    json_add_string(j, "time", time);
    json_add_string(j, "phase", phase_slug(s->phase));
    json_add_uint(j, "done", s->num_done);
    json_key(j, "total");
    if (s->knows_total)
        json_uint(j, s->num_targets);
    else
        json_null(j);
    json_key(j, "share");
    if (s->share >= 0)
        json_fixed(j, s->share, 6);
    else
        json_null(j);
    json_key(j, "left_s");
    if (s->knows_left && s->left_ns != UINT64_MAX)
        json_fixed(j, (double)s->left_ns / 1e9, 1);
    else
        json_null(j);
    json_add_uint(j, "in_flight", f->in_flight);
    json_add_uint(j, "parked", f->num_parked);
    json_add_uint(j, "backed_off", f->num_backed_off);
    put_number(j, "rate_now", s->rate_now, 3);
    put_number(j, "rate_avg", s->rate_avg, 3);
    json_add_uint(j, "open", f->count[COUNT_OPEN]);
    json_add_uint(j, "starttls", f->count[COUNT_STARTTLS]);
    json_add_uint(j, "tls", f->count[COUNT_TLS]);
    json_add_uint(j, "throttled", f->count[COUNT_THROTTLED]);
    json_add_uint(j, "retried", f->count[COUNT_RETRIED]);
    json_add_uint(j, "audits", f->count[COUNT_AUDITS]);
    json_add_uint(j, "ours", f->count[COUNT_OURS]);
    json_add_uint(j, "queue_bytes", f->queue_bytes);
    put_number(j, "loop_lag_ms", (double)f->loop_lag_ns / 1e6, 3);
    json_object_end(j);
}
