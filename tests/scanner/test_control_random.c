/*
 * control, over random orders of events, beside a second account of what is going on that knows the
 * events alone: both say the same, no target is ever asked twice at once, no silence is believed
 * without a check that began later and went well, and there is always something to wait for.
 * Others may look on from their threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "scanner/control.h"

#define S         UINT64_C(1000000000)
#define INTERVAL  (10 * S)
#define NEVER     UINT64_MAX
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS_MAX = 8 };

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static struct control *control_of(size_t num)
{
    struct target targets[TARGETS_MAX];
    for (size_t i = 0; i < num; i++)
        targets[i] = (struct target){.addr = addr_v4(0xc0000200 + (uint32_t)i), .port = 25};
    struct control *c = control_new(targets, num, INTERVAL);
    assert_non_null(c);
    return c;
}

static size_t index_of(const struct errand *e)
{
    return (size_t)(e->target.addr.lo & 0xff);
}

struct account {
    size_t num;
    bool busy[TARGETS_MAX], asked[TARGETS_MAX]; /* asked: ever */
    uint64_t start_ns[TARGETS_MAX];
    bool paused, begun; /* begun: the first one has answered */
    bool any_good;
    uint64_t confirmed_ns;        /* the latest start of a visit that was answered */
    uint64_t cut_from, cut_until; /* as control.h has it */
    bool in_doubt;
    bool told[TARGETS_MAX];   /* of this round: no answer of its that counts is to come */
    bool silent[TARGETS_MAX]; /* of this round: and it was asked for one */
    bool down[TARGETS_MAX];
};

static void begin_round(struct account *a)
{
    memset(a->told, 0, sizeof a->told);
    memset(a->silent, 0, sizeof a->silent);
}

static bool all_of(const struct account *a, const bool *what)
{
    for (size_t i = 0; i < a->num; i++)
        if (!what[i])
            return false;
    return true;
}

static bool any_of(const struct account *a, const bool *what)
{
    for (size_t i = 0; i < a->num; i++)
        if (what[i])
            return true;
    return false;
}

static bool is_old(const struct account *a, size_t i)
{
    return a->start_ns[i] <= a->confirmed_ns;
}

/* target i has told what it has to tell in this round; what must that bring about? */
static enum control_news tell(struct account *a, size_t i)
{
    if (!a->paused && !a->in_doubt)
        return CONTROL_NOTHING;
    a->told[i] = true;
    if (!all_of(a, a->told))
        return CONTROL_NOTHING;
    bool any = any_of(a, a->silent);
    begin_round(a);
    if (!any || (a->paused && a->begun))
        return CONTROL_NOTHING;
    if (!a->begun)
        return CONTROL_HOPELESS;
    a->in_doubt = false;
    a->paused = true;
    a->cut_from = a->confirmed_ns;
    a->cut_until = UINT64_MAX;
    return CONTROL_CUT_OFF;
}

/* what an answer of target i must bring about */
static enum control_news answered(struct account *a, size_t i)
{
    bool was_paused = a->paused;
    a->down[i] = false;
    if (is_old(a, i))
        return tell(a, i);
    if (a->in_doubt)
        a->cut_from = a->confirmed_ns;
    if (a->in_doubt || (a->begun && a->paused))
        a->cut_until = a->start_ns[i];
    for (size_t k = 0; a->in_doubt && k < a->num; k++)
        a->down[k] |= a->silent[k];
    a->confirmed_ns = a->start_ns[i];
    a->begun = true;
    a->paused = a->in_doubt = false;
    begin_round(a);
    return was_paused ? CONTROL_GO : CONTROL_NOTHING;
}

/* what no answer of target i must bring about; silent: it was asked */
static enum control_news unanswered(struct account *a, size_t i, bool silent)
{
    if (!a->paused && !a->in_doubt) {
        if (!silent || is_old(a, i) || a->down[i])
            return CONTROL_NOTHING;
        a->in_doubt = true;
        begin_round(a);
    }
    a->silent[i] = silent && !is_old(a, i);
    return tell(a, i);
}

static size_t num_busy(const struct account *a)
{
    size_t num = 0;
    for (size_t i = 0; i < a->num; i++)
        num += a->busy[i];
    return num;
}

static struct errand *take_one(struct control *c, struct account *a, uint64_t now_ns)
{
    uint64_t due_ns = control_due_ns(c);
    struct errand *e = control_take(c, now_ns);
    size_t first = 0; /* of those that were never asked: they are, whatever the time */
    while (first < a->num && a->asked[first])
        first++;
    if (first < a->num)
        assert_true(e != NULL && index_of(e) == first);
    else if (now_ns < due_ns)
        assert_null(e);
    if (num_busy(a) == 0 && now_ns >= due_ns)
        assert_non_null(e); /* else it would never be asked again */
    if (e == NULL)
        return NULL;
    size_t i = index_of(e);
    assert_true(i < a->num);
    assert_false(a->busy[i]); /* never two visits of one target at once */
    a->busy[i] = a->asked[i] = true;
    a->start_ns[i] = now_ns;
    return e;
}

static void end_one(struct control *c, struct account *a, struct errand *e, uint64_t now_ns,
                    uint64_t how)
{
    struct record r;
    size_t i = index_of(e);
    a->busy[i] = false;
    record_init(&r);
    r.smtp_code = how == 0 ? 220 : 0;
    enum control_news news = how == 0   ? answered(a, i)
                             : how == 1 ? unanswered(a, i, true)
                                        : unanswered(a, i, false);
    assert_int_equal(how == 2 ? control_missed(c, e, now_ns) : control_heard(c, e, &r, now_ns),
                     news);
}

static void check_belief(const struct control *c, const struct account *a, uint64_t start_ns,
                         uint64_t end_ns)
{
    enum control_belief belief = control_belief(c, start_ns, end_ns);
    bool in_cut = end_ns > a->cut_from && start_ns <= a->cut_until;
    assert_int_equal(belief == CONTROL_AGAIN, in_cut);
    if (belief == CONTROL_BELIEVE)
        assert_true(end_ns <= a->confirmed_ns);
}

/* how often answers come; in so many of a hundred events, for a while */
static uint64_t kind_of_end(uint64_t *x, uint64_t weather)
{
    static const unsigned silent[] = {2, 50, 97, 30};
    uint64_t dice = next_random(x) % 100;
    if (next_random(x) % 12 == 0)
        return 2;
    return dice < silent[weather % LENGTH(silent)] ? 1 : 0;
}

static void run_at_random(size_t num, uint64_t seed)
{
    enum { EVENTS = 4000 };
    struct control *c = control_of(num);
    struct account a = {.num = num, .paused = true};
    struct errand *out[TARGETS_MAX];
    size_t num_out = 0;
    uint64_t x = seed, now_ns = S + next_random(&x) % S;
    for (int n = 0; n < EVENTS; n++) {
        uint64_t dice = next_random(&x) % 100;
        if (dice < 35) {
            now_ns += next_random(&x) % (dice < 5 ? 15 * S : S);
        } else if (dice < 60) {
            struct errand *e = take_one(c, &a, now_ns);
            if (e != NULL)
                out[num_out++] = e;
        } else if (dice < 65) {
            uint64_t before = control_due_ns(c);
            control_hurry(c, now_ns);
            assert_true(control_due_ns(c) <= (before > now_ns ? before : now_ns));
        } else if (num_out > 0) {
            size_t which = next_random(&x) % num_out;
            struct errand *e = out[which];
            out[which] = out[--num_out];
            end_one(c, &a, e, now_ns, kind_of_end(&x, (uint64_t)n / 500));
        }
        assert_int_equal(control_is_paused(c), a.paused);
        if (num_busy(&a) == 0)
            assert_true(control_due_ns(c) != NEVER);
        for (uint64_t back = 0; back < 3; back++) {
            uint64_t end_ns = now_ns - next_random(&x) % (back == 0 ? 2 : S);
            check_belief(c, &a, end_ns - next_random(&x) % (back == 0 ? 2 : S), end_ns);
        }
        check_belief(c, &a, a.cut_until, a.confirmed_ns);
        check_belief(c, &a, a.cut_until + 1, a.confirmed_ns + 1);
    }
    control_free(c);
}

static void at_random(void **state)
{
    (void)state;
    for (size_t num = 1; num <= TARGETS_MAX; num++)
        for (uint64_t seed = 1; seed <= 40; seed++)
            run_at_random(num, seed * 7919 + num);
}

/* A silence that ended at any time: it is not believed unless a check that began later went well,
 * and once it was to be visited again, no later event makes it believed, as long as that cut is the
 * last one. */
static void silences_at_random(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t x = seed * 104729, now_ns = 100 * S;
        struct control *c = control_of(1 + next_random(&x) % 3);
        struct account a = {.num = TARGETS_MAX, .paused = true};
        uint64_t starts[32], ends[32], num = 0;
        bool believed[32] = {false};
        control_num_answered(c, &a.num);
        for (int n = 0; n < 300; n++) {
            struct errand *e = take_one(c, &a, now_ns);
            uint64_t before_ns = now_ns;
            now_ns += next_random(&x) % (3 * S);
            if (num < LENGTH(ends)) {
                starts[num] = before_ns - next_random(&x) % (20 * S);
                ends[num++] = now_ns;
            }
            if (e != NULL)
                end_one(c, &a, e, now_ns, kind_of_end(&x, (uint64_t)n / 40));
            for (size_t i = 0; i < num; i++) {
                bool now = control_belief(c, starts[i], ends[i]) == CONTROL_BELIEVE;
                if (now && !believed[i])
                    assert_true(a.confirmed_ns >= ends[i]);
                believed[i] |= now;
                assert_true(!believed[i] || control_belief(c, starts[i], ends[i]) != CONTROL_WAIT);
            }
        }
        control_free(c);
    }
}

/* ---- threads ---- */

struct onlooker {
    const struct control *control;
    _Atomic uint64_t now_ns, latest_ns; /* latest_ns: no check that went well began after it */
    _Atomic bool over;
    size_t num_wrong, num_looks;
};

/* as the writer does: asks about silences, whatever else goes on */
static void *look_on(void *arg)
{
    struct onlooker *o = arg;
    uint64_t x = 5;
    while (!o->over) {
        uint64_t end_ns = o->now_ns - next_random(&x) % (30 * S);
        bool believed = control_belief(o->control, end_ns - S, end_ns) == CONTROL_BELIEVE;
        o->num_wrong += believed && end_ns > o->latest_ns;
        o->num_looks += control_is_paused(o->control) || believed;
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct control *c = control_of(3);
    struct onlooker o = {.control = c, .now_ns = 1000 * S};
    pthread_t thread;
    uint64_t x = 77;
    assert_int_equal(pthread_create(&thread, NULL, look_on, &o), 0);
    for (int n = 0; n < 200000; n++) {
        struct record r;
        record_init(&r);
        struct errand *e = control_take(c, o.now_ns);
        r.smtp_code = kind_of_end(&x, (uint64_t)n / 1000) == 0 ? 220 : 0;
        o.now_ns += next_random(&x) % (8 * S);
        if (e == NULL)
            continue;
        if (r.smtp_code != 0)
            o.latest_ns = o.now_ns;
        control_heard(c, e, &r, o.now_ns);
    }
    o.over = true;
    pthread_join(thread, NULL);
    assert_int_equal(o.num_wrong, 0);
    control_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_random),
        cmocka_unit_test(silences_at_random),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
