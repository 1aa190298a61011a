#include "scanner/sweep.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "scanner/disk_wait.h"
#include "scanner/fit.h"
#include "scanner/header.h"
#include "scanner/preflight_sweep.h"
#include "scanner/status.h"
#include "scanner/steer.h"
#include "scanner/syns.h"
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
    struct steering steering;
    int signals_fd;
    uint64_t start_ns;
    bool show_line, timed_out; /* timed_out: --max-runtime is over */
    bool disk_waits, cut_off;  /* as they were told last */
};

int64_t sweep_utc_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- before the start ---- */

/* TCP_SYNCNT for a connect time-out. If their number matters, the kernel sends no SYN after the
 * last that leaves in time; else it must not give up before we do, and one that could not even be
 * sent, for local congestion, counts as sent for it. */
static int syncnt_for(uint64_t timeout_ns, bool counts, unsigned linear)
{
    enum { NOT_SENT = 16, SYNCNT_MAX = 127 };
    unsigned syncnt = syns_syncnt(syns_within(timeout_ns, linear), linear);
    if (!counts)
        syncnt = syncnt + NOT_SENT < SYNCNT_MAX ? syncnt + NOT_SENT : SYNCNT_MAX;
    return (int)syncnt;
}

void sweep_configure(struct engine_config *c, struct plan *plan, const struct options *o)
{
    int64_t offset_us = sweep_utc_us() - plan->start_us;
    *c = (struct engine_config){
        .space = plan->space,
        .order = &plan->order,
        .leases = plan->streamed ? NULL : &plan->leases,
        .stream = plan->stream,
        .bell = &plan->bell,
        .max_targets = plan->streamed ? plan->max_targets : 0,
        .dataset = plan->dataset,
        .record_mode = plan->record_mode,
        .net = &net_kernel,
        .num_workers = plan->threads,
        .num_shards = plan->num_shards,
        .step_ns = plan->step_ns,
        .max_in_flight = plan->in_flight,
        .networks = &plan->networks,
        .asdb = plan->asdb,
        .retries = (unsigned)o->retries,
        .backs_off = o->retry_delay_ns != 0,
        .resolver = &plan->resolver,
        .control = plan->control,
        .wait_ns = {[WAIT_CONNECT] = syns_timeout_ns(o->connect_timeout_ns, (unsigned)o->syns,
                                                     plan->linear_syns),
                    [WAIT_REPLY] = o->reply_timeout_ns,
                    [WAIT_TLS] = o->tls_timeout_ns,
                    [WAIT_QUIT] = QUIT_TIMEOUT_MS * UINT64_C(1000000)},
        .session_ns = o->session_timeout_ns,
        .flush_ns = o->flush_ns,
        .disk_wait_ns = o->disk_wait_ns,
        .rotate_size = o->rotate_size,
        .rotate_ns = o->rotate_ns,
        .offset_us = offset_us > 0 ? (uint64_t)offset_us : 0,
        .patience_ns = PATIENCE_S * NS_PER_S,
        .sources = &plan->sources,
        .try_anyway = plan->starttls_anyway,
        .audits = plan->audits,
        .audit_delay_ns = o->audit_delay_ns,
    };
    c->syncnt = syncnt_for(c->wait_ns[WAIT_CONNECT], o->syns != 0, plan->linear_syns);
}

static void say_start(const struct sweep *s, const struct engine_config *c)
{
    const struct plan *plan = s->plan;
    const struct target_counts *counts = &plan->counts;
    if (s->o->quiet)
        return;
    char targets[32] = "targets of a stream";
    if (!plan->streamed)
        snprintf(targets, sizeof targets, "%llu targets", (unsigned long long)plan->num_positions);
    fprintf(stderr, "mxsweep: %s, shard %u of %u, seed %llu, %u workers, %llu in flight -> %s\n",
            targets, plan->shard, plan->num_shards, (unsigned long long)plan->seed, c->num_workers,
            (unsigned long long)c->max_in_flight, plan->file);
    if (c->wait_ns[WAIT_CONNECT] < s->o->connect_timeout_ns)
        fprintf(stderr,
                "mxsweep: --syns %llu: this kernel would send one more after %.2f s, so that is "
                "the connect time-out\n",
                (unsigned long long)s->o->syns, (double)c->wait_ns[WAIT_CONNECT] / 1e9);
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

static void tell_disk(struct sweep *s, bool waits)
{
    if (waits != s->disk_waits)
        fprintf(stderr, "%smxsweep: %s: %s\n", s->steering.before, s->plan->file,
                waits
                    ? "cannot be written now; nothing is started, and it is tried again each second"
                    : "is written again");
    s->disk_waits = waits;
}

static void tell_cut_off(struct sweep *s, bool cut_off)
{
    if (cut_off != s->cut_off)
        fprintf(stderr, "%smxsweep: %s\n", s->steering.before,
                cut_off ? "no control target answers: this host is cut off; the sweep waits, and "
                          "what was silent meanwhile is visited again"
                        : "a control target answers again: the sweep goes on");
    s->cut_off = cut_off;
}

static void show_status(struct sweep *s)
{
    struct engine_figures figures;
    struct status status;
    char line[STATUS_LINE_MAX];
    engine_figures(s->engine, &figures);
    progress_take(&s->progress, &status, &figures, uv_hrtime() - s->start_ns);
    write_status(s, &status);
    tell_disk(s, figures.disk_waits);
    tell_cut_off(s, figures.cut_off);
    if (!s->show_line)
        return;
    status_line(line, &status);
    fprintf(stderr, "\r\033[K%.*s", terminal_columns() - 1, line);
    fflush(stderr);
}

static void on_signal(struct sweep *s, int signals_fd)
{
    struct signalfd_siginfo info;
    if (read(signals_fd, &info, sizeof info) == sizeof info)
        steer_signal(&s->steering, (int)info.ssi_signo);
}

/* no more starts after --max-runtime */
static void keep_time(struct sweep *s)
{
    if (s->timed_out || s->o->max_runtime_ns == 0 ||
        uv_hrtime() - s->start_ns < s->o->max_runtime_ns)
        return;
    s->timed_out = true;
    if (!s->o->quiet)
        fprintf(stderr, "%smxsweep: --max-runtime is over: no more starts, running sessions end\n",
                s->steering.before);
    engine_stop(s->engine, ENGINE_DRAIN);
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
        keep_time(s);
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

/* what is told of a dataset that is closed */
struct written {
    uint64_t positions, bytes; /* sealed */
    char parts[PATH_MAX + 64]; /* " in 3 parts, ...", or nothing */
};

static void note_written(struct written *out, const struct dataset_writer *w,
                         const struct dataset_totals *totals)
{
    struct dataset_part part;
    dataset_writer_part(w, &part);
    *out = (struct written){.positions = totals->positions, .bytes = totals->bytes};
    if (part.number > 0)
        snprintf(out->parts, sizeof out->parts, " in %u parts, the last is %s", part.number + 1,
                 part.path);
}

static void say_summary(const struct sweep *s, const struct engine_figures *f,
                        const struct written *written, uint64_t took_ns, bool complete)
{
    char took[24], of[32] = "lines";
    if (s->o->quiet)
        return;
    if (!s->plan->streamed)
        snprintf(of, sizeof of, "of %llu targets", (unsigned long long)s->plan->num_positions);
    fprintf(stderr,
            "mxsweep: %s: %llu %s in %s (%llu open, %llu STARTTLS, %llu TLS, %llu throttled; %llu "
            "faults of ours), %llu bytes%s\n",
            complete ? "complete" : "stopped", (unsigned long long)written->positions, of,
            unit_seconds(took, sizeof took, took_ns), (unsigned long long)f->count[COUNT_OPEN],
            (unsigned long long)f->count[COUNT_STARTTLS], (unsigned long long)f->count[COUNT_TLS],
            (unsigned long long)f->count[COUNT_THROTTLED], (unsigned long long)f->count[COUNT_OURS],
            (unsigned long long)written->bytes, written->parts);
    if (f->streamed && f->stream.bad > 0)
        fprintf(stderr, "mxsweep: %llu lines could not be read, and were passed over\n",
                (unsigned long long)f->stream.bad);
    if (f->num_left_alone > 0)
        fprintf(stderr,
                "mxsweep: %llu targets could not be tried for faults of ours; they stay open\n",
                (unsigned long long)f->num_left_alone);
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

/* seals what is left and writes the trailer, as often as the disk may be waited for and nobody
 * interrupts */
static int write_end(struct sweep *s, char err[DATASET_ERR_MAX], uint64_t end_us,
                     enum dataset_reason reason)
{
    struct disk_wait disk;
    uint64_t again_ns;
    struct pollfd signals = {.fd = s->signals_fd, .events = POLLIN};
    disk_wait_init(&disk, s->o->disk_wait_ns);
    for (;;) {
        int rc = dataset_end(s->plan->dataset, err, end_us, reason);
        uint64_t now_ns = uv_hrtime();
        if (disk_wait_note(&disk, &again_ns, rc, now_ns) != DISK_TRY_AGAIN)
            return rc;
        tell_disk(s, true);
        if (poll(&signals, 1, (int)((again_ns - now_ns) / 1000000) + 1) > 0)
            return rc;
    }
}

/* every target is done; of a stream: that there was */
static bool is_complete(const struct plan *plan, const struct engine_figures *f)
{
    if (plan->streamed)
        return f->stop == ENGINE_RUN && f->stream_ended && f->num_left_alone == 0;
    return plan->num_done + f->count[COUNT_DONE] == plan->num_positions;
}

/* joins the engine, closes the dataset; returns the exit code */
static int seal(struct sweep *s, const struct engine_config *c,
                const struct engine_figures *figures, uint64_t took_ns)
{
    char fault_text[ENGINE_FAULT_MAX], err[DATASET_ERR_MAX] = "";
    struct dataset_totals totals;
    struct written written;
    int fault = engine_join(s->engine, fault_text);
    bool complete = fault == 0 && is_complete(s->plan, figures);
    bool limited = s->timed_out || (figures->stop == ENGINE_RUN && !complete);

    struct dataset_writer *dataset = s->plan->dataset;
    if (fault == 0 && complete && s->plan->streamed)
        dataset_stream_end(dataset, figures->stream.lines);
    if (fault == 0)
        write_end(s, err, c->offset_us + took_ns / 1000,
                  complete  ? DATASET_COMPLETE
                  : limited ? DATASET_LIMIT
                            : DATASET_STOPPED);
    dataset_writer_totals(dataset, &totals); /* of what is sealed */
    note_written(&written, dataset, &totals);
    s->plan->dataset = NULL;
    if (fault != 0 && totals.positions == 0 && s->o->resume_file == NULL &&
        !disk_wait_may_pass(fault)) {
        dataset_abandon(dataset); /* nothing was begun: nothing is left behind */
        unlink(s->plan->file);
        fprintf(stderr, "mxsweep: %s\n", fault_text);
        return EXIT_FAULT;
    }
    if (fault != 0) { /* what is sealed stands, whether a trailer can be written or not */
        dataset_finish(dataset, err, c->offset_us + took_ns / 1000, DATASET_FAULT);
        fprintf(stderr, "mxsweep: %s; what is sealed stands, go on with --resume %s\n", fault_text,
                s->plan->file);
        say_summary(s, figures, &written, took_ns, false);
        return is_resumable(fault) ? EXIT_STOPPED : EXIT_FAULT;
    }
    int rc = dataset_finish(dataset, err, c->offset_us + took_ns / 1000,
                            complete  ? DATASET_COMPLETE
                            : limited ? DATASET_LIMIT
                                      : DATASET_STOPPED);
    say_summary(s, figures, &written, took_ns, complete && rc == 0);
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s; go on with --resume %s\n", err, s->plan->file);
        return is_resumable(rc) ? EXIT_STOPPED : EXIT_FAULT;
    }
    if (limited && !s->timed_out && figures->num_left_alone == 0 && !s->o->quiet)
        fputs("mxsweep: --max-targets is reached\n", stderr);
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

/* a sweep that is not begun leaves no file behind */
static void leave_nothing(struct sweep *s)
{
    dataset_abandon(s->plan->dataset);
    s->plan->dataset = NULL;
    if (s->o->resume_file == NULL)
        unlink(s->plan->file);
}

static int refuse(struct sweep *s, int rc)
{
    if (rc > 0)
        fputs("mxsweep: not begun: the sweep would be worthless, as the table says\n", stderr);
    else
        fprintf(stderr, "mxsweep: preflight: %s\n", uv_strerror(rc));
    leave_nothing(s);
    return EXIT_FAULT;
}

static int run(struct sweep *s, int signals_fd)
{
    char err[DATASET_ERR_MAX] = "", why[PLAN_ERR_MAX] = "";
    uint8_t sha256[32];
    struct engine_config config;
    sweep_configure(&config, s->plan, s->o);
    say_start(s, &config);
    int rc = s->o->preflight ? preflight_sweep(stderr, s->plan, s->o, &config) : 0;
    if (rc != 0)
        return refuse(s, rc);
    rc = s->o->resume_file != NULL ? tell_resumption(s, &config, err) : 0;
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s\n", err);
        return is_resumable(rc) ? EXIT_STOPPED : EXIT_FAULT;
    }
    rc = plan_filter(s->plan, &config.filter, sha256, why, s->o, false);
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s\n", why);
        leave_nothing(s);
        return rc == -EINVAL ? EXIT_USAGE : EXIT_FAULT;
    }
    s->start_ns = uv_hrtime();
    rc = engine_start(&s->engine, &config);
    if (rc != 0) {
        fprintf(stderr, "mxsweep: the engine does not start: %s\n", uv_strerror(rc));
        leave_nothing(s);
        return EXIT_FAULT;
    }
    s->steering = (struct steering){
        .engine = s->engine, .plan = s->plan, .o = s->o, .before = s->show_line ? "\n" : ""};
    watch(s, signals_fd);
    return end(s, &config);
}

/* all targets are done, and whoever did the last was killed before the end was written */
static int write_missing_end(struct sweep *s)
{
    char err[DATASET_ERR_MAX];
    struct engine_config c;
    sweep_configure(&c, s->plan, s->o);
    int rc = tell_resumption(s, &c, err);
    if (rc == 0) {
        rc = dataset_finish(s->plan->dataset, err, c.offset_us, DATASET_COMPLETE);
        s->plan->dataset = NULL;
    }
    if (rc == 0)
        return EXIT_COMPLETE;
    fprintf(stderr, "mxsweep: %s; go on with --resume %s\n", err, s->plan->file);
    return is_resumable(rc) ? EXIT_STOPPED : EXIT_FAULT;
}

int sweep_run(struct plan *plan, const struct options *o, struct status_files *files)
{
    struct sweep s = {.plan = plan, .o = o, .files = files};
    progress_init(&s.progress, plan->num_positions, plan->num_done, plan->leases.num_leased);
    s.show_line = !o->quiet && isatty(STDERR_FILENO);
    if (plan->finished) {
        if (!o->quiet)
            fprintf(stderr, "mxsweep: %s: is finished: all of its %llu targets are done\n",
                    plan->file, (unsigned long long)plan->num_done);
        int code = plan->ended ? EXIT_COMPLETE : write_missing_end(&s);
        write_last_status(&s, &(struct engine_figures){.in_flight = 0}, 0, code);
        return code;
    }
    sigset_t signals;
    steer_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals,
                NULL); /* threads inherit it: signals come by the descriptor only */
    int signals_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signals_fd < 0) {
        fprintf(stderr, "mxsweep: signalfd: %s\n", strerror(errno));
        return EXIT_FAULT;
    }
    s.signals_fd = signals_fd;
    int code = run(&s, signals_fd);
    close(signals_fd);
    return code;
}
