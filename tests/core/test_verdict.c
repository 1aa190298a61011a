/* verdict: every row has words that can be put together into sentences, and a slug of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>

#include "core/verdict.h"

static bool is_slug(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
            return false;
    return text[0] != '\0';
}

static bool ends_sentence(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && text[len - 1] == '.';
}

static bool is_ascii(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return true;
}

static void words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_VERDICTS; i++) {
        const struct verdict_text *t = verdict_text((enum verdict)i);
        if (!is_slug(t->slug) || !is_ascii(t->what) || !is_ascii(t->why) || !is_ascii(t->mend))
            fail_msg("%s: not plain", t->slug);
        if (t->what[0] == '\0' || ends_sentence(t->what) || strchr(t->what, '\n') != NULL)
            fail_msg("%s: what is wrong must be a clause: \"%s\"", t->slug, t->what);
        if (isupper((unsigned char)t->what[0]) && !isupper((unsigned char)t->what[1]))
            fail_msg("%s: what is wrong begins small: \"%s\"", t->slug, t->what);
        if (!ends_sentence(t->why) || (t->mend[0] != '\0' && !ends_sentence(t->mend)))
            fail_msg("%s: why and mend are sentences", t->slug);
        if (t->class == VERDICT_CLASS_WELL || t->class >= NUM_VERDICT_CLASSES)
            fail_msg("%s: a finding is not well", t->slug);
    }
}

static void slugs_are_their_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < NUM_VERDICTS; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(verdict_text((enum verdict)i)->slug,
                                    verdict_text((enum verdict)k)->slug);
    for (unsigned i = 0; i < NUM_VERDICT_CLASSES; i++) {
        assert_true(is_slug(verdict_class_slug((enum verdict_class)i)));
        assert_true(is_ascii(verdict_class_text((enum verdict_class)i)));
    }
}

/* the first of several is the one that is told first: what ends a session, then faults, then notes */
static void weightiest_first(void **state)
{
    static const unsigned rank[NUM_VERDICT_CLASSES] = {[VERDICT_CLASS_NO_SMTP] = 0,
                                                       [VERDICT_CLASS_UNKNOWN] = 0,
                                                       [VERDICT_CLASS_BROKEN] = 0,
                                                       [VERDICT_CLASS_WRONG] = 1,
                                                       [VERDICT_CLASS_NOTE] = 2};
    (void)state;
    for (unsigned i = 1; i < NUM_VERDICTS; i++)
        if (rank[verdict_text((enum verdict)i)->class] <
            rank[verdict_text((enum verdict)(i - 1))->class])
            fail_msg("%s: stands behind a lighter one", verdict_text((enum verdict)i)->slug);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(slugs_are_their_own),
        cmocka_unit_test(weightiest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
