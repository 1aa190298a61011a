/* A writer whose disk fails: when it tries again, and when it gives up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "scanner/disk_wait.h"

enum { STEPS_MAX = 8 };
#define MS UINT64_C(1000000)

/* what writes return, and what is to be done then */
struct step {
    uint64_t at_ms;
    int rc;
    enum disk_verdict want;
    uint64_t again_ms;
};

static void test_waits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t wait_ms;
        struct step steps[STEPS_MAX];
    } cases[] = {
        {"all is well", 60000, {{1, 0, DISK_FINE, 0}, {2, 0, DISK_FINE, 0}}},
        {"an error that does not pass", 60000, {{1, -EBADF, DISK_GIVE_UP, 0}}},
        {"a bug of ours does not pass", 60000, {{1, -EINVAL, DISK_GIVE_UP, 0}}},
        {"nobody waits", 0, {{1, -ENOSPC, DISK_GIVE_UP, 0}}},
        {"it passes",
         60000,
         {{5, -ENOSPC, DISK_TRY_AGAIN, 1005},
          {1005, -ENOSPC, DISK_TRY_AGAIN, 2005},
          {2005, 0, DISK_FINE, 0}}},
        {"it lasts",
         2500,
         {{100, -EIO, DISK_TRY_AGAIN, 1100},
          {1100, -EIO, DISK_TRY_AGAIN, 2100},
          {2100, -EIO, DISK_TRY_AGAIN, 2600},
          {2600, -EIO, DISK_GIVE_UP, 0}}},
        {"a write that takes long",
         2500,
         {{100, -EDQUOT, DISK_TRY_AGAIN, 1100}, {9999, -EDQUOT, DISK_GIVE_UP, 0}}},
        {"one error becomes another",
         3000,
         {{0, -ENOSPC, DISK_TRY_AGAIN, 1000},
          {1000, -EROFS, DISK_TRY_AGAIN, 2000},
          {2000, -EBADF, DISK_GIVE_UP, 0}}},
        {"what succeeds begins the wait anew",
         1500,
         {{0, -ENOSPC, DISK_TRY_AGAIN, 1000},
          {1000, 0, DISK_FINE, 0},
          {9000, -ENOSPC, DISK_TRY_AGAIN, 10000},
          {10000, -ENOSPC, DISK_TRY_AGAIN, 10500},
          {10500, -ENOSPC, DISK_GIVE_UP, 0}}},
        {"for ever",
         UINT64_MAX / MS,
         {{0, -ENOSPC, DISK_TRY_AGAIN, 1000}, {86400000000, -ENOSPC, DISK_TRY_AGAIN, 86400001000}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct disk_wait d;
        disk_wait_init(&d, cases[i].wait_ms * MS);
        for (size_t k = 0; k < STEPS_MAX; k++) {
            const struct step *s = &cases[i].steps[k];
            uint64_t again_ns = 0;
            if (s->rc == 0 && s->at_ms == 0)
                break;
            enum disk_verdict got = disk_wait_note(&d, &again_ns, s->rc, s->at_ms * MS);
            if (got != s->want || again_ns != s->again_ms * MS)
                fail_msg("%s, step %zu: %d, again at %llu", cases[i].name, k, (int)got,
                         (unsigned long long)(again_ns / MS));
        }
    }
}

static void test_what_may_pass(void **state)
{
    (void)state;
    static const struct {
        int rc;
        bool may_pass;
    } cases[] = {{-ENOSPC, true}, {-EDQUOT, true},  {-EIO, true},     {-EROFS, true},
                 {0, false},      {-EINVAL, false}, {-ENOMEM, false}, {-EBADF, false},
                 {ENOSPC, false}, {-EFBIG, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(disk_wait_may_pass(cases[i].rc), cases[i].may_pass);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_what_may_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
