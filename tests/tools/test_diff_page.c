/* The page of a comparison: whole, bounded, with the figures of the sum, and nothing of a server's but text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/markup.h"
#include "tests/tools/synth.h"
#include "tools/diff_page.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define EHLO      "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define POSTFIX   "220 mx.example.com ESMTP Postfix\r\n"

enum { CLASSES_MAX = 16 };

static const struct synth_cert leaf = {.issuer_org = "Example CA",
                                       .subject_cn = "mx.example.com",
                                       .not_after = SYNTH_START_S * 2,
                                       .key_number = 2};

/* a session that went well */
static struct synth_class done(uint64_t count, const char *greeting, const char *ehlo,
                               uint16_t version, const struct synth_cert *cert)
{
    return (struct synth_class){.count = count,
                                .stage = STAGE_DONE,
                                .cause = CAUSE_OK,
                                .greeting = greeting,
                                .ehlo = ehlo,
                                .starttls = "220 go\r\n",
                                .ehlo_tls = ehlo,
                                .handshake_done = true,
                                .version = version,
                                .suite = 0x1301,
                                .group = 29,
                                .chain = {cert}};
}

static void write_side(char path[300], const char *name, const struct synth_class *classes,
                       size_t num, uint64_t leave_out)
{
    const char *folder = getenv("TMPDIR");
    struct synth s = {.classes = classes,
                      .num_classes = num,
                      .leave_out = leave_out,
                      .reason = leave_out > 0 ? DATASET_STOPPED : DATASET_COMPLETE,
                      .seed = 11};
    snprintf(path, 300, "%s/test_diff_page-%d-%s.mxs.zst", folder != NULL ? folder : "/tmp",
             (int)getpid(), name);
    unlink(path);
    synth_write(path, &s);
}

struct compared {
    struct html html;
    struct diff_page page;
};

/* the page of two populations, which is whole */
static void compare(struct compared *c, const struct synth_class *old, size_t num_old,
                    const struct synth_class *new, size_t num_new, uint64_t leave_out,
                    const char *name)
{
    char a[300], b[300], err[DIFF_ERR_MAX] = "";
    const char *const paths[NUM_DIFF_SIDES] = {"old.mxs.zst", name};
    struct diff_sum sum;
    struct markup m;
    write_side(a, "old", old, num_old, 0);
    write_side(b, "new", new, num_new, leave_out);
    struct diff *d = diff_new(1 << 20, "/tmp");
    assert_non_null(d);
    diff_page_init(&c->page);
    html_init(&c->html);
    if (diff_add(d, err, DIFF_OLD, a) != 0 || diff_add(d, err, DIFF_NEW, b) != 0 ||
        diff_run(d, &sum, err, diff_page_change, &c->page) != 0)
        fail_msg("%s", err);
    assert_int_equal(diff_page_write(&c->html, &c->page, &sum, paths), 0);
    if (!markup_read(&m, c->html.text, c->html.len, NULL))
        fail_msg("the page is not whole: %s", m.why);
    assert_true(c->html.len <= DIFF_PAGE_MAX);
    diff_sum_cleanup(&sum);
    diff_free(d);
    unlink(a);
    unlink(b);
}

static void clean_up(struct compared *c)
{
    html_cleanup(&c->html);
    diff_page_cleanup(&c->page);
}

static size_t count(const struct compared *c, const char *text)
{
    size_t num = 0, len = strlen(text);
    for (const char *at = c->html.text, *end = at + c->html.len;
         (at = memmem(at, (size_t)(end - at), text, len)) != NULL; at += len)
        num++;
    return num;
}

static void expect(const struct compared *c, const char *const *texts, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (count(c, texts[i]) == 0)
            fail_msg("the page lacks %s", texts[i]);
}

/* ---- figures ---- */

static void nothing_changed(void **state)
{
    (void)state;
    struct compared c;
    struct synth_class classes[] = {done(7, POSTFIX, EHLO, 0x0304, &leaf)};
    compare(&c, classes, 1, classes, 1, 0, "new.mxs.zst");
    static const char *const expected[] = {
        "Both sweeps have <strong>7</strong> targets: <strong>0</strong>",
        "<p class=\"mu\">None.</p>",
        "Old: <bdi>old.mxs.zst of 2026-01-01",
    };
    expect(&c, expected, LENGTH(expected));
    assert_int_equal(count(&c, "class=\"no\""), 0);
    assert_int_equal(count(&c, "From what to what"), 0);
    clean_up(&c);
}

static void figures(void **state)
{
    (void)state;
    struct compared c;
    struct synth_class old[] = {done(30, POSTFIX, EHLO, 0x0304, &leaf),
                                done(10, POSTFIX, EHLO, 0x0303, &leaf)};
    struct synth_class new[] = {
        done(30, POSTFIX, EHLO, 0x0304, &leaf),
        done(10, "220 mx.example.com ESMTP Exim 4.96\r\n", EHLO, 0x0304, &leaf)};
    compare(&c, old, 2, new, 2, 0, "new.mxs.zst");
    static const char *const expected[] = {
        "<strong>10</strong> (<span class=\"n\">25.0 %</span> of them) changed",
        "TLS version: <strong>10</strong> (<span class=\"n\">25.0 %</span>) of <strong>40</strong> "
        "changed",
        "<td>10</td><td>40</td><td>25.00 %</td><td>0</td><td>0</td>",
        "From what to what: version",
        "of <b>10</b> targets whose TLS version changed",
        "<bdi>TLSv1.2 \xe2\x86\x92 TLSv1.3</bdi>",
        "<td>10</td><td>100.00 %</td>",
        "All 10, in the order of addresses.",
        "<td>version</td><td><bdi>TLSv1.2</bdi></td><td><bdi>TLSv1.3</bdi></td></tr>",
        "<td>greeting</td><td><bdi>* ESMTP Postfix</bdi></td><td><bdi>* ESMTP Exim "
        "4.96</bdi></td></tr>",
        "rowspan=\"2\"",
    };
    expect(&c, expected, LENGTH(expected));
    clean_up(&c);
}

/* an unfinished sweep has not lost what it did not visit */
static void vanished(void **state)
{
    (void)state;
    struct compared c;
    struct synth_class classes[] = {done(20, POSTFIX, EHLO, 0x0304, &leaf)};
    compare(&c, classes, 1, classes, 1, 5, "new.mxs.zst");
    static const char *const expected[] = {
        "The new sweep is not all there (not complete: the sweep was stopped",
        "targets that vanished may only not have been visited",
        "<strong>5</strong> (<span class=\"n\">25.0 %</span> of the old one) vanished",
        "<td "
        "rowspan=\"1\">vanished</td><td>outcome</td><td><bdi>done/ok</bdi></td><td><bdi></bdi></"
        "td></tr>",
    };
    expect(&c, expected, LENGTH(expected));
    clean_up(&c);
}

/* ---- bounds, and what others send ---- */

static void a_list_is_bounded(void **state)
{
    (void)state;
    struct compared c;
    struct synth_class old[] = {done(1500, POSTFIX, EHLO, 0x0303, &leaf)};
    struct synth_class new[] = {done(1500, POSTFIX, EHLO, 0x0304, &leaf)};
    compare(&c, old, 1, new, 1, 0, "new.mxs.zst");
    static const char *const expected[] = {
        "The first 200 of 1,500, in the order of addresses; --json has all."};
    expect(&c, expected, LENGTH(expected));
    assert_int_equal(count(&c, "<td rowspan=\"1\">changed</td>"), DIFF_PAGE_TARGETS_MAX);
    clean_up(&c);
}

static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></style><script>",
    "\x1b[31m\x07",
    "\xe2\x80\xae\xe2\x81\xa6",
    "\xff\xc0\xaf",
    "]]><!--",
    "&#x3c;b&#x3e;",
};

static void hostile_texts_are_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(hostile); i++) {
        struct compared c;
        char greeting[128];
        struct synth_cert cert = leaf;
        snprintf(greeting, sizeof greeting, "220 mx %s\r\n", hostile[i]);
        cert.issuer_org = hostile[i];
        cert.key_number = 9;
        struct synth_class old[] = {done(5, POSTFIX, EHLO, 0x0304, &leaf)};
        struct synth_class new[] = {done(5, greeting, "250-mx\r\n250 XHOSTILE\r\n", 0x0304, &cert)};
        compare(&c, old, 1, new, 1, 0, hostile[i]); /* fails if any of it is markup */
        for (size_t k = 0; k < c.html.len; k++)
            assert_true((unsigned char)c.html.text[k] >= 32 || c.html.text[k] == '\n');
        assert_int_equal(count(&c, "<script") + count(&c, "<img") + count(&c, "\xe2\x80\xae"), 0);
        assert_true(count(&c, "<td>issuer</td>") == 5 && count(&c, "<td>greeting</td>") == 5);
        clean_up(&c);
    }
}

/* texts that become as long as they can */
static void long_texts_are_bounded(void **state)
{
    (void)state;
    struct compared c;
    static char quotes[900];
    struct synth_cert cert = leaf;
    memset(quotes, '"', sizeof quotes - 1);
    memcpy(quotes, "220 ", 4);
    memcpy(quotes + sizeof quotes - 3, "\r\n", 3);
    cert.issuer_org =
        "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"";
    cert.key_number = 9;
    struct synth_class old[] = {done(1000, POSTFIX, EHLO, 0x0303, &leaf)};
    struct synth_class new[] = {done(1000, quotes, "250 mx\r\n", 0x0304, &cert)};
    compare(&c, old, 1, new, 1, 0, "new.mxs.zst");
    assert_int_equal(c.page.num_changes, 1000);
    assert_true(c.page.is_full);
    assert_true(c.page.num_shown > 20 && c.page.num_shown <= DIFF_PAGE_TARGETS_MAX);
    clean_up(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed),
        cmocka_unit_test(figures),
        cmocka_unit_test(vanished),
        cmocka_unit_test(a_list_is_bounded),
        cmocka_unit_test(hostile_texts_are_text),
        cmocka_unit_test(long_texts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
