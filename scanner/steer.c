#include "scanner/steer.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#define STEP_MAX_NS UINT64_C(3600000000000000) /* 1000 hours */

static void say(const struct steering *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct steering *s, const char *format, ...)
{
    va_list ap;
    if (s->o->quiet)
        return;
    va_start(ap, format);
    fprintf(stderr, "%smxsweep: ", s->before);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void steer_signals(sigset_t *set)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(set, signals[i]);
}

/* step * 100 / divisor, rounded up if up; does not overflow where the result fits */
static uint64_t hundred_parts(uint64_t step, uint64_t divisor, bool up)
{
    return step / divisor * 100 + (step % divisor * 100 + (up ? divisor - 1 : 0)) / divisor;
}

uint64_t steer_step(uint64_t step_ns, bool raise)
{
    if (raise)
        return step_ns > 1 ? hundred_parts(step_ns, 105, false) : 1;
    if (step_ns > STEP_MAX_NS)
        return step_ns;
    uint64_t step = hundred_parts(step_ns, 95, true);
    return step < STEP_MAX_NS ? step : STEP_MAX_NS;
}

static void change_rate(struct steering *s, bool raise)
{
    char value[32];
    struct engine_figures figures;
    engine_figures(s->engine, &figures);
    if (figures.step_ns == 0) {
        say(s, "there is no limit on starts to %s", raise ? "raise" : "lower");
        return;
    }
    uint64_t step_ns = steer_step(figures.step_ns, raise);
    engine_set_step(s->engine, step_ns);
    snprintf(value, sizeof value, "%lluns", (unsigned long long)step_ns);
    engine_event(s->engine, "rate", "start-interval", value);
    say(s, "rate is now %.3f starts/s", 1e9 / (double)step_ns);
}

static void reread_blocklist(struct steering *s)
{
    char err[PLAN_ERR_MAX] = "", hex[65];
    struct stat st;
    uint8_t sha256[32];
    struct filter *filter;
    if (s->o->blocklist_file == NULL) {
        say(s, "there is no --blocklist-file to read again");
        return;
    }
    if (stat(s->o->blocklist_file, &st) == 0 && !S_ISREG(st.st_mode)) {
        fprintf(stderr,
                "%smxsweep: %s: is no regular file, and cannot be read again; the blocklist as it "
                "was stays in effect\n",
                s->before, s->o->blocklist_file);
        return;
    }
    if (plan_filter(s->plan, &filter, sha256, err, s->o, true) != 0) {
        fprintf(stderr, "%smxsweep: %s; the blocklist as it was stays in effect\n", s->before, err);
        return;
    }
    engine_set_filter(s->engine, filter);
    for (size_t i = 0; i < sizeof sha256; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
    engine_event(s->engine, "blocklist", "sha256", hex);
    say(s, "%s: read again, in effect", s->o->blocklist_file);
}

static void stop(struct steering *s)
{
    bool first = s->num_stops++ == 0;
    say(s, "%s",
        first ? "stopping: no more starts, running sessions end (once more: at once)"
              : "stopping at once");
    engine_stop(s->engine, first ? ENGINE_DRAIN : ENGINE_ABORT);
}

void steer_signal(struct steering *s, int signo)
{
    switch (signo) {
    case SIGHUP: reread_blocklist(s); break;
    case SIGUSR1: change_rate(s, true); break;
    case SIGUSR2: change_rate(s, false); break;
    default: stop(s); break;
    }
}
