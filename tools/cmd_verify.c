#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/json.h"
#include "core/times.h"
#include "tools/alike.h"
#include "tools/commands.h"
#include "tools/complaint.h"
#include "tools/missing.h"
#include "tools/new_file.h"
#include "tools/repair.h"
#include "tools/verify.h"

enum { OPTION_MISSING, OPTION_REPAIR };
enum { MISSING_SHOWN = 10, LOSSES_SHOWN = 100, NAME_LEN = 256, PATH_LEN_MAX = 4096 };

static const char *name_of(char out[NAME_LEN], const char *path)
{
    text_for_terminal(out, NAME_LEN, bytes_text(path));
    return out;
}

/* ---- files ---- */

static void print_file(const char *path, const struct verified *v)
{
    char name[NAME_LEN], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], c[COUNT_TEXT_MAX];
    printf("%s: whole: %s records, %s blocks, %s certificates, ", name_of(name, path),
           count_text(a, v->records), count_text(b, v->blocks), count_text(c, v->certificates));
    printf("%s events; %s\n", count_text(a, v->events), walk_end_text(v->end));
    if (v->repairs > 0)
        printf("  repaired: %s places where something was lost; %s certificates that are named "
               "are missing\n",
               count_text(a, v->repairs), count_text(b, v->missing_certs));
}

/* ---- sweeps ---- */

static void print_missing(const struct coverage *c, const struct missing *m)
{
    unsigned long long first = m->first, last = m->first + (m->count - 1) * c->num_shards;
    if (m->count == 1)
        printf("  missing: position %llu\n", first);
    else if (c->num_shards == 1)
        printf("  missing: positions %llu to %llu\n", first, last);
    else
        printf("  missing: positions %llu to %llu in steps of %u (shard %llu)\n", first, last,
               c->num_shards, first % c->num_shards);
}

/* prints what is done of a sweep; true: every position once */
static bool print_coverage(struct coverage *c)
{
    struct missing missing[MISSING_SHOWN];
    struct coverage_sum sum;
    char a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], d[COUNT_TEXT_MAX], e[COUNT_TEXT_MAX];
    coverage_sum(c, &sum, missing, MISSING_SHOWN);
    bool whole =
        sum.missing == 0 && sum.duplicates == 0 && sum.beyond == 0 && (!c->streamed || c->has_end);
    printf("sweep ");
    for (size_t i = 0; i < 8; i++)
        printf("%02x", c->sweep_id[i]);
    const char *state = c->streamed && !c->has_end ? "open-ended, a stream whose end no file says"
                        : !whole                   ? "not covered"
                        : c->streamed              ? "every line once"
                                                   : "every target once";
    printf(": %s: %s %s, %s done, %s missing, %s done more than once\n", state,
           count_text(a, c->count), c->streamed ? "positions of a stream" : "targets",
           count_text(b, sum.done), count_text(d, sum.missing), count_text(e, sum.duplicates));
    if (sum.beyond > 0)
        printf("  %s positions are done behind the end of the stream: its shards did not read the "
               "same list\n",
               count_text(a, sum.beyond));
    for (size_t i = 0; i < MISSING_SHOWN && i < sum.num_missing_runs; i++)
        print_missing(c, &missing[i]);
    if (sum.num_missing_runs > MISSING_SHOWN)
        printf("  and %s more runs\n", count_text(a, sum.num_missing_runs - MISSING_SHOWN));
    return whole;
}

/* says why files are not of one sweep: those who meant them to be will want to know */
static int print_difference(const struct sweeps *s, size_t i, char err[COMMAND_ERR_MAX])
{
    struct dataset_reader *a = NULL, *b = NULL;
    char one[NAME_LEN], other[NAME_LEN];
    int rc = dataset_open(&a, err, s->list[0].path);
    if (rc == 0)
        rc = dataset_open(&b, err, s->list[i].path);
    if (rc == 0)
        printf("%s and %s are of different sweeps: %s\n", name_of(one, s->list[0].path),
               name_of(other, s->list[i].path),
               alike_difference(dataset_reader_header(a), dataset_reader_header(b)));
    dataset_close(a);
    dataset_close(b);
    return rc;
}

static bool print_sweeps(struct sweeps *s, char err[COMMAND_ERR_MAX])
{
    bool whole = true;
    for (size_t i = 0; i < s->num; i++)
        whole &= print_coverage(&s->list[i].coverage);
    for (size_t i = 1; i < s->num; i++)
        whole &= print_difference(s, i, err) == 0;
    return whole;
}

/* ---- --missing ---- */

static bool write_port(const struct missing_targets *m, uint16_t port, const char *path,
                       char err[COMMAND_ERR_MAX])
{
    struct new_file out;
    if (!new_file_open(&out, err, path))
        return false;
    FILE *stream = new_file_stream(&out, err);
    bool any = stream != NULL && missing_write(m, port, stream) > 0;
    return new_file_close(&out, err, any) && stream != NULL;
}

/* one list; of several ports, one for each that lacks something */
static bool write_missing(struct sweeps *s, const char *path, char err[COMMAND_ERR_MAX])
{
    struct dataset_reader *r;
    struct missing_targets m = {0};
    char with_port[PATH_LEN_MAX];
    if (dataset_open(&r, err, s->list[0].path) != 0)
        return false;
    const struct target_space *space = dataset_reader_header(r)->space;
    bool good = missing_find(&m, err, &s->list[0].coverage, dataset_reader_header(r)) == 0;
    for (size_t i = 0; good && i < space->num_ports; i++) {
        snprintf(with_port, sizeof with_port, "%s.%u", path, space->ports[i]);
        good = write_port(&m, space->ports[i], space->num_ports > 1 ? with_port : path, err);
    }
    missing_cleanup(&m);
    dataset_close(r);
    return good;
}

/* ---- --repair ---- */

/* the blocks that a loss took, if the file has an index */
static void print_lost_blocks(const struct repaired *r, const struct repair_loss *loss)
{
    char records[COUNT_TEXT_MAX];
    for (size_t i = 0; i < r->num_index; i++) {
        const struct dataset_index_entry *e = &r->index[i];
        if (e->offset + e->frame_len > loss->offset && e->offset < loss->offset + loss->len)
            printf("    block %zu of %zu: %s records, from position %llu on\n", i + 1, r->num_index,
                   count_text(records, e->records), (unsigned long long)e->first_position);
    }
}

static void print_loss(const struct repaired *r, const struct repair_loss *loss)
{
    unsigned long long first = loss->offset, end = loss->offset + loss->len;
    if (loss->len == 0)
        printf("  at octet %llu: %s\n", first, repair_why_text(loss->why));
    else
        printf("  octets %llu to %llu: %s\n", first, end - 1, repair_why_text(loss->why));
    print_lost_blocks(r, loss);
}

static void print_repaired(const char *path, const char *out, const struct repaired *r)
{
    char name[NAME_LEN], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], c[COUNT_TEXT_MAX];
    size_t shown = r->num_listed < LOSSES_SHOWN ? r->num_listed : LOSSES_SHOWN;
    printf("%s: lost: %s octets, in %s places\n", name_of(name, path),
           count_text(a, r->lost_octets), count_text(b, r->num_losses));
    for (size_t i = 0; i < shown; i++)
        print_loss(r, &r->losses[i]);
    if (r->num_losses > shown)
        printf("  and %s more places\n", count_text(a, r->num_losses - shown));
    printf("%s: written: %s records of %s targets, in %s blocks\n", name_of(name, out),
           count_text(a, r->records), count_text(b, r->positions), count_text(c, r->blocks));
}

static int64_t utc_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* what was written is read again: it must be whole */
static enum exit_code verify_repaired(const char *path, char err[COMMAND_ERR_MAX])
{
    struct sweeps sweeps = {0};
    struct verified v;
    int rc = verify_file(&v, &sweeps, err, path);
    if (rc == 0) {
        print_file(path, &v);
        print_sweeps(&sweeps, err);
    }
    sweeps_cleanup(&sweeps);
    return rc == 0 ? EXIT_GOOD : EXIT_FAULT;
}

static enum exit_code repair(const char *out, const char *path, char err[COMMAND_ERR_MAX])
{
    struct sweeps sweeps = {0};
    struct verified v;
    struct repaired r;
    char name[NAME_LEN];
    int rc = verify_file(&v, &sweeps, err, path);
    sweeps_cleanup(&sweeps);
    if (rc == 0) {
        print_file(path, &v);
        printf("%s: nothing to repair, so nothing is written\n", name_of(name, path));
        return EXIT_GOOD;
    }
    complaint_print(stdout, err);
    err[0] = '\0';
    rc = repair_file(&r, err, out, path, utc_us());
    if (rc != 0)
        return EXIT_FAULT;
    print_repaired(path, out, &r);
    repaired_cleanup(&r);
    return verify_repaired(out, err);
}

/* ---- the command ---- */

/* verifies all files; false: err says which is damaged */
static bool verify_all(const struct args *args, struct sweeps *sweeps, bool *torn, bool *unfinished,
                       char err[COMMAND_ERR_MAX])
{
    for (size_t i = 0; i < args->num_files; i++) {
        struct verified v;
        int rc = verify_file(&v, sweeps, err, args->files[i]);
        if (rc != 0 && rc != -ENODATA)
            return false;
        *torn |= rc == -ENODATA;
        *unfinished |= v.end != WALK_COMPLETE && v.end != WALK_ROTATED;
        if (rc == 0)
            print_file(args->files[i], &v);
    }
    return true;
}

static enum exit_code verify(const struct args *args, char err[COMMAND_ERR_MAX])
{
    struct sweeps sweeps = {0};
    const char *missing = args->values[OPTION_MISSING];
    bool torn = false, unfinished = false;
    bool good = verify_all(args, &sweeps, &torn, &unfinished, err);
    if (good && missing != NULL && sweeps.num > 1) {
        snprintf(err, COMMAND_ERR_MAX, "--missing: the files are of %zu sweeps; name those of one",
                 sweeps.num);
        good = false;
    }
    bool whole = good && print_sweeps(&sweeps, err);
    if (good && !whole && !torn && err[0] == '\0')
        snprintf(err, COMMAND_ERR_MAX, "%s",
                 unfinished
                     ? "the files are undamaged, and the sweep is unfinished: go on with "
                       "mxsweep --resume FILE"
                     : "the files are undamaged, and do not cover the sweep once: name the files "
                       "of all shards, and all of their parts, each once");
    if (good && missing != NULL)
        good = write_missing(&sweeps, missing, err);
    sweeps_cleanup(&sweeps);
    return good && whole && !torn ? EXIT_GOOD : EXIT_FAULT;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    const char *out = args->values[OPTION_REPAIR];
    if (out == NULL)
        return verify(args, err);
    if (args->num_files == 1 && args->values[OPTION_MISSING] == NULL)
        return repair(out, args->files[0], err);
    snprintf(err, COMMAND_ERR_MAX,
             "--repair: takes one file at a time, and no other option; see mxstat verify --help");
    return EXIT_USAGE;
}

const struct command cmd_verify = {
    .name = "verify",
    .about = "Proves that datasets are undamaged, and that together they have every target once.",
    .text = "Reads every frame of every file: checksums, the chain of hashes, references, counts.\n"
            "Files of one sweep, shards and parts, are taken together. Several ports: FILE.PORT "
            "each.\n"
            "With --repair, exit status 0 means that OUT is whole, whatever FILE lost.",
    .rows = {[OPTION_MISSING] = {"missing", 0, "FILE",
                                 "writes the targets that no file has, one a line"},
             [OPTION_REPAIR] = {"repair", 0, "OUT",
                                "writes what is readable of one damaged file to OUT"}},
    .run = run,
};
