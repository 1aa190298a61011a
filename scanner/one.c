#include "scanner/one.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "scanner/sweep.h"

enum { FOLDER_MAX = 512, FILE_MAX = FOLDER_MAX + 16, LINK_MAX_LEN = 32, PROGRESS_MS = 1000 };

/* ---- the temporary dataset ---- */

static int fail(char err[PLAN_ERR_MAX], int rc, const char *what)
{
    snprintf(err, PLAN_ERR_MAX, "%s: %s", what, strerror(-rc));
    return rc;
}

static int make_folder(char folder[FOLDER_MAX], char err[PLAN_ERR_MAX])
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    if (snprintf(folder, FOLDER_MAX, "%s/mxprobe-XXXXXX", base) >= FOLDER_MAX)
        return fail(err, -ENAMETOOLONG, "TMPDIR");
    if (mkdtemp(folder) != NULL)
        return 0;
    int rc = -errno;
    snprintf(err, PLAN_ERR_MAX, "%s: %s; name a folder that can be written in TMPDIR", folder,
             strerror(-rc));
    return rc;
}

/* plans with a dataset in a folder of its own, and takes its name away: what fd reads is all that
 * is left of it, whatever becomes of us */
static int plan_nameless(struct one *one, int *fd, char err[PLAN_ERR_MAX],
                         const struct probe_options *o)
{
    char folder[FOLDER_MAX], file[FILE_MAX];
    struct options sweep = o->sweep;
    int rc = make_folder(folder, err);
    if (rc != 0)
        return rc;
    snprintf(file, sizeof file, "%s/one.mxs.zst", folder);
    sweep.output_file = file;
    rc = plan_make(&one->plan, err, &sweep, sweep_utc_us());
    if (rc == 0 && (*fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
        rc = fail(err, -errno, file);
    one->plan.file = "the temporary dataset";
    unlink(file);
    rmdir(folder);
    return rc;
}

/* ---- the visit ---- */

static void wait_for_end(struct engine *e, bool show_progress)
{
    struct pollfd ended = {.fd = engine_ended_fd(e), .events = POLLIN};
    uint64_t start_ns = uv_hrtime();
    while (poll(&ended, 1, show_progress ? PROGRESS_MS : -1) <= 0) {
        struct engine_figures figures;
        if (!show_progress)
            continue;
        engine_figures(e, &figures);
        fprintf(stderr, "\rmxprobe: connection %llu, %llu s\033[K",
                (unsigned long long)figures.count[COUNT_STARTED],
                (unsigned long long)((uv_hrtime() - start_ns) / 1000000000));
        fflush(stderr);
    }
    if (show_progress)
        fputs("\r\033[K", stderr);
}

/* what a host name leads to is asked again: it may be an address of no host */
static int refuse_late(struct one *one, struct filter **filter, char err[PLAN_ERR_MAX],
                       const struct options *sweep)
{
    uint8_t sha256[32];
    int rc = probe_refused(&one->plan.block);
    if (rc != 0)
        return fail(err, rc, "addresses of no host");
    prefix_set_seal(&one->plan.block);
    return plan_filter(&one->plan, filter, sha256, err, sweep, false);
}

static int visit(struct one *one, char err[PLAN_ERR_MAX], const struct probe_options *o,
                 bool show_progress)
{
    struct engine *engine;
    struct engine_config config;
    struct engine_figures figures;
    char fault[ENGINE_FAULT_MAX];
    uint64_t start_ns = uv_hrtime();
    sweep_configure(&config, &one->plan, &o->sweep);
    int rc = refuse_late(one, &config.filter, err, &o->sweep);
    if (rc != 0)
        return rc;
    rc = engine_start(&engine, &config);
    if (rc != 0)
        return fail(err, rc, "the engine does not start");
    wait_for_end(engine, show_progress);
    engine_figures(engine, &figures);
    rc = engine_join(engine, fault);
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "%s", fault);
        return rc;
    }
    if (figures.num_left_alone > 0)
        return fail(err, -EADDRNOTAVAIL, "this host could not open a connection");
    struct dataset_writer *dataset = one->plan.dataset;
    one->plan.dataset = NULL; /* freed in any case */
    return dataset_finish(dataset, err, config.offset_us + (uv_hrtime() - start_ns) / 1000,
                          DATASET_COMPLETE);
}

/* ---- reading it back ---- */

static int take_certs(struct one *one, const struct block *b)
{
    size_t num = block_num_certs(b);
    if (num == 0)
        return 0;
    struct one_cert *grown = realloc(one->certs, (one->num_certs + num) * sizeof one->certs[0]);
    if (grown == NULL)
        return -ENOMEM;
    one->certs = grown;
    for (size_t i = 0; i < num; i++) {
        struct one_cert *c = &one->certs[one->num_certs++];
        c->der = block_cert(b, i, c->sha256);
    }
    return 0;
}

static int take_records(struct one *one, const struct block *b)
{
    size_t num = block_num_records(b);
    if (num == 0)
        return 0;
    struct record *grown = realloc(one->records, (one->num_records + num) * sizeof one->records[0]);
    if (grown == NULL)
        return -ENOMEM;
    one->records = grown;
    for (size_t i = 0; i < num; i++)
        block_record(b, &one->records[one->num_records++], i);
    return 0;
}

static int take_block(struct one *one, char err[PLAN_ERR_MAX], struct bytes payload)
{
    char why[DATASET_ERR_MAX];
    struct block **grown = realloc(one->blocks, (one->num_blocks + 1) * sizeof one->blocks[0]);
    if (grown == NULL)
        return -ENOMEM;
    one->blocks = grown;
    struct block *b = block_new(one->header);
    if (b == NULL)
        return -ENOMEM;
    one->blocks[one->num_blocks++] = b;
    int rc = block_decode(b, payload, why);
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "%s", why);
        return rc;
    }
    rc = take_certs(one, b);
    return rc == 0 ? take_records(one, b) : rc;
}

static int read_back(struct one *one, char err[PLAN_ERR_MAX], int fd)
{
    char name[LINK_MAX_LEN], why[DATASET_ERR_MAX];
    struct dataset_item item;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    snprintf(err, PLAN_ERR_MAX, "no memory");
    int rc = dataset_open(&one->reader, why, name);
    if (rc == 0) {
        one->header = dataset_reader_header(one->reader);
        while ((rc = dataset_next(one->reader, &item, why)) == 1) {
            rc = item.kind == DATASET_BLOCK ? take_block(one, err, item.payload) : 0;
            if (rc != 0)
                return rc;
        }
    }
    if (rc != 0)
        snprintf(err, PLAN_ERR_MAX, "%s", why);
    else if (one->num_records == 0) {
        snprintf(err, PLAN_ERR_MAX, "nothing was recorded");
        return -EIO;
    }
    return rc;
}

int one_run(struct one *one, char err[PLAN_ERR_MAX], const struct probe_options *o,
            bool show_progress)
{
    int fd = -1;
    memset(one, 0, sizeof *one);
    int rc = plan_nameless(one, &fd, err, o);
    if (rc == 0)
        rc = visit(one, err, o, show_progress);
    if (rc == 0)
        rc = read_back(one, err, fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

void one_cleanup(struct one *one)
{
    for (size_t i = 0; i < one->num_blocks; i++)
        block_free(one->blocks[i]);
    free(one->blocks);
    free(one->records);
    free(one->certs);
    if (one->reader != NULL)
        dataset_close(one->reader);
    plan_cleanup(&one->plan);
}

size_t one_chain(struct bytes ders[RECORD_CHAIN_MAX], const struct one *one, const struct record *r)
{
    for (size_t i = 0; i < r->num_chain; i++) {
        ders[i] = bytes_of(NULL, 0);
        for (size_t k = 0; k < one->num_certs; k++)
            if (memcmp(one->certs[k].sha256, r->chain[i], 32) == 0)
                ders[i] = one->certs[k].der;
    }
    return r->num_chain;
}
