/* however the files of a report are read, with any number of threads, with a cache of judgements or
 * with one that is damaged, the JSON is the same to the octet */
#include "tools/report_read.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/dataset_copy.h"
#include "core/dataset_salvage.h"
#include "tests/core/chains.h"
#include "tests/core/golden.h"
#include "tests/tools/synth.h"
#include "tools/judge_cache_check.h"
#include "tools/parallel.h"

#define EHLO "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define DONE                                                                                       \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = "220 mx.example.com ESMTP\r\n",            \
    .ehlo = EHLO, .starttls = "220 go\r\n", .ehlo_tls = EHLO, .handshake_done = true,              \
    .version = 0x0304, .suite = 0x1301, .group = 29

#define STAPLED                                                                                    \
    DONE, .tls_known = TLS_FLAG_OCSP, .tls_flags = TLS_FLAG_OCSP,                                  \
          .ocsp = {(const uint8_t *)"no response", 11}

enum { CERTS_MAX = 64, CLASSES_MAX = 8 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 997 };
#else
enum { STRIDE = 61 };
#endif

struct world {
    struct chains octets;
    struct synth_cert certs[CERTS_MAX];
    struct synth_class classes[CLASSES_MAX];
    size_t num_classes;
    struct trust_store *store;
    char path[2][128], folder[128];
};

static void add_class(struct world *w, struct synth_class class, const char *words)
{
    size_t before = w->octets.num;
    chains_add(&w->octets, words);
    for (size_t i = before; i < w->octets.num; i++) {
        w->certs[i] = (struct synth_cert){.der = w->octets.certs[i]};
        class.chain[i - before] = &w->certs[i];
    }
    w->classes[w->num_classes++] = class;
}

static void write_file(struct world *w, size_t i, uint64_t leave_out)
{
    struct synth s = {.classes = w->classes + 3 * i,
                      .num_classes = 4 - i,
                      .block_len = 4,
                      .reason = leave_out > 0 ? DATASET_STOPPED : DATASET_COMPLETE,
                      .leave_out = leave_out,
                      .start_s = CHAINS_TIME,
                      .seed = 5};
    synth_write(w->path[i], &s);
}

/* the first file sends leaves without the intermediate that is in the second */
static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    add_class(w, (struct synth_class){.count = 7, DONE}, "leaf sub");
    add_class(w, (struct synth_class){.count = 5, DONE}, "leaf");
    add_class(w, (struct synth_class){.count = 9, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED},
              "");
    add_class(w, (struct synth_class){.count = 6, DONE}, "leaf-old sub");
    add_class(w, (struct synth_class){.count = 3, DONE}, "leaf sub root");
    w->store = chains_store("root");
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "report-%zu.mxs.zst", i);
        golden_path(w->path[i], name);
        write_file(w, i, 0);
    }
    golden_path(w->folder, "report-cache");
    assert_int_equal(mkdir(w->folder, 0700), 0);
    *state = w;
    return 0;
}

/* removes caches and books; returns how many caches there were, and the name of one */
static size_t clear(const struct world *w, char one[512], bool remove_them)
{
    size_t num = 0;
    char path[512];
    DIR *folder = opendir(w->folder);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", w->folder, e->d_name);
        bool is_cache = strstr(path, ".judged") != NULL;
        if (one != NULL && is_cache)
            memcpy(one, path, sizeof path);
        if (remove_them)
            unlink(path);
        num += is_cache;
    }
    closedir(folder);
    return num;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    clear(w, NULL, true);
    rmdir(w->folder);
    for (size_t i = 0; i < 2; i++)
        unlink(w->path[i]);
    trust_store_free(w->store);
    free(w);
    return 0;
}

struct how {
    unsigned num_threads; /* 0: 1 */
    bool cached, no_store, grouped;
    size_t first, num; /* of the files; 0: both */
    const struct trust_store *store;
    char *const *paths; /* in place of them: num */
};

static char *json_of(struct world *w, struct how how)
{
    char *both[2] = {w->path[how.first], w->path[1]};
    char err[COMMAND_ERR_MAX] = "";
    struct report_read r = {.paths = how.paths != NULL ? how.paths : both,
                            .num_files = how.num > 0 ? how.num : 2,
                            .store = how.no_store        ? NULL
                                     : how.store != NULL ? how.store
                                                         : w->store,
                            .num_threads = how.num_threads > 0 ? how.num_threads : 1,
                            .no_cache = !how.cached,
                            .cache_folder = w->folder};
    if (how.grouped) /* a pass of its own before targets are counted */
        r.setup.select.dimensions = 1U << DIMENSION_FAMILY;
    assert_int_equal(report_read(&r, err), EXIT_GOOD);
    assert_string_equal(err, "");
    struct report report = {.files = r.files, .num_files = r.num_files};
    assert_int_equal(statistics_make(&report.statistics, r.aggregate, 0), 0);
    struct json j;
    json_init(&j);
    report_json(&j, &report);
    assert_false(j.bad);
    char *text = strndup((const char *)j.text, j.len);
    assert_non_null(text);
    json_cleanup(&j);
    statistics_cleanup(&report.statistics);
    report_read_cleanup(&r);
    return text;
}

static void assert_json(struct world *w, struct how how, const char *want)
{
    char *got = json_of(w, how);
    assert_string_equal(got, want);
    free(got);
}

static void test_threads(void **state)
{
    struct world *w = *state;
    char *want = json_of(w, (struct how){0});
    assert_non_null(strstr(want, "\"label\":\"valid\",\"count\":10"));
    for (unsigned threads = 2; threads <= 7; threads++)
        assert_json(w, (struct how){.num_threads = threads}, want);
    free(want);
}

static void test_cached(void **state)
{
    struct world *w = *state;
    char *want = json_of(w, (struct how){0});
    assert_int_equal(clear(w, NULL, true), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_json(w, (struct how){.cached = true, .num_threads = 1 + i % 2}, want);
    assert_int_equal(clear(w, NULL, true), 1);
    free(want);
}

/* the file as it is in the cache's name; each kind of report has its own */
static void test_caches_apart(void **state)
{
    struct world *w = *state;
    struct trust_store *other = chains_store("other-root");
    const struct how hows[] = {
        {.cached = true},
        {.cached = true, .num = 1},
        {.cached = true, .num = 1, .first = 1},
        {.cached = true, .no_store = true},
        {.cached = true, .store = other},
    };
    enum { NUM = sizeof hows / sizeof hows[0] };
    char *want[NUM];
    for (size_t i = 0; i < NUM; i++) {
        struct how plain = hows[i];
        plain.cached = false;
        want[i] = json_of(w, plain);
    }
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < NUM; i++)
            assert_json(w, hows[i], want[i]);
    assert_int_equal(clear(w, NULL, true), NUM);
    for (size_t i = 0; i < NUM; i++)
        free(want[i]);
    trust_store_free(other);
}

static void put(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void test_cache_damaged(void **state)
{
    struct world *w = *state;
    char path[512];
    size_t len;
    char *want = json_of(w, (struct how){.cached = true});
    assert_int_equal(clear(w, path, false), 1);
    uint8_t *data = slurp(path, &len);
    assert_non_null(freopen("/dev/null", "w", stderr)); /* many notes */
    for (size_t at = 0; at < len; at += STRIDE) {
        data[at] ^= 0x41;
        put(path, data, len);
        assert_json(w, (struct how){.cached = true}, want);
        data[at] ^= 0x41;
    }
    for (size_t cut = 0; cut < len; cut += 4 * STRIDE) {
        put(path, data, cut);
        assert_json(w, (struct how){.cached = true}, want);
    }
    clear(w, NULL, true);
    free(data);
    free(want);
}

/* the sum of a cache made right again, as who means harm would: array by array, as it is read */
static void resum(uint8_t *data, size_t len)
{
    struct cache_head head;
    struct cache_sum sum = {{0}, 0};
    memcpy(&head, data, sizeof head);
    size_t at = sizeof head, part = head.num_files * sizeof(struct judge_cache_file);
    for (size_t i = 0; i <= NUM_CACHE_ARRAYS && part <= len - at; i++) {
        cache_sum_add(&sum, data + at, part);
        at += part;
        part = i < NUM_CACHE_ARRAYS ? head.num[i] * cache_array_size(i) : 0;
    }
    head.sum = cache_sum_end(&sum);
    memcpy(data, &head, sizeof head);
}

/* what is wrong in a cache whose sum is right may be believed, but does no harm */
static void test_cache_hostile(void **state)
{
    struct world *w = *state;
    char path[512];
    size_t len;
    free(json_of(w, (struct how){.cached = true}));
    assert_int_equal(clear(w, path, false), 1);
    uint8_t *data = slurp(path, &len);
    for (size_t at = 0; at < len; at += STRIDE / 10 + 1) {
        uint8_t was = data[at];
        data[at] ^= at % 3 == 0 ? 0x01 : at % 3 == 1 ? 0x80 : 0xff;
        resum(data, len);
        put(path, data, len);
        free(json_of(w, (struct how){.cached = true}));
        data[at] = was;
    }
    clear(w, NULL, true);
    free(data);
}

/* chains without a certificate, or of more than any chain has, that no verdict is known of */
static void test_cache_of_odd_chains(void **state)
{
    struct world *w = *state;
    char path[512];
    size_t len;
    char *want = json_of(w, (struct how){.cached = true});
    for (size_t odd = 0; odd < 2; odd++) {
        struct cache_head head;
        assert_int_equal(clear(w, path, false), 1);
        uint8_t *data = slurp(path, &len);
        memcpy(&head, data, sizeof head);
        size_t at = sizeof head + head.num_files * sizeof(struct judge_cache_file);
        for (size_t i = 0; i < 4; i++)
            at += head.num[i] * cache_array_size(i);
        head.is_judged = odd == 0;
        for (size_t i = 0; i < head.num[4]; i++) {
            struct chain_entry e;
            memcpy(&e, data + at + i * sizeof e, sizeof e);
            e.num = odd == 0 ? 0 : RECORD_CHAIN_MAX + 1;
            e.first_cert = odd == 0 ? (uint32_t)head.num[6] : 0;
            memcpy(data + at + i * sizeof e, &e, sizeof e);
        }
        memcpy(data, &head, sizeof head);
        resum(data, len);
        put(path, data, len);
        assert_json(w, (struct how){.cached = true}, want);
        free(data);
    }
    clear(w, NULL, true);
    free(want);
}

/* a sweep that goes on: its cache is of what was there before */
static void test_file_grows(void **state)
{
    struct world *w = *state;
    write_file(w, 0, 8);
    char *before = json_of(w, (struct how){.cached = true});
    write_file(w, 0, 0);
    char *after = json_of(w, (struct how){0});
    assert_string_not_equal(before, after);
    assert_json(w, (struct how){.cached = true}, after);
    assert_json(w, (struct how){.cached = true}, after);
    clear(w, NULL, true);
    free(before);
    free(after);
}

static off_t length_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* octets of a file that change without its id and length are seen when they have been read */
static void test_file_replaced(void **state)
{
    struct world *w = *state;
    off_t len = length_of(w->path[0]);
    free(json_of(w, (struct how){.cached = true}));
    for (uint16_t suite = 0x1302; suite < 0x1306; suite++) {
        w->classes[0].suite = suite;
        write_file(w, 0, 0);
        if (length_of(w->path[0]) != len)
            continue;
        char *want = json_of(w, (struct how){0});
        assert_json(w, (struct how){.cached = true}, want);
        free(want);
    }
    clear(w, NULL, true);
}

/* says in a cache that the files are as long as they are now */
static void put_lengths(const struct world *w, const char *cache)
{
    size_t len;
    uint8_t *data = slurp(cache, &len), *at = data + sizeof(struct cache_head);
    uint64_t lens[2] = {(uint64_t)length_of(w->path[0]), (uint64_t)length_of(w->path[1])};
    struct judge_cache_file files[2];
    memcpy(files, at, sizeof files);
    bool swapped = files[0].len == lens[1]; /* they are in the order of their ids */
    files[swapped].len = lens[0];
    memcpy(at, files, sizeof files);
    resum(data, len);
    put(cache, data, len);
    free(data);
}

/* so are chains that the cache does not have, whichever pass reads them first */
static void test_chains_replaced(void **state)
{
    struct world *w = *state;
    const struct synth_cert **chain = w->classes[0].chain, *leaf = chain[0];
    char cache[512];
    free(json_of(w, (struct how){.cached = true}));
    assert_int_equal(clear(w, cache, false), 1);
    chain[0] = chain[1];
    chain[1] = leaf;
    write_file(w, 0, 0);
    put_lengths(w, cache);
    char *want = json_of(w, (struct how){0});
    assert_json(w, (struct how){.cached = true, .grouped = true}, want);
    clear(w, NULL, true);
    free(want);
}

/* ---- partials ---- */

static void make_partial(struct world *w, char out[160], char *path)
{
    char err[COMMAND_ERR_MAX] = "";
    struct report_read r = {
        .paths = &path, .num_files = 1, .store = w->store, .num_threads = 2, .no_cache = true};
    snprintf(out, 160, "%s.partial", path);
    unlink(out);
    enum exit_code code = report_read_partial(&r, err, out);
    assert_string_equal(err, "");
    assert_int_equal(code, EXIT_GOOD);
    report_read_cleanup(&r);
}

/* what one file lacks is in the other: chains of a partial are judged when both are there */
static void test_partials(void **state)
{
    struct world *w = *state;
    char partial[2][160];
    char *want[] = {json_of(w, (struct how){.num = 1}),
                    json_of(w, (struct how){.first = 1, .num = 1}), json_of(w, (struct how){0})};
    char *plain = json_of(w, (struct how){.no_store = true});
    for (size_t i = 0; i < 2; i++)
        make_partial(w, partial[i], w->path[i]);
    char *const sets[][2] = {
        {partial[0], partial[1]}, {w->path[0], partial[1]}, {partial[0], w->path[1]}};
    assert_non_null(strstr(want[0], "\"label\":\"incomplete\",\"count\":5"));
    assert_json(w, (struct how){.paths = sets[0], .num = 1}, want[0]);
    assert_json(w, (struct how){.paths = &sets[0][1], .num = 1}, want[1]);
    for (size_t i = 0; i < 3; i++)
        for (unsigned threads = 1; threads <= 4; threads++) {
            assert_json(w, (struct how){.paths = sets[i], .num_threads = threads}, want[2]);
            assert_json(w, (struct how){.paths = sets[i], .num_threads = threads, .cached = true},
                        want[2]);
        }
    assert_json(w, (struct how){.paths = sets[0], .no_store = true}, plain);
    clear(w, NULL, true);
    for (size_t i = 0; i < 2; i++)
        unlink(partial[i]);
    for (size_t i = 0; i < 3; i++)
        free(want[i]);
    free(plain);
}

/* a chain that one partial has a verdict of comes with a response in the other */
static void test_partial_staples(void **state)
{
    struct world *w = *state;
    char partial[2][160];
    w->octets.num = w->octets.num_octets = w->num_classes = 0;
    add_class(w, (struct synth_class){.count = 7, DONE}, "leaf sub");
    add_class(w, (struct synth_class){.count = 2, STAPLED}, "leaf sub");
    for (size_t i = 0; i < 2; i++) {
        struct synth s = {.classes = w->classes + i,
                          .num_classes = 1,
                          .reason = DATASET_COMPLETE,
                          .start_s = CHAINS_TIME,
                          .seed = (uint32_t)i};
        synth_write(w->path[i], &s);
        make_partial(w, partial[i], w->path[i]);
    }
    char *want = json_of(w, (struct how){0});
    char *const sets[][2] = {
        {partial[0], partial[1]}, {w->path[0], partial[1]}, {partial[0], w->path[1]}};
    for (size_t i = 0; i < 3; i++)
        assert_json(w, (struct how){.paths = sets[i]}, want);
    for (size_t i = 0; i < 2; i++)
        unlink(partial[i]);
    free(want);
}

/* writes the blocks of a file without its events, and with the same end */
static void copy_without_events(const char *out, const char *path)
{
    char err[WALK_ERR_MAX] = "";
    static const bool no_sync;
    struct salvage *head;
    struct dataset_writer *to;
    struct walk from;
    int rc;
    assert_int_equal(salvage_open(&head, err, path), 0);
    assert_int_equal(walk_open(&from, err, path), 0);
    assert_int_equal(dataset_copy_create(&to, err, out, salvage_header_item(head),
                                         salvage_header(head), &file_lazy,
                                         (void *)(uintptr_t)&no_sync),
                     0);
    while ((rc = walk_next(&from, err)) == 1)
        if (from.item.kind == DATASET_BLOCK)
            assert_int_equal(dataset_copy_block(to, err, from.item.payload, from.block), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(dataset_finish(to, err, from.trailer.end_us, from.trailer.reason), 0);
    walk_close(&from);
    salvage_close(head);
}

/* what of a partial is left when its event is lost (by damage, say): verdicts by who knows which
 * store, which none are */
static void test_verdicts_of_nobody(void **state)
{
    struct world *w = *state;
    char partial[160], bare[200], *path = bare;
    make_partial(w, partial, w->path[1]);
    snprintf(bare, sizeof bare, "%s.bare", partial);
    copy_without_events(bare, partial);
    char *whole = json_of(w, (struct how){.first = 1, .num = 1});
    char *got = json_of(w, (struct how){.paths = &path, .num = 1});
    assert_non_null(strstr(whole, "\"label\":\"expired\",\"count\":6"));
    assert_null(strstr(got, "\"label\":\"valid\",\"count\":3"));
    assert_non_null(strstr(got, "\"label\":\"unknown: octets of a certificate are not in these "
                                "files\",\"count\":9"));
    unlink(partial);
    unlink(bare);
    free(whole);
    free(got);
}

static enum exit_code try(struct world *w, char *path, const char *out, char err[COMMAND_ERR_MAX],
                          const struct trust_store *store)
{
    struct report_read r = {
        .paths = &path, .num_files = 1, .store = store, .num_threads = 1, .no_cache = true};
    enum exit_code code = out != NULL ? report_read_partial(&r, err, out) : report_read(&r, err);
    report_read_cleanup(&r);
    (void)w;
    return code;
}

static void test_partial_refused(void **state)
{
    struct world *w = *state;
    char partial[160], again[200], err[COMMAND_ERR_MAX] = "";
    struct trust_store *other = chains_store("other-root");
    make_partial(w, partial, w->path[0]);
    snprintf(again, sizeof again, "%s.again", partial);
    assert_int_equal(try(w, partial, again, err, w->store), EXIT_USAGE);
    assert_non_null(strstr(err, "is a partial already"));
    assert_int_equal(try(w, w->path[0], partial, err, w->store), EXIT_FAULT);
    assert_non_null(strstr(err, "exists"));
    assert_int_equal(try(w, partial, NULL, err, other), EXIT_USAGE);
    assert_non_null(strstr(err, "another trust store"));
    size_t len; /* of a torn dataset there is no partial: it would not say that it is */
    uint8_t *data = slurp(w->path[1], &len);
    put(w->path[1], data, len - 300);
    assert_int_equal(try(w, w->path[1], again, err, w->store), EXIT_FAULT);
    assert_int_equal(access(again, F_OK), -1);
    free(data);
    unlink(partial);
    trust_store_free(other);
}

/* ---- random datasets ---- */

static const char *const menu[] = {
    "leaf sub",     "leaf",      "leaf-old sub", "leaf-new sub root", "self",
    "leaf-rsa sub", "~leaf sub", "sub leaf",     "leaf-mute sub",     ""};
enum { NUM_MENU = sizeof menu / sizeof menu[0], SHARDS_MAX = 3 };

struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *d, uint64_t sides)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (d->state >> 33) % sides;
}

static struct synth_class random_class(struct dice *d)
{
    static const struct synth_class kinds[] = {
        {DONE},
        {STAPLED},
        {.stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
        {.stage = STAGE_GREETING, .cause = CAUSE_REJECTED, .greeting = "554 5.7.1 go\r\n"},
        {.stage = STAGE_CONNECT, .cause = CAUSE_REFUSED, .counted = true},
    };
    struct synth_class c = kinds[roll(d, sizeof kinds / sizeof kinds[0])];
    c.count = 1 + roll(d, 9);
    return c;
}

/* a population dealt out to shards; returns how many there are */
static size_t random_files(struct world *w, struct dice *d, char path[SHARDS_MAX][128])
{
    struct synth s = {.classes = w->classes,
                      .num_classes = 3 + roll(d, CLASSES_MAX - 2),
                      .block_len = 1 + roll(d, 12),
                      .reason = DATASET_COMPLETE,
                      .start_s = CHAINS_TIME,
                      .num_shards = (uint32_t)(1 + roll(d, SHARDS_MAX)),
                      .seed = (uint32_t)roll(d, 1000)};
    w->octets.num = w->octets.num_octets = 0;
    w->num_classes = 0;
    while (w->num_classes < s.num_classes) {
        struct synth_class class = random_class(d);
        add_class(w, class, class.handshake_done ? menu[roll(d, NUM_MENU)] : "");
    }
    for (s.shard = 0; s.shard < s.num_shards; s.shard++) {
        char name[32];
        snprintf(name, sizeof name, "random-%u.mxs.zst", (unsigned)s.shard);
        golden_path(path[s.shard], name);
        synth_write(path[s.shard], &s);
    }
    return s.num_shards;
}

/* what does not speak of files */
static const char *figures(const char *json)
{
    const char *at = strstr(json, "\"statistics\"");
    assert_non_null(at);
    return at;
}

static void check_random(struct world *w, struct dice *d)
{
    char path[SHARDS_MAX][128], partial[SHARDS_MAX][160], *paths[SHARDS_MAX], *mixed[SHARDS_MAX],
        *backwards[SHARDS_MAX];
    size_t num = random_files(w, d, path);
    for (size_t i = 0; i < num; i++) {
        make_partial(w, partial[i], path[i]);
        paths[i] = path[i];
        backwards[num - 1 - i] = path[i];
        mixed[i] = roll(d, 3) > 0 ? partial[i] : path[i];
    }
    char *want = json_of(w, (struct how){.paths = paths, .num = num});
    unsigned threads = (unsigned)(1 + roll(d, 4));
    assert_json(w, (struct how){.paths = mixed, .num = num, .num_threads = threads}, want);
    char *other = json_of(w, (struct how){.paths = backwards, .num = num, .num_threads = threads});
    assert_string_equal(figures(other), figures(want));
    free(other);
    for (size_t i = 0; i < num; i++) {
        unlink(path[i]);
        unlink(partial[i]);
    }
    free(want);
}

static void test_random(void **state)
{
    struct world *w = *state;
    struct dice d = {17};
    for (int i = 0; i < 40; i++)
        check_random(w, &d);
}

static void test_folder_missing(void **state)
{
    struct world *w = *state;
    char *want = json_of(w, (struct how){0});
    char folder[sizeof w->folder];
    memcpy(folder, w->folder, sizeof folder);
    golden_path(w->folder, "nowhere/cache");
    assert_json(w, (struct how){.cached = true}, want); /* a note, no fault */
    memcpy(w->folder, folder, sizeof folder);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_caches_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_grows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chains_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partial_staples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_verdicts_of_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partial_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cache_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cache_of_odd_chains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cache_hostile, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
