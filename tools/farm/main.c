/* mxfarm: a loopback mail Internet. */
#include <errno.h>
#include <openssl/base.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/farm/options.h"
#include "tools/farm/server.h"

enum { EXIT_FAULT = 1, EXIT_USAGE = 2, ERR_MAX = 512 };

static int fault(const char *what, const char *why)
{
    fprintf(stderr, "mxfarm: %s: %s\n", what, why);
    return EXIT_FAULT;
}

/* flushed tells whether all that was printed has arrived. */
static int flushed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_SUCCESS;
    return fault("standard output", "cannot be written");
}

/* ---- printing ---- */

static int print_truth(const struct farm_options *o, const struct population *p, struct pki *pki)
{
    struct addr a = o->truth.first;
    for (;; a = addr_add(a, 1)) {
        if (!truth_print(stdout, p, pki, &o->time_outs, a, o->port))
            return fault("--truth", "no memory, or standard output cannot be written");
        if (addr_cmp(a, o->truth.last) == 0)
            return flushed();
    }
}

static int print_root(const struct pki *pki)
{
    const CRYPTO_BUFFER *root = pki_root(pki);
    if (!PEM_write(stdout, "CERTIFICATE", "", CRYPTO_BUFFER_data(root),
                   (long)CRYPTO_BUFFER_len(root)))
        return fault("--root", "cannot be written");
    return flushed();
}

static int print_version(void)
{
    printf("mxfarm %s (libuv %s, BoringSSL API %d)\n", MXSWEEP_VERSION, uv_version_string(),
           BORINGSSL_API_VERSION);
    return flushed();
}

/* ---- serving ---- */

/* raise_descriptors lifts the soft limit to the hard one: each connection takes one. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

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

static int run(struct farm *f, uv_loop_t *loop, const struct server_config *config)
{
    int rc = server_open(&f->server, loop, config);
    watch_signals(f, loop);
    if (rc == 0) {
        printf("listening on %u\n", f->server.port);
        rc = flushed() == EXIT_SUCCESS ? 0 : UV_EPIPE;
        if (rc < 0)
            server_stop(&f->server);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    close_signals(f, loop);
    server_cleanup(&f->server);
    return rc;
}

static int serve(const struct farm_options *o, const struct population *p, struct pki *pki)
{
    uv_loop_t loop;
    struct server_config config = {.population = p,
                                   .pki = pki,
                                   .now_s = o->now_s,
                                   .port = o->port,
                                   .idle_exit_ms = o->idle_exit_ms};
    struct farm *f = calloc(1, sizeof *f);
    int rc = f == NULL ? UV_ENOMEM : uv_loop_init(&loop);
    if (rc < 0) {
        free(f);
        return fault("event loop", uv_strerror(rc));
    }
    if (o->log_file != NULL) {
        config.log = fopen(o->log_file, "we");
        rc = config.log == NULL ? -errno : setvbuf(config.log, NULL, _IOLBF, BUFSIZ);
    }
    raise_descriptors();
    signal(SIGPIPE, SIG_IGN);
    if (rc == 0)
        rc = run(f, &loop, &config);
    if (config.log != NULL && fclose(config.log) != 0 && rc == 0)
        rc = -errno;
    uv_loop_close(&loop);
    free(f);
    char what[32];
    snprintf(what, sizeof what, "port %u", o->port);
    return rc == 0 ? EXIT_SUCCESS
                   : fault(o->log_file != NULL ? "port or log" : what, uv_strerror(rc));
}

/* ---- the job ---- */

static int do_job(const struct farm_options *o, const struct population *p, struct pki *pki)
{
    switch (o->job) {
    case JOB_SERVE: return serve(o, p, pki);
    case JOB_TRUTH: return print_truth(o, p, pki);
    case JOB_ROOT: return print_root(pki);
    case JOB_LIST: truth_list(stdout, p); return flushed();
    case JOB_HELP: fputs(farm_options_help, stdout); return flushed();
    case JOB_VERSION: return print_version();
    }
    return EXIT_FAULT;
}

/* people sets the weights that the options ask for. */
static int people(struct population *p, char *err, size_t err_len, const struct farm_options *o)
{
    if (o->population_file != NULL)
        return population_load(p, err, err_len, o->population_file);
    if (o->only == NULL || population_only(p, o->only))
        return 0;
    snprintf(err, err_len, "--only: no behaviour is called '%s'; see mxfarm --list", o->only);
    return -EINVAL;
}

int main(int argc, char **argv)
{
    char err[ERR_MAX];
    struct farm_options o;
    struct population p;
    time_t now = time(NULL);
    if (farm_options_parse(&o, err, sizeof err, argc, argv, now - now % 86400) < 0) {
        fprintf(stderr, "mxfarm: %s\n", err);
        return EXIT_USAGE;
    }
    if (population_init(&p, o.seed) < 0)
        return fault("population", "no memory");
    if (people(&p, err, sizeof err, &o) < 0) {
        fprintf(stderr, "mxfarm: %s\n", err);
        population_cleanup(&p);
        return EXIT_USAGE;
    }
    struct pki *pki = pki_new(o.seed, o.now_s);
    int status = pki == NULL ? fault("certificates", "no memory") : do_job(&o, &p, pki);
    pki_free(pki);
    population_cleanup(&p);
    return status;
}
