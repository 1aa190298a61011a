#include <errno.h>

#include "core/json.h"
#include "tools/commands.h"
#include "tools/times.h"
#include "tools/verify.h"

enum { MISSING_SHOWN = 10 };

static void print_file(const char *path, const struct verified *v)
{
    char name[256], records[COUNT_TEXT_MAX], blocks[COUNT_TEXT_MAX], certs[COUNT_TEXT_MAX];
    text_for_terminal(name, sizeof name, bytes_text(path));
    printf("%s: whole: %s records, %s blocks, %s certificates; %s\n", name,
           count_text(records, v->records), count_text(blocks, v->blocks),
           count_text(certs, v->certificates), walk_end_text(v->end));
}

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
    bool whole = sum.missing == 0 && sum.duplicates == 0;
    printf("sweep ");
    for (size_t i = 0; i < 8; i++)
        printf("%02x", c->sweep_id[i]);
    printf(": %s: %s targets, %s done, %s missing, %s done more than once\n",
           whole ? "every target once" : "not covered", count_text(a, c->count),
           count_text(b, sum.done), count_text(d, sum.missing), count_text(e, sum.duplicates));
    for (size_t i = 0; i < MISSING_SHOWN && i < sum.num_missing_runs; i++)
        print_missing(c, &missing[i]);
    if (sum.num_missing_runs > MISSING_SHOWN)
        printf("  and %s more runs\n", count_text(a, sum.num_missing_runs - MISSING_SHOWN));
    return whole;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    struct sweeps sweeps = {0};
    enum exit_code code = EXIT_GOOD;
    bool torn = false, unfinished = false;
    for (size_t i = 0; i < args->num_files; i++) {
        struct verified v;
        int rc = verify_file(&v, &sweeps, err, args->files[i]);
        if (rc != 0 && rc != -ENODATA) {
            code = EXIT_FAULT;
            goto out;
        }
        torn |= rc == -ENODATA;
        unfinished |= v.end != WALK_COMPLETE;
        if (rc == 0)
            print_file(args->files[i], &v);
    }
    bool whole = true;
    for (size_t i = 0; i < sweeps.num; i++)
        whole &= print_coverage(&sweeps.list[i]);
    if (!whole && !torn)
        snprintf(err, COMMAND_ERR_MAX, "%s",
                 unfinished
                     ? "the files are undamaged, and the sweep is unfinished: go on with "
                       "mxsweep --resume FILE"
                     : "the files are undamaged, and do not cover the sweep once: name the files "
                       "of all shards, each once");
    if (!whole || torn)
        code = EXIT_FAULT;
out:
    sweeps_cleanup(&sweeps);
    return code;
}

const struct command cmd_verify = {
    .name = "verify",
    .about = "Proves that datasets are undamaged, and that together they have every target once.",
    .text = "Reads every frame of every file: checksums, the chain of hashes, references, counts.\n"
            "Files of one sweep, its shards, are taken together.",
    .run = run,
};
