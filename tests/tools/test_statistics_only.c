#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/statistics_only.h"

static const struct statistic_def *def_of(const char *id)
{
    for (size_t i = 0; i < num_statistic_defs; i++)
        if (strcmp(statistic_defs[i].id, id) == 0)
            return &statistic_defs[i];
    fail_msg("no statistic %s", id);
    return NULL;
}

static void what_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *has[4], *has_not[4];
    } cases[] = {
        {"outcome", {"outcome"}, {"funnel", "tls_version"}},
        {"tls_version,outcome", {"outcome", "tls_version"}, {"tls_suite"}},
        {"key,key,key_top", {"key", "key_top"}, {"key_distinct", "key_reuse"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statistics_only only;
        struct bytes bad;
        assert_true(statistics_only_parse(&only, &bad, cases[i].list));
        for (size_t k = 0; k < 4 && cases[i].has[k] != NULL; k++)
            assert_true(statistics_only_has(&only, def_of(cases[i].has[k])));
        for (size_t k = 0; k < 4 && cases[i].has_not[k] != NULL; k++)
            assert_false(statistics_only_has(&only, def_of(cases[i].has_not[k])));
    }
    assert_true(statistics_only_has(NULL, def_of("funnel")));
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list, *bad;
    } cases[] = {
        {"", ""},
        {"outcome,", ""},
        {",outcome", ""},
        {"outcome,,key", ""},
        {"frob", "frob"},
        {"outcom", "outcom"},
        {"outcomes", "outcomes"},
        {"OUTCOME", "OUTCOME"},
        {"key, key", " key"},
        {"key,frob,nob", "frob"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statistics_only only = {.needs = 7};
        struct bytes bad = {NULL, 0};
        assert_false(statistics_only_parse(&only, &bad, cases[i].list));
        assert_true(bytes_equal(bad, bytes_text(cases[i].bad)));
        assert_int_equal(only.needs, 7); /* untouched */
    }
}

static void what_it_needs(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        unsigned needs;
    } cases[] = {
        {"outcome,tls_version,tls_suite,tls_group,starttls_reply", 0},
        {"key", NEED_CERTS},
        {"chain_outcome", NEED_CERTS | NEED_VERDICTS},
        {"key,latency", NEED_CERTS | NEED_TIMINGS},
        {"mta", NEED_DIALOGUE | NEED_MTA},
        {"key_as", NEED_CERTS | NEED_PLACES},
        {"trusted", NEED_CERTS | NEED_VERDICTS | NEED_NAMES | NEED_DIALOGUE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct statistics_only only;
        struct bytes bad;
        assert_true(statistics_only_parse(&only, &bad, cases[i].list));
        assert_int_equal(statistics_needs(&only), cases[i].needs);
    }
    assert_int_equal(statistics_needs(NULL), NEED_ALL);
}

/* whoever judges or names certificates has them, and names come from the dialogue */
static void needs_are_whole(void **state)
{
    (void)state;
    assert_true(num_statistic_defs <= STATISTICS_MAX);
    for (size_t i = 0; i < num_statistic_defs; i++) {
        struct statistics_only only;
        struct bytes bad;
        assert_true(statistics_only_parse(&only, &bad, statistic_defs[i].id));
        if ((only.needs & (NEED_VERDICTS | NEED_NAMES)) != 0)
            assert_true((only.needs & NEED_CERTS) != 0);
        if ((only.needs & (NEED_NAMES | NEED_MTA | NEED_REFUSALS | NEED_DOMAINS)) != 0)
            assert_true((only.needs & NEED_DIALOGUE) != 0);
    }
}

static void what_is_known_of_sets(void **state)
{
    (void)state;
    struct statistics_only only;
    struct bytes bad;
    bool lacks[NUM_SETS];
    statistics_only_lacks(lacks, NULL);
    for (size_t i = 0; i < NUM_SETS; i++)
        assert_false(lacks[i]);
    assert_true(statistics_only_parse(&only, &bad, "tls_version"));
    statistics_only_lacks(lacks, &only);
    for (size_t i = 0; i < NUM_SETS; i++)
        assert_int_equal(lacks[i], i != SET_A && i != SET_D && i != SET_P && i != SET_H);
    assert_true(statistics_only_parse(&only, &bad, "funnel"));
    statistics_only_lacks(lacks, &only);
    assert_false(lacks[SET_V] || lacks[SET_N] || lacks[SET_E2] || lacks[SET_T]);
    assert_true(lacks[SET_CERTS]);
}

static void help_lists_all(void **state)
{
    (void)state;
    char *text, *at;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    statistics_only_help(out);
    fclose(out);
    at = text;
    for (size_t i = 0; i < num_statistic_defs; i++) {
        size_t id_len = strlen(statistic_defs[i].id);
        assert_memory_equal(at, statistic_defs[i].id, id_len);
        assert_int_equal(at[id_len], ' ');
        at = strchr(at, '\n') + 1;
    }
    assert_int_equal(*at, '\0');
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for),     cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_it_needs),         cmocka_unit_test(needs_are_whole),
        cmocka_unit_test(what_is_known_of_sets), cmocka_unit_test(help_lists_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
