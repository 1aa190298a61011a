/* synth: a population in numbers becomes a dataset. See --help and tests/tools/README.md. */
#include <errno.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/dataset.h"
#include "core/permutation.h"
#include "tests/tools/synth_people.h"

#define START_S INT64_C(1767225600) /* 2026-01-01 00:00:00 UTC */

struct options {
    uint64_t seed, block_len;
    uint32_t num_shards, shard;
    const char *roots, *weights, *table, *out;
};

/* a dataset that is being written */
struct writing {
    const struct options *o;
    struct synth_people *people;
    struct dataset_writer *w;
    struct target_space space;
    struct permutation order;
    char err[DATASET_ERR_MAX];
};

static int complain(const char *what)
{
    fprintf(stderr, "synth: %s\n", what);
    return 1;
}

static void must(bool good, const char *what)
{
    if (!good)
        exit(complain(what));
}

/* ---- writing ---- */

static void seal(struct writing *to)
{
    must(dataset_seal(to->w, to->err) == 0, to->err);
}

static void take_cert(void *ctx, struct bytes der)
{
    struct writing *to = ctx;
    int rc = dataset_add_cert(to->w, der);
    if (rc == -ENOBUFS) {
        seal(to);
        rc = dataset_add_cert(to->w, der);
    }
    must(rc == 0, "a certificate is not taken");
}

static int add(struct writing *to, uint64_t position)
{
    struct record record;
    struct target t = target_space_at(&to->space, permutation_at(&to->order, position));
    uint64_t number;
    const struct synth_row *row = synth_people_at(to->people, &number, t.addr);
    must(row != NULL, "an address of no row");
    if (row->counted)
        return dataset_count(to->w, position, row->stage, row->cause);
    synth_people_record(to->people, &record, row, number, position, take_cert, to);
    record.addr = t.addr;
    record.port = t.port;
    record.host = t.host;
    record.tag = t.tag;
    return dataset_add(to->w, &record, NULL);
}

static void write_all(struct writing *to)
{
    uint64_t count = synth_people_count(to->people), in_block = 0;
    for (uint64_t p = to->o->shard; p < count; p += to->o->num_shards) {
        int rc = add(to, p);
        if (rc == -ENOBUFS) {
            seal(to);
            rc = add(to, p);
        }
        must(rc == 0, strerror(-rc));
        in_block++;
        if (in_block == to->o->block_len || dataset_pending(to->w) >= DATASET_BLOCK_TARGET) {
            seal(to);
            in_block = 0;
        }
    }
}

static void fill_header(struct dataset_header *h, const struct writing *to)
{
    static const struct bytes ehlo_name = {(const uint8_t *)"synth.example.com", 17};
    static const struct dataset_hello hello = {.name = {(const uint8_t *)"plain", 5},
                                               .ja4 = {(const uint8_t *)"t13i", 4}};
    *h = (struct dataset_header){
        .format = DATASET_FORMAT,
        .start_us = START_S * 1000000,
        .tool = bytes_text("synth 2"),
        .ehlo_names = &ehlo_name,
        .num_ehlo_names = 1,
        .seed = to->o->seed,
        .num_shards = to->o->num_shards,
        .shard = to->o->shard,
        .record_mode = synth_people_counted(to->people) ? RECORD_RESPONSIVE : RECORD_ALL,
        .space = &to->space,
        .hellos = &hello,
        .num_hellos = 1,
    };
    dataset_sweep_id(h);
    /* the id follows from what is written, not from where to */
    uint8_t in[32 + 16] = {0}, digest[32];
    memcpy(in, h->sweep_id, 32);
    memcpy(in + 32, &h->seed, 8);
    memcpy(in + 40, &h->shard, 4);
    SHA256(in, sizeof in, digest);
    memcpy(h->id, digest, sizeof h->id);
}

static void make_space(struct writing *to)
{
    static const uint16_t port = 25;
    struct target_counts counts;
    struct target_list *list = target_list_new();
    must(list != NULL, "no memory");
    char err[SYNTH_ERR_MAX] = "";
    must(synth_people_targets(to->people, list, err), err);
    must(target_space_build(&to->space, &counts, list, NULL, NULL, NULL, &port, 1) == 0,
         "no memory for the targets");
    must(to->space.count == synth_people_count(to->people), "an address is given twice");
    target_list_free(list);
    permutation_init(&to->order, to->space.count, to->o->seed);
}

static void write_dataset(struct writing *to)
{
    struct dataset_header h;
    make_space(to);
    fill_header(&h, to);
    remove(to->o->out);
    must(dataset_create(&to->w, to->err, to->o->out, &h) == 0, to->err);
    write_all(to);
    uint64_t end_us = synth_people_count(to->people) * 1000 + UINT64_C(120000000);
    must(dataset_finish(to->w, to->err, end_us, DATASET_COMPLETE) == 0, to->err);
    target_space_cleanup(&to->space);
}

static void write_file(const char *path, const struct synth_people *people, bool roots)
{
    if (path == NULL)
        return;
    FILE *f = fopen(path, "w");
    must(f != NULL, strerror(errno));
    if (roots)
        synth_pki_roots(f, synth_people_pki(people));
    else
        synth_people_weights(people, f);
    must(fclose(f) == 0, strerror(errno));
}

/* ---- the command line ---- */

static int help(void)
{
    puts("Usage: synth [OPTIONS] TABLE OUT\n"
         "Writes a dataset of the population that TABLE describes: CSV with a line of names, or a "
         "JSON array\nof objects; each row is so many targets that are alike.\n\n"
         "  --seed N      of the order of visits (1)\n"
         "  --block N     targets of a block; 0: as many as fit (0)\n"
         "  --shards N    of so many shards ...\n"
         "  --shard I     ... write this one, from 0\n"
         "  --roots FILE  write the root that chains lead to, in PEM, for mxstat's --trust-store\n"
         "  --weights FILE  write ADDRESS,WEIGHT of each target\n"
         "  --help        this\n\n"
         "The same table and options give the same octets. Memory is that of the table, and 33 "
         "octets a\ndistinct leaf. The sweep begins at 2026-01-01 00:00:00 UTC.\n");
    synth_row_help(stdout);
    return 0;
}

static bool take_number(uint64_t *out, const char *text, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value > max)
        return false;
    *out = value;
    return true;
}

/* 0 to go on, else an exit code plus 1 */
static int take_options(struct options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"seed", 1, NULL, 's'},  {"block", 1, NULL, 'b'}, {"shards", 1, NULL, 'n'},
        {"shard", 1, NULL, 'i'}, {"roots", 1, NULL, 'r'}, {"weights", 1, NULL, 'w'},
        {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0},
    };
    uint64_t shards = 1, shard = 0;
    bool good = true;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (c) {
        case 's': good = good && take_number(&o->seed, optarg, UINT64_MAX); break;
        case 'b': good = good && take_number(&o->block_len, optarg, 1 << 17); break;
        case 'n': good = good && take_number(&shards, optarg, 65535) && shards > 0; break;
        case 'i': good = good && take_number(&shard, optarg, 65535); break;
        case 'r': o->roots = optarg; break;
        case 'w': o->weights = optarg; break;
        case 'h': return help() + 1;
        default: return 3;
        }
    if (!good || shard >= shards || argc - optind != 2) {
        fputs("usage: synth [OPTIONS] TABLE OUT, see --help\n", stderr);
        return 3;
    }
    o->num_shards = (uint32_t)shards;
    o->shard = (uint32_t)shard;
    o->table = argv[optind];
    o->out = argv[optind + 1];
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1};
    char err[SYNTH_ERR_MAX] = "";
    struct synth_table table;
    int end = take_options(&o, argc, argv);
    if (end != 0)
        return end - 1;
    if (!synth_table_read(&table, err, o.table))
        return complain(err);
    struct writing to = {.o = &o, .people = synth_people_new(&table, START_S, err)};
    if (to.people == NULL || synth_people_count(to.people) == 0) {
        synth_table_cleanup(&table);
        return complain(to.people == NULL ? err : "no targets");
    }
    write_dataset(&to);
    write_file(o.roots, to.people, true);
    write_file(o.weights, to.people, false);
    synth_people_free(to.people);
    synth_table_cleanup(&table);
    return 0;
}
