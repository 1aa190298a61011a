/* reports one after the other with a book of verdicts: of random files, by several stores, day by
 * day, with pools that gain and lose what completes a chain, the JSON is that without a book, to the
 * octet; and a book that is damaged changes nothing */
#include <dirent.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/chains.h"
#include "tests/core/golden.h"
#include "tests/tools/synth.h"
#include "tools/report_read.h"

#define DAY  INT64_C(86400)
#define EHLO "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define DONE                                                                                       \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = "220 mx.example.com ESMTP\r\n",            \
    .ehlo = EHLO, .starttls = "220 go\r\n", .ehlo_tls = EHLO, .handshake_done = true,              \
    .version = 0x0304, .suite = 0x1301, .group = 29
#define STAPLED                                                                                    \
    DONE, .tls_known = TLS_FLAG_OCSP, .tls_flags = TLS_FLAG_OCSP,                                  \
          .ocsp = {(const uint8_t *)"no response", 11}

enum { CERTS_MAX = 64, CLASSES_MAX = 6, FILES_MAX = 3, TODAY = 20000 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROUNDS = 50, STRIDE = 13 };
#else
enum { ROUNDS = 150, STRIDE = 1 };
#endif

static const char *const menu[] = {
    "leaf sub",     "leaf",         "leaf-old sub",     "leaf-new sub root",
    "self",         "leaf-rsa sub", "~leaf sub",        "sub leaf",
    "leaf-mute",    "leaf-low",     "leaf-low low",     "low",
    "leaf-low sub", "leaf sub-old", "leaf-low sub low", "sub"};
enum { NUM_MENU = sizeof menu / sizeof menu[0], NUM_STORES = 3 };

struct shard {
    char path[128];
    struct chains octets;
    struct synth_cert certs[CERTS_MAX];
    struct synth_class classes[CLASSES_MAX];
};

struct world {
    struct shard files[FILES_MAX];
    struct trust_store *stores[NUM_STORES];
    char folder[128];
    uint64_t dice;
};

static uint64_t roll(struct world *w, uint64_t sides)
{
    w->dice = w->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (w->dice >> 33) % sides;
}

static void add_class(struct shard *f, size_t i, struct synth_class class, const char *words)
{
    size_t before = f->octets.num;
    chains_add(&f->octets, words);
    for (size_t k = before; k < f->octets.num; k++) {
        f->certs[k] = (struct synth_cert){.der = f->octets.certs[k]};
        class.chain[k - before] = &f->certs[k];
    }
    f->classes[i] = class;
}

/* sessions of some random day around that on which -old ends and -new begins */
static void write_random(struct world *w, struct shard *f)
{
    struct synth s = {.classes = f->classes,
                      .num_classes = 1 + roll(w, CLASSES_MAX),
                      .block_len = 1 + roll(w, 12),
                      .reason = DATASET_COMPLETE,
                      .start_s = CHAINS_TIME + (int64_t)roll(w, 7) * DAY - 3 * DAY,
                      .seed = (uint32_t)roll(w, 1000)};
    f->octets.num = f->octets.num_octets = 0;
    for (size_t i = 0; i < s.num_classes; i++) {
        struct synth_class plain = {DONE}, stapled = {STAPLED};
        struct synth_class class = roll(w, 4) > 0 ? plain : stapled;
        class.count = 1 + roll(w, 5);
        add_class(f, i, class, menu[roll(w, NUM_MENU)]);
    }
    unlink(f->path);
    synth_write(f->path, &s);
}

static int set_up(void **state)
{
    static const char *const roots[NUM_STORES] = {"root", "root rsa-root", "other-root"};
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->dice = 23;
    for (size_t i = 0; i < NUM_STORES; i++)
        w->stores[i] = chains_store(roots[i]);
    for (size_t i = 0; i < FILES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "book-%zu.mxs.zst", i);
        golden_path(w->files[i].path, name);
        write_random(w, &w->files[i]);
    }
    golden_path(w->folder, "report-book");
    assert_int_equal(mkdir(w->folder, 0700), 0);
    *state = w;
    return 0;
}

/* removes what has that in its name; returns how many there were, and the name of one */
static size_t clear(const struct world *w, char one[512], const char *what, bool remove_them)
{
    size_t num = 0;
    char path[512];
    DIR *folder = opendir(w->folder);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] == '.' || strstr(e->d_name, what) == NULL)
            continue;
        snprintf(path, sizeof path, "%s/%s", w->folder, e->d_name);
        if (one != NULL)
            memcpy(one, path, sizeof path);
        if (remove_them)
            unlink(path);
        num++;
    }
    closedir(folder);
    return num;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    clear(w, NULL, "", true);
    rmdir(w->folder);
    for (size_t i = 0; i < FILES_MAX; i++)
        unlink(w->files[i].path);
    for (size_t i = 0; i < NUM_STORES; i++)
        trust_store_free(w->stores[i]);
    free(w);
    return 0;
}

struct how {
    size_t first, num, store;
    unsigned num_threads;
    bool cached;
};

static char *json_of(struct world *w, struct how how)
{
    char *paths[FILES_MAX], err[COMMAND_ERR_MAX] = "";
    for (size_t i = 0; i < how.num; i++)
        paths[i] = w->files[(how.first + i) % FILES_MAX].path;
    struct report_read r = {.paths = paths,
                            .num_files = how.num,
                            .store = w->stores[how.store],
                            .num_threads = how.num_threads,
                            .no_cache = !how.cached,
                            .today = TODAY,
                            .cache_folder = w->folder};
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

/* both, and whether they are the same */
static void check(struct world *w, struct how how)
{
    how.cached = false;
    char *want = json_of(w, how);
    how.cached = true;
    char *got = json_of(w, how);
    assert_string_equal(got, want);
    free(got);
    free(want);
}

/* files that come and go, of many days: books grow all the while */
static void test_sequences(void **state)
{
    struct world *w = *state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        write_random(w, &w->files[roll(w, FILES_MAX)]);
        check(w, (struct how){.first = roll(w, FILES_MAX),
                              .num = 1 + roll(w, FILES_MAX),
                              .store = roll(w, 3 * NUM_STORES) % NUM_STORES,
                              .num_threads = (unsigned)(1 + roll(w, 3))});
        if (round % 4 > 0) /* else the set's own cache is met as well */
            clear(w, NULL, ".judged", true);
    }
    assert_int_equal(clear(w, NULL, ".verdicts", false), NUM_STORES);
    clear(w, NULL, ".judged", true);
    assert_int_equal(clear(w, NULL, "", true), NUM_STORES); /* nothing else is left behind */
}

/* reports at once with one folder: each has its figures, and what stays is of use */
static void test_at_once(void **state)
{
    enum { PROCESSES = 4, REPORTS = 8 };
    struct world *w = *state;
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] > 0)
            continue;
        for (unsigned k = 0; k < REPORTS; k++) {
            check(w, (struct how){.first = i % FILES_MAX, .num = 1 + k % 2, .num_threads = 1});
            clear(w, NULL, k % 3 > 0 ? ".judged" : "", true);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    check(w, (struct how){.num = FILES_MAX, .num_threads = 2});
    clear(w, NULL, ".judged", true);
    assert_int_equal(clear(w, NULL, "", false), 1);
}

/* one file after the other, as shards are added */
static void test_files_added(void **state)
{
    struct world *w = *state;
    for (unsigned round = 0; round < 10; round++) {
        for (size_t i = 0; i < FILES_MAX; i++)
            write_random(w, &w->files[i]);
        for (size_t num = 1; num <= FILES_MAX; num++)
            check(w, (struct how){.num = num, .num_threads = 1});
        clear(w, NULL, "", true);
    }
}

static uint8_t *slurp_book(struct world *w, char path[512], size_t *len)
{
    assert_int_equal(clear(w, path, ".verdicts", false), 1);
    return slurp(path, len);
}

static void put(const char *path, const uint8_t *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static const struct how two_files = {.num = 2, .num_threads = 1, .cached = true};

static void assert_json(struct world *w, struct how how, const char *want)
{
    char *got = json_of(w, how);
    assert_string_equal(got, want);
    free(got);
    clear(w, NULL, ".judged", true);
}

static void test_damaged(void **state)
{
    struct world *w = *state;
    char path[512];
    size_t len;
    char *want = json_of(w, two_files);
    clear(w, NULL, ".judged", true);
    uint8_t *data = slurp_book(w, path, &len);
    assert_non_null(freopen("/dev/null", "w", stderr)); /* many notes */
    for (size_t at = 0; at < len; at += STRIDE) {
        data[at] ^= (uint8_t)(1U << at % 8);
        put(path, data, len);
        assert_json(w, two_files, want);
        data[at] ^= (uint8_t)(1U << at % 8);
    }
    for (size_t cut = 0; cut < len; cut += 7 * STRIDE) {
        put(path, data, cut);
        assert_json(w, two_files, want);
    }
    free(data);
    free(want);
}

static struct book_key key_of(const struct chains *c)
{
    uint8_t sha256[32];
    struct book_key key;
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < c->num; i++) {
        SHA256(c->certs[i].data, c->certs[i].len, sha256);
        SHA256_Update(&ctx, sha256, sizeof sha256);
    }
    SHA256_Final(sha256, &ctx);
    memcpy(key.octets, sha256, sizeof key.octets);
    return key;
}

/* that it is read at all, and when it is not: what it says wrongly is believed of its owner only */
static void test_who_is_believed(void **state)
{
    static const struct {
        mode_t mode;
        bool is_believed;
    } cases[] = {{0600, true}, {0644, true}, {0660, false}, {0606, false}, {0622, false}};
    struct world *w = *state;
    char path[512], why[CACHE_WHY_MAX];
    char *want = json_of(w, two_files);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clear(w, path, ".verdicts", false);
        clear(w, NULL, "", true);
        struct verdict_book *b = verdict_book_new(trust_store_facts(w->stores[0])->sha256, TODAY);
        for (size_t k = 0; k < NUM_MENU; k++) {
            struct chains *c = calloc(1, sizeof *c);
            chains_add(c, menu[k]);
            struct book_key key = key_of(c);
            struct book_entry lie = {.verdict = {.from = INT64_MIN,
                                                 .until = INT64_MAX,
                                                 .outcome = CHAIN_UNTRUSTED_ROOT}};
            assert_int_equal(verdict_book_put(b, &key, &lie, 1), 0);
            free(c);
        }
        assert_int_equal(verdict_book_save(b, why, path), 0);
        verdict_book_free(b);
        assert_int_equal(chmod(path, cases[i].mode), 0);
        char *got = json_of(w, two_files);
        assert_int_equal(strcmp(got, want) != 0, cases[i].is_believed);
        free(got);
    }
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sequences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files_added, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
