#include "scanner/progress.h"

#define NS_PER_S UINT64_C(1000000000)
/* what the pace is taken from; when all are started, only the slow ones are left */
#define WINDOW_NS      (60 * NS_PER_S)
#define TAIL_WINDOW_NS (10 * NS_PER_S)
/* between two samples; a little less than the second that statuses are apart */
#define SAMPLE_NS (NS_PER_S - NS_PER_S / 10)

const char *phase_slug(enum phase phase)
{
    static const char *const slugs[] = {
#define X(NAME, slug) [PHASE_##NAME] = slug,
        PHASES(X)
#undef X
    };
    return slugs[phase];
}

static double per_second(uint64_t count, uint64_t ns)
{
    return ns == 0 ? 0 : (double)count * 1e9 / (double)ns;
}

/* counters only grow, but those of several threads are not read at one moment */
static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* ---- the last minute ---- */

static void remember(struct progress *p, const struct progress_sample *now)
{
    const struct progress_sample *newest = &p->samples[(p->num - 1) % PROGRESS_SAMPLES];
    if (less(now->at_ns, newest->at_ns) >= SAMPLE_NS)
        p->samples[p->num++ % PROGRESS_SAMPLES] = *now;
}

/* the oldest sample within the window; if none is (the process was held up), the newest */
static const struct progress_sample *window_start(const struct progress *p, uint64_t now_ns,
                                                  uint64_t span_ns)
{
    size_t first = p->num > PROGRESS_SAMPLES ? p->num - PROGRESS_SAMPLES : 0;
    while (first < p->num - 1 && less(now_ns, p->samples[first % PROGRESS_SAMPLES].at_ns) > span_ns)
        first++;
    return &p->samples[first % PROGRESS_SAMPLES];
}

/* ---- time left ---- */

/* Tells whether starts come as fast as the limit lets them, but for a tenth: sessions end in bursts
 * and leave room for so many. One start may be on its way. */
static bool limit_binds(uint64_t step_ns, uint64_t num_started, uint64_t window_ns)
{
    return step_ns != 0 && window_ns != 0 &&
           ((double)num_started + 1) * (double)step_ns >= 0.9 * (double)window_ns;
}

static uint64_t whole_ns(double ns)
{
    return ns < 1e18 ? (uint64_t)ns : UINT64_MAX;
}

static bool stream_is_over(const struct engine_figures *f)
{
    return f->stream_ended && f->num_unsettled == 0;
}

/* how much of a stream is read; negative: nobody knows. A file may grow meanwhile. */
static double stream_share(const struct engine_figures *f)
{
    if (stream_is_over(f) ||
        (f->stream.octets_total != 0 && f->stream.octets >= f->stream.octets_total))
        return 1;
    return f->stream.octets_total == 0 ? -1
                                       : (double)f->stream.octets / (double)f->stream.octets_total;
}

/* at the pace so far: the reader is only a little ahead. When all is read, nobody knows how long
 * what was begun will take. */
static bool stream_left(uint64_t *left_ns, const struct engine_figures *f,
                        const struct progress_sample *now)
{
    double share = stream_share(f);
    *left_ns = 0;
    if (stream_is_over(f))
        return true;
    if (share <= 0 || share >= 1 || now->at_ns == 0 || f->stop != ENGINE_RUN)
        return false;
    *left_ns = whole_ns((double)now->at_ns * (1 - share) / share);
    return true;
}

static bool time_left(uint64_t *left_ns, const struct progress *p, const struct engine_figures *f,
                      const struct progress_sample *now)
{
    if (f->streamed)
        return stream_left(left_ns, f, now);
    uint64_t num_left = less(p->num_open, now->done);
    bool may_start = num_left > f->in_flight; /* else the limit no longer matters */
    const struct progress_sample *start =
        window_start(p, now->at_ns, may_start ? WINDOW_NS : TAIL_WINDOW_NS);
    uint64_t window_ns = less(now->at_ns, start->at_ns);
    uint64_t num_done = less(now->done, start->done);
    *left_ns = 0;
    if (num_left == 0)
        return true;
    if (f->stop != ENGINE_RUN)
        return false;
    if (may_start && limit_binds(f->step_ns, less(now->started, start->started), window_ns))
        *left_ns = whole_ns((double)num_left * (double)f->step_ns);
    else if (num_done > 0)
        *left_ns = whole_ns((double)num_left * (double)window_ns / (double)num_done);
    else
        return false;
    return true;
}

/* ---- statuses ---- */

void progress_init(struct progress *p, uint64_t num_targets, uint64_t done_before,
                   uint64_t num_open)
{
    *p = (struct progress){.num_targets = num_targets,
                           .done_before = done_before,
                           .num_open = num_open,
                           .num = 1}; /* the start: nothing done at 0 */
}

static enum phase phase_of(const struct engine_figures *f, uint64_t num_open)
{
    bool begun = f->streamed ? f->stream_ended : num_open == f->num_unsettled;
    switch (f->stop) {
    case ENGINE_RUN:
        if (f->cut_off || f->disk_waits)
            return PHASE_PAUSED;
        return begun && f->num_parked > 0 && f->num_parked == f->num_unsettled ? PHASE_WAITING
                                                                               : PHASE_RUNNING;
    case ENGINE_DRAIN: return PHASE_DRAINING;
    case ENGINE_ABORT: return PHASE_ABORTING;
    }
    return PHASE_ABORTING;
}

void progress_take(struct progress *p, struct status *out, const struct engine_figures *f,
                   uint64_t now_ns)
{
    struct progress_sample now = {now_ns, f->count[COUNT_STARTED], f->count[COUNT_DONE]};
    uint64_t num_done = p->done_before + now.done;
    *out = (struct status){
        .phase = phase_of(f, less(p->num_open, now.done)),
        .figures = *f,
        .run_ns = now_ns,
        .num_done = num_done,
        .num_targets = p->num_targets,
        .knows_total = !f->streamed,
        .share = f->streamed           ? stream_share(f)
                 : p->num_targets == 0 ? 1
                                       : (double)num_done / (double)p->num_targets,
        .rate_now = per_second(less(now.started, p->last.started), less(now_ns, p->last.at_ns)),
        .rate_avg = per_second(now.started, now_ns),
        .rate_limit = f->step_ns == 0 ? 0 : 1e9 / (double)f->step_ns,
    };
    out->knows_left = time_left(&out->left_ns, p, f, &now);
    p->last = now;
    remember(p, &now);
}
