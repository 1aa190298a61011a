/* mxfarm: a loopback mail Internet. */
#include <errno.h>
#include <openssl/base.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include "tools/farm/options.h"
#include "tools/farm/pki.h"
#include "tools/farm/rote_config.h"
#include "tools/farm/serve.h"

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
        if (front_find(&o->fronts, a) == NULL &&
            !truth_print(stdout, p, pki, &o->time_outs, &o->latency, a, o->port))
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

static int serve(const struct farm_options *o, const struct population *p, struct pki *pki)
{
    const char *what = "";
    char named[32];
    int rc = serve_run(&what, o, p, pki);
    if (rc == 0)
        return EXIT_SUCCESS;
    if (rc == -ECHILD)
        return fault("--processes", "one of them ended before its time");
    snprintf(named, sizeof named, "port %u", o->port);
    return fault(strcmp(what, "port") == 0 ? named : what, uv_strerror(rc));
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

static int only_rote(struct population *p, char *err, size_t err_len, const char *spec)
{
    char why[ERR_MAX];
    int rc = population_rote(p, why, sizeof why, spec);
    if (rc < 0)
        snprintf(err, err_len, "--only: %.400s", why);
    return rc;
}

/* people sets the weights that the options ask for. */
static int people(struct population *p, char *err, size_t err_len, const struct farm_options *o)
{
    if (o->population_file != NULL)
        return population_load(p, err, err_len, o->population_file);
    if (o->only != NULL && strncmp(o->only, ROTE_PREFIX, sizeof ROTE_PREFIX - 1) == 0)
        return only_rote(p, err, err_len, o->only);
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
