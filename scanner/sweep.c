#include "scanner/sweep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "scanner/fit.h"
#include "scanner/header.h"
#include "scanner/status.h"
#include "scanner/units.h"

enum {
    QUIT_TIMEOUT_MS = 3000, /* for the 221 and the peer's FIN */
    PATIENCE_S = 180        /* with no connection that could be started */
};
#define NS_PER_S UINT64_C(1000000000)

struct sweep {
    struct plan *plan;
    const struct options *o;
    struct engine *engine;
    struct progress progress;
    struct status_files *files;
    uint64_t start_ns;
    unsigned num_signals;
    bool show_line;
};

int64_t sweep_utc_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- before the start ---- */

/* between two starts of this shard; so long that it might overflow a clock, it is for ever
 * anyway */
static uint64_t step_of_shard(uint64_t step_ns, uint32_t num_shards)
{
    uint64_t step;
    return __builtin_mul_overflow(step_ns, num_shards, &step) || step > INT64_MAX ? INT64_MAX
                                                                                  : step;
}

static void configure(struct engine_config *c, struct plan *plan, const struct options *o)
{
    int64_t offset_us = sweep_utc_us() - plan->start_us;
    *c = (struct engine_config){
        .space = plan->space,
        .order = &plan->order,
        .leases = &plan->leases,
        .filter = plan->filter,
        .dataset = plan->dataset,
        .record_mode = plan->record_mode,
        .net = &net_kernel,
        .num_workers = plan->threads,
        .step_ns = step_of_shard(o->rate_step_ns, plan->num_shards),
        .max_in_flight = plan->in_flight,
        .wait_ns = {[WAIT_CONNECT] = o->connect_timeout_ns,
                    [WAIT_REPLY] = o->reply_timeout_ns,
                    [WAIT_TLS] = o->tls_timeout_ns,
                    [WAIT_QUIT] = QUIT_TIMEOUT_MS * UINT64_C(1000000)},
        .session_ns = o->session_timeout_ns,
        .flush_ns = o->flush_ns,
        .offset_us = offset_us > 0 ? (uint64_t)offset_us : 0,
        .patience_ns = PATIENCE_S * NS_PER_S,
        .ehlo_name = plan->ehlo_name,
        .try_anyway = plan->starttls_anyway,
    };
}

static void say_start(const struct sweep *s, const struct engine_config *c)
{
    const struct plan *plan = s->plan;
    const struct target_counts *counts = &plan->counts;
    if (s->o->quiet)
        return;
    fprintf(stderr,
            "mxsweep: %llu targets, shard %u of %u, seed %llu, %u workers, %llu in flight -> %s\n",
            (unsigned long long)plan->num_positions, plan->shard, plan->num_shards,
            (unsigned long long)plan->seed, c->num_workers, (unsigned long long)c->max_in_flight,
            plan->file);
    uint64_t asked = fit_share(s->o->in_flight, plan->num_shards, plan->shard);
    if (plan->in_flight < asked)
        fprintf(stderr, "mxsweep: descriptors allow %llu sessions at once, not %llu\n",
                (unsigned long long)plan->in_flight, (unsigned long long)asked);
    if (counts->special + counts->blocked + counts->not_allowed > 0)
        fprintf(
            stderr,
            "mxsweep: left out of %llu addresses: %llu special-purpose, %llu blocklisted, %llu not "
            "allowlisted\n",
            (unsigned long long)counts->given, (unsigned long long)counts->special,
            (unsigned long long)counts->blocked, (unsigned long long)counts->not_allowed);
    if (s->o->resume_file != NULL)
        fprintf(stderr, "mxsweep: resumed: %llu done before, %llu bytes of a torn tail dropped\n",
                (unsigned long long)plan->num_done, (unsigned long long)plan->torn_bytes);
}

/* a resumption is told in the dataset, with what is in effect from now on */
static int tell_resumption(const struct sweep *s, const struct engine_config *c,
                           char err[DATASET_ERR_MAX])
{
    struct option_texts texts;
    struct dataset_pair details[NUM_VARIABLE_OPTIONS + 1];
    char torn[32];
    header_option_texts(&texts, s->plan, s->o);
    memcpy(details, texts.pairs, sizeof texts.pairs);
    snprintf(torn, sizeof torn, "%llu", (unsigned long long)s->plan->torn_bytes);
    details[NUM_VARIABLE_OPTIONS] =
        (struct dataset_pair){bytes_text("torn-bytes"), bytes_text(torn)};
    return dataset_event(s->plan->dataset, err, c->offset_us, "resumed", details,
                         NUM_VARIABLE_OPTIONS + 1);
}

/* ---- while it runs ---- */

/* a line that wraps could not be overwritten by the next */
static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

static void write_status(struct sweep *s, const struct status *status)
{
    status_files_update(s->files, status, sweep_utc_us(), s->plan->num_shards, s->plan->shard);
}

static void show_status(struct sweep *s)
{
    struct engine_figures figures;
    struct status status;
    char line[STATUS_LINE_MAX];
    engine_figures(s->engine, &figures);
    progress_take(&s->progress, &status, &figures, uv_hrtime() - s->start_ns);
    write_status(s, &status);
    if (!s->show_line)
        return;
    status_line(line, &status);
    fprintf(stderr, "\r\033[K%.*s", terminal_columns() - 1, line);
    fflush(stderr);
}

static void on_signal(struct sweep *s, int signals_fd)
{
    struct signalfd_siginfo info;
    if (read(signals_fd, &info, sizeof info) != sizeof info)
        return;
    bool first = s->num_signals++ == 0;
    if (!s->o->quiet)
        fprintf(stderr, "%smxsweep: %s\n", s->show_line ? "\n" : "",
                first ? "stopping: no more starts, running sessions end (once more: at once)"
                      : "stopping at once");
    engine_stop(s->engine, first ? ENGINE_DRAIN : ENGINE_ABORT);
}

/* shows the status if it is due; returns in how many ms it is due again */
static int keep_status(struct sweep *s, uint64_t *due_ns)
{
    uint64_t now_ns = uv_hrtime() - s->start_ns;
    if (now_ns >= *due_ns) {
        show_status(s);
        *due_ns = (now_ns / NS_PER_S + 1) * NS_PER_S;
    }
    return (int)((*due_ns - now_ns) / 1000000) + 1;
}

/* waits for the end of all threads; signals and the status, once a second, in between */
static void watch(struct sweep *s, int signals_fd)
{
    struct pollfd fds[2] = {{.fd = engine_ended_fd(s->engine), .events = POLLIN},
                            {.fd = signals_fd, .events = POLLIN}};
    uint64_t due_ns = 0;
    while (fds[0].revents == 0) {
        int n = poll(fds, 2, keep_status(s, &due_ns));
        if (n < 0 && errno != EINTR) { /* cannot happen; but nobody could stop it any more */
            engine_stop(s->engine, ENGINE_DRAIN);
            return;
        }
        if (n > 0 && fds[1].revents != 0)
            on_signal(s, signals_fd);
    }
    if (s->show_line)
        fputc('\n', stderr);
}

/* ---- after the end ---- */

static void say_summary(const struct sweep *s, const struct engine_figures *f,
                        const struct dataset_totals *totals, uint64_t took_ns, bool complete)
{
    char took[24];
    if (s->o->quiet)
        return;
    fprintf(stderr,
            "mxsweep: %s: %llu of %llu targets in %s (%llu open, %llu STARTTLS, %llu TLS, %llu "
            "throttled; %llu "
            "faults of ours), %llu bytes\n",
            complete ? "complete" : "stopped",
            (unsigned long long)(s->plan->num_done + f->count[COUNT_DONE]),
            (unsigned long long)s->plan->num_positions, unit_seconds(took, sizeof took, took_ns),
            (unsigned long long)f->count[COUNT_OPEN], (unsigned long long)f->count[COUNT_STARTTLS],
            (unsigned long long)f->count[COUNT_TLS], (unsigned long long)f->count[COUNT_THROTTLED],
            (unsigned long long)f->count[COUNT_OURS], (unsigned long long)totals->bytes);
}

/* no space, no quota, no way out: it can be gone on with when there is */
static bool is_resumable(int fault)
{
    static const int codes[] = {ENOSPC,  EDQUOT,        EIO,      EROFS,       EMFILE,      ENFILE,
                                ENOBUFS, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, EHOSTUNREACH};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (fault == -codes[i])
            return true;
    return false;
}

/* joins the engine, closes the dataset; returns the exit code */
static int seal(struct sweep *s, const struct engine_config *c,
                const struct engine_figures *figures, uint64_t took_ns)
{
    char fault_text[ENGINE_FAULT_MAX], err[DATASET_ERR_MAX] = "";
    struct dataset_totals totals;
    int fault = engine_join(s->engine, fault_text);
    bool complete =
        s->plan->num_done + figures->count[COUNT_DONE] == s->plan->num_positions && fault == 0;

    struct dataset_writer *dataset = s->plan->dataset;
    dataset_writer_totals(dataset, &totals);
    s->plan->dataset = NULL;
    if (fault != 0) { /* what is sealed stands, whether a trailer can be written or not */
        dataset_finish(dataset, err, c->offset_us + took_ns / 1000, DATASET_FAULT);
        fprintf(stderr, "mxsweep: %s; what is sealed stands, go on with --resume %s\n", fault_text,
                s->plan->file);
        say_summary(s, figures, &totals, took_ns, false);
        return is_resumable(fault) ? EXIT_STOPPED : EXIT_FAULT;
    }
    int rc = dataset_finish(dataset, err, c->offset_us + took_ns / 1000,
                            complete ? DATASET_COMPLETE : DATASET_STOPPED);
    say_summary(s, figures, &totals, took_ns, complete && rc == 0);
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s; go on with --resume %s\n", err, s->plan->file);
        return is_resumable(rc) ? EXIT_STOPPED : EXIT_FAULT;
    }
    if (!complete && !s->o->quiet)
        fprintf(stderr, "mxsweep: go on with --resume %s\n", s->plan->file);
    return complete ? EXIT_COMPLETE : EXIT_STOPPED;
}

/* the last status says how it ended */
static void write_last_status(struct sweep *s, const struct engine_figures *figures,
                              uint64_t took_ns, int code)
{
    struct status status;
    progress_take(&s->progress, &status, figures, took_ns);
    status.phase = code == EXIT_COMPLETE  ? PHASE_COMPLETE
                   : code == EXIT_STOPPED ? PHASE_STOPPED
                                          : PHASE_FAILED;
    write_status(s, &status);
}

static int end(struct sweep *s, const struct engine_config *c)
{
    struct engine_figures figures;
    uint64_t took_ns = uv_hrtime() - s->start_ns;
    engine_figures(s->engine, &figures);
    int code = seal(s, c, &figures, took_ns);
    write_last_status(s, &figures, took_ns, code);
    return code;
}

static int run(struct sweep *s, int signals_fd)
{
    char err[DATASET_ERR_MAX] = "";
    struct engine_config config;
    configure(&config, s->plan, s->o);
    say_start(s, &config);
    int rc = s->o->resume_file != NULL ? tell_resumption(s, &config, err) : 0;
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s\n", err);
        return EXIT_FAULT;
    }
    s->start_ns = uv_hrtime();
    rc = engine_start(&s->engine, &config);
    if (rc != 0) {
        fprintf(stderr, "mxsweep: the engine does not start: %s\n", uv_strerror(rc));
        return EXIT_FAULT;
    }
    watch(s, signals_fd);
    return end(s, &config);
}

int sweep_run(struct plan *plan, const struct options *o, struct status_files *files)
{
    struct sweep s = {.plan = plan, .o = o, .files = files};
    progress_init(&s.progress, plan->num_positions, plan->num_done, plan->leases.num_open);
    s.show_line = !o->quiet && isatty(STDERR_FILENO);
    if (plan->finished) {
        if (!o->quiet)
            fprintf(stderr, "mxsweep: %s: is finished: all of its %llu targets are done\n",
                    plan->file, (unsigned long long)plan->num_positions);
        write_last_status(&s, &(struct engine_figures){.in_flight = 0}, 0, EXIT_COMPLETE);
        return EXIT_COMPLETE;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals,
                NULL); /* threads inherit it: signals come by the descriptor only */
    int signals_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signals_fd < 0) {
        fprintf(stderr, "mxsweep: signalfd: %s\n", strerror(errno));
        return EXIT_FAULT;
    }
    int code = run(&s, signals_fd);
    close(signals_fd);
    return code;
}
