#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/weights.h"

static int open_text(struct weights **w, char err[WEIGHTS_ERR_MAX], const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "weights-%d.csv", (int)getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    int rc = weights_open(w, err, path);
    remove(path);
    return rc;
}

static uint64_t weight_of(const struct weights *w, const char *addr)
{
    struct addr a;
    assert_true(addr_parse(&a, addr, strlen(addr)));
    return weights_find(w, a);
}

static void addresses_have_their_weights(void **state)
{
    (void)state;
    struct weights *w;
    char err[WEIGHTS_ERR_MAX];
    assert_int_equal(open_text(&w, err,
                               "# messages\n192.0.2.9,7\r\n2001:db8::1,1000000000000\n\n"
                               "192.0.2.1,0\n192.0.2.9,5\n::ffff:192.0.2.2,3\n"),
                     0);
    assert_int_equal(weight_of(w, "192.0.2.9"), 12);
    assert_int_equal(weight_of(w, "2001:db8::1"), WEIGHT_MAX);
    assert_int_equal(weight_of(w, "192.0.2.1"), 0);
    assert_int_equal(weight_of(w, "192.0.2.2"), 3);
    assert_int_equal(weight_of(w, "192.0.2.3"), 0);
    assert_int_equal(weights_num(w), 4);
    weights_free(w);
    assert_int_equal(open_text(&w, err, ""), 0);
    assert_int_equal(weight_of(w, "192.0.2.1"), 0);
    weights_free(w);
}

static void faults_say_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"192.0.2.1\n", ":1: begins with no address and comma"},
        {"192.0.2.1,1\nexample.com,2\n", ":2: begins with no address and comma"},
        {"192.0.2.1,\n", ":1: the weight is no whole number"},
        {"192.0.2.1,-1\n", ":1: the weight is no whole number"},
        {"192.0.2.1,1.5\n", ":1: the weight is no whole number"},
        {"192.0.2.1,1000000000001\n", ":1: the weight is no whole number"},
        {"192.0.2.1,99999999999999999999999999\n", ":1: the weight is no whole number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weights *w = NULL;
        char err[WEIGHTS_ERR_MAX] = "";
        assert_true(open_text(&w, err, cases[i].text) < 0);
        assert_null(w);
        if (strstr(err, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, err);
    }
    struct weights *w;
    char err[WEIGHTS_ERR_MAX] = "";
    assert_true(weights_open(&w, err, "no such file") < 0);
    assert_non_null(strstr(err, "no such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_their_weights),
        cmocka_unit_test(faults_say_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
