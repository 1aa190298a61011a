#include "tools/farm/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/farm/listener.h"
#include "tools/farm/server.h"

enum { DESCRIPTORS_KEPT = 32 }; /* that no connection may have: log, loop, listeners */

/* the signals that end or concern a farm are held back from the start until there is somebody to
 * take them */
struct masks {
    sigset_t watched, before;
};

static void hold_signals(struct masks *masks)
{
    sigemptyset(&masks->watched);
    sigaddset(&masks->watched, SIGINT);
    sigaddset(&masks->watched, SIGTERM);
    sigaddset(&masks->watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &masks->watched, &masks->before);
}

/* ---- one process ---- */

struct farm {
    struct server server;
    uv_signal_t signals[2];
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct farm *f = handle->data;
    (void)number;
    server_stop(&f->server);
}

static void watch_signals(struct farm *f, uv_loop_t *loop)
{
    static const int numbers[2] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(loop, &f->signals[i]);
        f->signals[i].data = f;
        uv_signal_start(&f->signals[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&f->signals[i]); /* the loop ends when the server has closed */
    }
}

static void close_signals(struct farm *f, uv_loop_t *loop)
{
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&f->signals[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

/* run_one serves one listener, which it takes, until told to stop. Signals are held back before
 * (what came then is handled) and after (who has ended cannot be ended badly). */
static int run_one(const struct server_config *config, int listener, const struct masks *masks)
{
    uv_loop_t loop;
    struct farm *f = calloc(1, sizeof *f);
    int rc = f == NULL ? UV_ENOMEM : uv_loop_init(&loop);
    if (rc < 0) {
        free(f);
        close(listener);
        return rc;
    }
    rc = server_open(&f->server, &loop, config, listener);
    watch_signals(f, &loop);
    sigprocmask(SIG_SETMASK, &masks->before, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    sigprocmask(SIG_BLOCK, &masks->watched, NULL);
    close_signals(f, &loop);
    server_cleanup(&f->server);
    uv_loop_close(&loop);
    free(f);
    return rc;
}

/* ---- several ---- */

struct family {
    pid_t pids[FARM_PROCESSES_MAX];
    size_t num; /* that were started */
    bool stopping, is_child;
};

static void end_all(struct family *fam)
{
    fam->stopping = true;
    for (size_t i = 0; i < fam->num; i++)
        if (fam->pids[i] != 0)
            kill(fam->pids[i], SIGTERM);
}

/* reap takes the exit codes that there are; it returns -ECHILD if one is a failure. */
static int reap(struct family *fam, size_t *num_left)
{
    int rc = 0, status;
    for (size_t i = 0; i < fam->num; i++) {
        if (fam->pids[i] == 0 || waitpid(fam->pids[i], &status, WNOHANG) != fam->pids[i])
            continue;
        fam->pids[i] = 0;
        --*num_left;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            rc = -ECHILD;
        if (!fam->stopping)
            end_all(fam);
    }
    return rc;
}

/* watch_over waits until no process is left. */
static int watch_over(struct family *fam, const sigset_t *watched)
{
    int rc = 0;
    size_t num_left = fam->num;
    while (num_left > 0) {
        int number;
        sigwait(watched, &number);
        if (number != SIGCHLD)
            end_all(fam);
        int failed = reap(fam, &num_left);
        rc = rc == 0 ? failed : rc;
    }
    return rc;
}

/* become_child makes this process one of the farm's. */
static void become_child(struct family *fam, pid_t parent)
{
    fam->is_child = true;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGTERM); /* it died before that; the signal waits until it is let through */
}

/* start_all forks; in the child *fd is the listener that is its own. */
static int start_all(struct family *fam, int *fd, const int *fds, size_t num)
{
    pid_t parent = getpid();
    for (fam->num = 0; fam->num < num; fam->num++) {
        pid_t pid = fork();
        if (pid < 0) {
            int rc = -errno;
            end_all(fam);
            return rc;
        }
        if (pid == 0) {
            *fd = fds[fam->num];
            become_child(fam, parent);
            return 0;
        }
        fam->pids[fam->num] = pid;
    }
    return 0;
}

static int run_several(const struct server_config *config, const int *fds, size_t num,
                       const struct masks *masks)
{
    struct family fam = {0};
    int own = -1;
    int rc = start_all(&fam, &own, fds, num);
    for (size_t i = 0; i < num; i++)
        if (fds[i] != own)
            close(fds[i]);
    if (fam.is_child)
        return run_one(config, own, masks);
    int ended = watch_over(&fam, &masks->watched);
    return rc < 0 ? rc : ended;
}

/* ---- what they share ---- */

/* raise_descriptors lifts the soft limit to the hard one, and returns how many connections that
 * allows: each takes one descriptor. */
static uint32_t raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur <= DESCRIPTORS_KEPT)
        return 1;
    rlim_t room = limit.rlim_cur - DESCRIPTORS_KEPT;
    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

static int announce(uint16_t port)
{
    printf("listening on %u\n", port);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : UV_EPIPE;
}

static int listen_and_run(const char **what, struct server_config *config, size_t num,
                          uint16_t port)
{
    int fds[FARM_PROCESSES_MAX];
    struct masks masks;
    hold_signals(&masks);
    *what = "port";
    int rc = listener_open(fds, &config->port, num, port);
    if (rc < 0)
        return rc;
    *what = "standard output";
    rc = announce(config->port);
    if (rc < 0) {
        listener_close(fds, num);
        return rc;
    }
    *what = "server";
    return num == 1 ? run_one(config, fds[0], &masks) : run_several(config, fds, num, &masks);
}

static struct server_shared *shared_new(void)
{
    struct server_shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? NULL : shared;
}

int serve_run(const char **what, const struct farm_options *o, const struct population *p,
              struct pki *pki)
{
    struct farm_log log = {.fd = -1};
    struct server_config config = {.population = p,
                                   .fronts = &o->fronts,
                                   .pki = pki,
                                   .log = &log,
                                   .latency = o->latency,
                                   .now_s = o->now_s,
                                   .max_conns = raise_descriptors(),
                                   .idle_exit_ms = o->idle_exit_ms};
    signal(SIGPIPE, SIG_IGN);
    *what = "shared memory";
    config.shared = shared_new();
    if (config.shared != NULL && o->throttle.limit > 0)
        config.throttle = throttle_new(o->throttle);
    int rc =
        config.shared == NULL || (o->throttle.limit > 0 && config.throttle == NULL) ? UV_ENOMEM : 0;
    if (rc == 0 && o->log_file != NULL) {
        *what = o->log_file;
        rc = farm_log_open(&log, o->log_file);
    }
    if (rc == 0)
        rc = listen_and_run(what, &config, o->num_processes, o->port);
    int logged = farm_log_close(&log);
    if (rc == 0 && logged < 0) {
        *what = o->log_file;
        rc = logged;
    }
    throttle_free(config.throttle);
    if (config.shared != NULL)
        munmap(config.shared, sizeof *config.shared);
    return rc;
}
