#include "tests/tools/paged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/tools/markup.h"
#include "tools/page.h"

void paged_init(struct paged *p)
{
    *p = (struct paged){0};
    fake_init(&p->fake);
    html_init(&p->html);
    for (size_t i = 0; i < NUM_SETS; i++)
        p->fake.all.sets[i] = 1000;
    p->files[0] = (struct report_file){
        .path = "sweep.mxs.zst", .start_us = 1, .end = WALK_COMPLETE, .records = 1000};
    p->report = (struct report){.files = p->files, .num_files = 1};
}

void paged_write(struct paged *p)
{
    struct markup m;
    p->report.statistics = p->fake.all;
    p->html.len = 0;
    assert_int_equal(page_write(&p->html, &p->report), 0);
    if (!markup_read(&m, p->html.text, p->html.len, NULL))
        fail_msg("the page is not whole: %s", m.why);
}

void paged_cleanup(struct paged *p)
{
    html_cleanup(&p->html);
    fake_cleanup(&p->fake);
}

size_t paged_count(const struct paged *p, const char *text)
{
    size_t num = 0, len = strlen(text);
    for (const char *at = p->html.text, *end = at + p->html.len;
         (at = memmem(at, (size_t)(end - at), text, len)) != NULL; at += len)
        num++;
    return num;
}

bool paged_has(const struct paged *p, const char *text)
{
    return paged_count(p, text) > 0;
}
