/* outcome: every code has a slug and a text, every slug is found again, and the errno table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/outcome.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

/* stored in datasets: appended to, never changed */
static const char *const stages[] = {"none",     "connect",   "greeting", "ehlo",
                                     "starttls", "handshake", "ehlo-tls", "done"};
static const char *const causes[] = {"none",
                                     "ok",
                                     "timeout",
                                     "refused",
                                     "net-unreachable",
                                     "host-unreachable",
                                     "admin-prohibited",
                                     "reset",
                                     "closed",
                                     "malformed",
                                     "too-long",
                                     "rejected",
                                     "throttled",
                                     "not-offered",
                                     "early-plaintext",
                                     "not-tls",
                                     "alert-received",
                                     "alert-sent",
                                     "tls-error",
                                     "no-address",
                                     "blocked",
                                     "dns-failure"};

static void codes_are_stable(void **state)
{
    (void)state;
    assert_int_equal(NUM_STAGES, LEN(stages));
    assert_int_equal(NUM_CAUSES, LEN(causes));
    for (unsigned i = 0; i < LEN(stages); i++)
        assert_string_equal(stage_slug(i), stages[i]);
    for (unsigned i = 0; i < LEN(causes); i++)
        assert_string_equal(cause_slug(i), causes[i]);
}

static void check_slug(const char *slug, const char *text)
{
    assert_true(strlen(slug) > 0 && strlen(text) > 0);
    assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyz-"), strlen(slug));
}

static void slugs_are_found_again(void **state)
{
    (void)state;
    for (unsigned i = 1; i < NUM_STAGES; i++) {
        check_slug(stage_slug(i), stage_text(i));
        assert_int_equal(stage_find(stage_slug(i)), i);
    }
    for (unsigned i = 1; i < NUM_CAUSES; i++) {
        check_slug(cause_slug(i), cause_text(i));
        assert_int_equal(cause_find(cause_slug(i)), i);
    }
}

static void unknown_stays_unknown(void **state)
{
    static const unsigned codes[] = {NUM_STAGES, NUM_CAUSES, 255, 65536, UINT32_MAX};
    static const char *const slugs[] = {"",        "none",     "unknown", "OK",
                                        "Connect", "ehlo_tls", "o",       "okk"};
    (void)state;
    for (size_t i = 0; i < LEN(codes); i++) {
        assert_string_equal(stage_slug(codes[i]), "unknown");
        assert_true(strlen(stage_text(codes[i])) > 0);
    }
    for (size_t i = 1; i < LEN(codes); i++) {
        assert_string_equal(cause_slug(codes[i]), "unknown");
        assert_true(strlen(cause_text(codes[i])) > 0);
    }
    for (size_t i = 0; i < LEN(slugs); i++) {
        assert_int_equal(stage_find(slugs[i]), STAGE_NONE);
        assert_int_equal(cause_find(slugs[i]), CAUSE_NONE);
    }
}

static const struct {
    int errnum;
    enum cause cause; /* CAUSE_NONE: a fault of ours, no finding */
} errnos[] = {
    {ECONNREFUSED, CAUSE_REFUSED},
    {ETIMEDOUT, CAUSE_TIMEOUT},
    {ENETUNREACH, CAUSE_NET_UNREACHABLE},
    {EHOSTUNREACH, CAUSE_HOST_UNREACHABLE},
    {EHOSTDOWN, CAUSE_HOST_UNREACHABLE},
    {ENOPROTOOPT, CAUSE_HOST_UNREACHABLE},
    {EPROTO, CAUSE_HOST_UNREACHABLE},
    {ENONET, CAUSE_HOST_UNREACHABLE},
    {EOPNOTSUPP, CAUSE_HOST_UNREACHABLE},
    {EMSGSIZE, CAUSE_HOST_UNREACHABLE},
    {EACCES, CAUSE_ADMIN_PROHIBITED},
    {ECONNRESET, CAUSE_RESET},
    {EPIPE, CAUSE_RESET},
    {ECONNABORTED, CAUSE_RESET},
    {0, CAUSE_NONE},
    {EMFILE, CAUSE_NONE},
    {ENFILE, CAUSE_NONE},
    {ENOBUFS, CAUSE_NONE},
    {ENOMEM, CAUSE_NONE},
    {EADDRNOTAVAIL, CAUSE_NONE},
    {EADDRINUSE, CAUSE_NONE},
    {EPERM, CAUSE_NONE}, /* a firewall of this host */
    {ENETDOWN, CAUSE_NONE},
    {EINVAL, CAUSE_NONE},
    {EBADF, CAUSE_NONE},
    {ECANCELED, CAUSE_NONE},
    {-ECONNREFUSED, CAUSE_NONE},
    {100000, CAUSE_NONE},
};

static void errnos_become_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(errnos); i++) {
        enum cause cause = CAUSE_BLOCKED;
        bool finding = cause_of_errno(&cause, errnos[i].errnum);
        assert_int_equal(finding, errnos[i].cause != CAUSE_NONE);
        assert_int_equal(cause, finding ? errnos[i].cause : CAUSE_BLOCKED); /* else untouched */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_stable),
        cmocka_unit_test(slugs_are_found_again),
        cmocka_unit_test(unknown_stays_unknown),
        cmocka_unit_test(errnos_become_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
