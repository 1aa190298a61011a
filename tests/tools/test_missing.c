#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/permutation.h"
#include "tools/alike.h"
#include "tools/missing.h"

enum { LINES_MAX = 5, DONE_MAX = 400 };

static void make_space(struct target_space *space, const char *const *lines, const uint16_t *ports)
{
    char err[256];
    struct target_counts counts;
    struct target_list *list = target_list_new();
    size_t num_ports = ports[1] == 0 ? 1 : 2;
    for (size_t i = 0; i < LINES_MAX && lines[i] != NULL; i++)
        assert_int_equal(
            target_list_add(list, err, sizeof err, lines[i], strlen(lines[i]), "test", i), 0);
    assert_int_equal(target_space_build(space, &counts, list, NULL, NULL, NULL, ports, num_ports),
                     0);
    target_list_free(list);
}

/* marks all targets of the space done but for `open`, ranges of indexes, by their positions */
static void cover(struct coverage *c, const struct dataset_header *h, const uint64_t open[2][2])
{
    struct permutation perm;
    permutation_init(&perm, h->space->count, h->seed);
    coverage_init(c, h);
    for (uint64_t i = 0; i < h->space->count; i++) {
        if ((i >= open[0][0] && i < open[0][1]) || (i >= open[1][0] && i < open[1][1]))
            continue;
        struct dataset_run run = {permutation_find(&perm, i), 1};
        uint32_t shard = (uint32_t)(run.first % h->num_shards);
        assert_int_equal(coverage_add(c, shard, &run, 1), 0);
    }
}

static void lines_name_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *targets[LINES_MAX];
        uint16_t ports[2];
        uint32_t num_shards;
        uint64_t open[2][2];
        const char *want[2]; /* by port */
    } cases[] = {
        {"nothing", {"192.0.2.0/24"}, {25}, 1, {{0, 0}}, {""}},
        {"one", {"192.0.2.0/24"}, {25}, 1, {{7, 8}}, {"192.0.2.7\n"}},
        {"all", {"192.0.2.0/24"}, {25}, 3, {{0, 256}}, {"192.0.2.0-192.0.2.255\n"}},
        {"ranges",
         {"192.0.2.0/24"},
         {25},
         7,
         {{7, 9}, {10, 250}},
         {"192.0.2.7-192.0.2.8\n192.0.2.10-192.0.2.249\n"}},
        {"segments do not run into each other",
         {"192.0.2.0/30", "192.0.2.8/30"},
         {25},
         1,
         {{2, 6}},
         {"192.0.2.2-192.0.2.3\n192.0.2.8-192.0.2.9\n"}},
        {"names and tags",
         {"192.0.2.0/30", "192.0.2.4/31,,a", "192.0.2.6/31,mx.example.com,a",
          "192.0.2.9,mx.example.com"},
         {25},
         2,
         {{0, 9}},
         {"192.0.2.0-192.0.2.3\n192.0.2.4-192.0.2.5,,a\n192.0.2.6-192.0.2.7,mx.example.com,a\n"
          "192.0.2.9,mx.example.com\n"}},
        {"names that are resolved",
         {"mx.example.com", "mx2.example.com,,b", "192.0.2.1,mx.example.com", "192.0.2.2"},
         {25},
         1,
         {{0, 4}},
         {"192.0.2.2\nmx.example.com\n192.0.2.1,mx.example.com\nmx2.example.com,,b\n"}},
        {"IPv6",
         {"192.0.2.255", "2001:db8::/126"},
         {25},
         1,
         {{0, 5}},
         {"192.0.2.255\n2001:db8::-2001:db8::3\n"}},
        {"ports",
         {"192.0.2.0/29"},
         {25, 587},
         2,
         {{4, 9}},
         {"192.0.2.2-192.0.2.4\n", "192.0.2.2-192.0.2.3\n"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct target_space space;
        struct coverage c;
        struct missing_targets m;
        char err[MISSING_ERR_MAX] = "";
        make_space(&space, cases[i].targets, cases[i].ports);
        const struct dataset_header h = {
            .seed = 99 + i, .num_shards = cases[i].num_shards, .space = &space};
        cover(&c, &h, cases[i].open);
        assert_int_equal(missing_find(&m, err, &c, &h), 0);
        for (size_t p = 0; p < space.num_ports; p++) {
            char *text = NULL;
            size_t len = 0;
            FILE *f = open_memstream(&text, &len);
            missing_write(&m, space.ports[p], f);
            fclose(f);
            if (strcmp(text, cases[i].want[p]) != 0)
                fail_msg("%s: %s, expected %s", cases[i].name, text, cases[i].want[p]);
            free(text);
        }
        missing_cleanup(&m);
        coverage_cleanup(&c);
        target_space_cleanup(&space);
    }
}

static void too_many_are_refused(void **state)
{
    (void)state;
    static const char *const lines[LINES_MAX] = {"10.0.0.0/7"};
    static const uint16_t port[2] = {25};
    struct target_space space;
    struct coverage c;
    struct missing_targets m;
    char err[MISSING_ERR_MAX] = "";
    make_space(&space, lines, port);
    const struct dataset_header h = {.seed = 1, .num_shards = 1, .space = &space};
    coverage_init(&c, &h);
    assert_int_equal(missing_find(&m, err, &c, &h), -E2BIG);
    assert_non_null(strstr(err, "33554432 targets are missing"));
    struct dataset_run run = {0, space.count - 10};
    assert_int_equal(coverage_add(&c, 0, &run, 1), 0);
    assert_int_equal(missing_find(&m, err, &c, &h), 0);
    assert_int_equal(m.num, 10);
    missing_cleanup(&m);
    coverage_cleanup(&c);
    target_space_cleanup(&space);
}

static void what_was_streamed_is_not_known(void **state)
{
    (void)state;
    struct target_space space = {.num_ports = 1, .ports = {25}};
    const struct dataset_header h = {.num_shards = 1, .streamed = true, .space = &space};
    struct coverage c;
    struct missing_targets m;
    char err[MISSING_ERR_MAX] = "";
    coverage_init(&c, &h);
    assert_int_equal(missing_find(&m, err, &c, &h), -EINVAL);
    assert_non_null(strstr(err, "--resume"));
    coverage_cleanup(&c);
}

/* ---- alike ---- */

static void differences_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *targets[LINES_MAX];
        uint16_t ports[2];
        struct dataset_header h;
        const char *want;
    } cases[] = {
        {{"192.0.2.0/24"}, {25}, {.seed = 1, .num_shards = 2}, NULL},
        {{"192.0.2.0/24"}, {25}, {.seed = 1, .num_shards = 2, .shard = 1}, NULL},
        {{"192.0.2.0/24"}, {587}, {.seed = 1, .num_shards = 2}, "other ports"},
        {{"192.0.2.0/24"}, {25, 26}, {.seed = 1, .num_shards = 2}, "other ports"},
        {{"192.0.2.0/25"}, {25}, {.seed = 1, .num_shards = 2}, "other targets"},
        {{"mx.example.com"}, {25}, {.seed = 1, .num_shards = 2}, "other targets"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .limit = 9},
         "another sample, or another limit"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .sample_ppm = 9},
         "another sample, or another limit"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .streamed = true},
         "only one of them is streamed"},
        {{"192.0.2.0/24,,a"}, {25}, {.seed = 1, .num_shards = 2}, "other targets"},
        {{"192.0.2.0/24", "192.0.3.1"}, {25}, {.seed = 1, .num_shards = 2}, "other targets"},
        {{"192.0.2.0/24"}, {25}, {.seed = 2, .num_shards = 2}, "another seed"},
        {{"192.0.2.0/24"}, {25}, {.seed = 1, .num_shards = 3}, "another number of shards"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .has_blocklist = true},
         "another blocklist"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .has_allowlist = true},
         "another allowlist"},
        {{"192.0.2.0/24"},
         {25},
         {.seed = 1, .num_shards = 2, .include_special = true},
         "special-purpose ranges in only one of them"},
    };
    struct target_space first;
    struct dataset_header a = cases[0].h;
    make_space(&first, cases[0].targets, cases[0].ports);
    a.space = &first;
    dataset_sweep_id(&a);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct target_space space;
        struct dataset_header b = cases[i].h;
        make_space(&space, cases[i].targets, cases[i].ports);
        b.space = &space;
        dataset_sweep_id(&b);
        const char *got = alike_difference(&a, &b), *back = alike_difference(&b, &a);
        if (cases[i].want == NULL) {
            assert_null(got);
        } else {
            assert_string_equal(got, cases[i].want);
            assert_string_equal(back, cases[i].want);
        }
        target_space_cleanup(&space);
    }
    a.sweep_id[0] ^= 1; /* what this version does not know */
    struct dataset_header b = a;
    b.sweep_id[0] ^= 1;
    assert_string_equal(alike_difference(&a, &b), "another id");
    target_space_cleanup(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_what_is_missing),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(what_was_streamed_is_not_known),
        cmocka_unit_test(differences_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
