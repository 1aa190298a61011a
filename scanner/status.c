#include "scanner/status.h"

#include <stdio.h>

#include "scanner/units.h"

static double per_second(uint64_t count, uint64_t ns)
{
    return ns == 0 ? 0 : (double)count * 1e9 / (double)ns;
}

/* from what this run has done so far; nothing is said before there is something to go by */
static const char *time_left(char *out, size_t out_len, uint64_t left, uint64_t done,
                             uint64_t now_ns)
{
    if (left == 0)
        return "0.0s";
    if (done == 0)
        return "?";
    double ns = (double)now_ns / (double)done * (double)left;
    return ns < 1e18 ? unit_seconds(out, out_len, (uint64_t)ns) : "years";
}

void status_line(struct status *s, char out[STATUS_LINE_MAX], const struct engine_figures *f,
                 uint64_t now_ns)
{
    const uint64_t *count = f->count;
    uint64_t done = s->done_before + count[COUNT_DONE];
    uint64_t left = s->num_targets > done ? s->num_targets - done : 0;
    uint64_t permille =
        s->num_targets == 0 ? 1000 : (uint64_t)((double)done * 1000.0 / (double)s->num_targets);
    char left_text[24];
    snprintf(out, STATUS_LINE_MAX,
             "%llu/%llu %llu.%llu%%, left %s | in flight %llu | %.0f/s now, %.0f/s avg | "
             "open %llu, STARTTLS %llu, TLS %llu, throttled %llu, ours %llu",
             (unsigned long long)done, (unsigned long long)s->num_targets,
             (unsigned long long)(permille / 10), (unsigned long long)(permille % 10),
             time_left(left_text, sizeof left_text, left, count[COUNT_DONE], now_ns),
             (unsigned long long)f->in_flight,
             per_second(count[COUNT_STARTED] - s->last_started, now_ns - s->last_ns),
             per_second(count[COUNT_STARTED], now_ns), (unsigned long long)count[COUNT_OPEN],
             (unsigned long long)count[COUNT_STARTTLS], (unsigned long long)count[COUNT_TLS],
             (unsigned long long)count[COUNT_THROTTLED], (unsigned long long)count[COUNT_OURS]);
    s->last_ns = now_ns;
    s->last_started = count[COUNT_STARTED];
}
