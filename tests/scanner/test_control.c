/*
 * control: the machine along a clock that the test moves: the first round, one silent target and
 * all of them, coming back, what becomes of silences meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/control.h"

#define S         UINT64_C(1000000000)
#define INTERVAL  (10 * S)
#define NEVER     UINT64_MAX
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TARGETS_MAX = 8 };

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

/* ---- by hand: a script of letters ----
 *
 *  a-g   control_take must give that target
 *  .     control_take must give none
 *  A-G   that target answers
 *  1-7   target a-g stays silent
 *  !     the target that follows as a letter could not be asked
 *  ~     its network is busy: it is to be tried again in 1 s
 *  +     10 s pass; -: 1 s passes
 *  P R   it must be paused, running
 *
 * < > holds what an event must tell: G (go), C (cut off), X (hopeless); without, it tells nothing.
 */
struct script {
    const char *name;
    size_t num;
    const char *text;
};

static const struct script scripts[] = {
    {"one answers: off we go", 1, "P a. P A<G> R ."},
    {"none at first, of one", 1, "P a. 1<X> P"},
    {"none at first, of three", 3, "abc. 2 P 1 P 3<X> P"},
    {"one of three is enough", 3, "abc. 1 3 P B<G> R"},
    {"the first one is enough, whatever the others do", 3, "abc. A<G> R 2 3 R"},
    {"all are asked once, though the first one answers at once", 4, "a A<G> R b c B d. C + a. 4 R"},
    {"all are asked once, and the second cannot be", 3, "a A<G> b !b c. C + a. A + b. B R"},
    {"all are asked once, and the second is silent", 3, "a A<G> - b 2 R c a. A R"},
    {"asked again after a first round without hope", 2, "ab. 12<X> P . + ab. A<G> R"},
    {"a first round in which nobody could be asked says nothing", 2, "ab. !a !b P . + ab. A<G> R"},
    {"one missed, the other silent: that is none", 2, "ab. !a 2<X> P"},
    {"one missed, the other silent, in the other order", 2, "ab. 2 !a<X> P"},
    {"one missed, the other answers", 2, "ab. !a B<G> R"},

    {"the network of one is busy: it is asked a little later", 3, "ab ~b c. 1 3 P . - b. 2<X> P"},
    {"... and answers", 3, "ab ~b c. 1 3 - b ~b . - b. B<G> R"},
    {"... while another answers", 2, "ab ~b . A<G> R . - b. B R"},
    {"... for a minute: it was missed", 2, "ab ~b 1 P +++++ b ~b P + b ~b<X> P"},
    {"... in doubt: the others are not all silent", 3, "abc. A<G> B C + a. 1 bc ~c . 2 R - c. C R"},
    {"... in doubt: they are", 3, "abc. A<G> B C + a. 1 bc ~c . 2 R - c. 3<C> P"},
    {"... when it is its turn", 2, "ab. A<G> B + a ~a . - a. A R"},

    {"all is well: one each interval, in turn", 3,
     "abc. A<G> B C . + a. A + b. B + c. C + a. A ----- . ----- b. B R"},
    {"in turn, but for one that is still busy", 3,
     "abc. A<G> B C + a. + b. B + c. C + b. B A + c."},
    {"only one, and it is busy", 1, "a. A<G> + a. + . + . A + a. A R"},
    {"missed while all is well", 2, "ab. A<G> B + a. !a R + b. B R"},

    {"one goes silent, the others answer", 3, "abc. A<G> B C + a. 1 R bc. B R . C R + b."},
    {"one goes silent, the others too", 3, "abc. A<G> B C + a. 1 R bc. 2 R 3<C> P ."},
    {"one alone goes silent", 1, "a. A<G> + a. 1<C> P . + a. A<G> R"},
    {"one goes silent, the others cannot be asked", 3, "abc. A<G> B C + a. 1 bc. !b !c<C> P"},
    {"one goes silent, one cannot be asked, one answers", 3, "abc. A<G> B C + a. 1 bc. !b C R"},
    {"asked before the last good check: says nothing of now", 2,
     "ab. A<G> B + a. + b. B 1 R . + a."},
    {"in doubt, while one is still out", 3, "abc. A<G> B C + a. + b. 2 R c. 3 R 1<C> P"},
    {"in doubt, and one that is still out answers", 3,
     "abc. A<G> B C + a. + b. 2 R c. A R 3 R ab. 1 R B R"},

    {"one is down: no doubt about the others", 3,
     "abc. A<G> B C + a. 1 R bc. B C + b. B + c. C + a. 1 R . + b. B R + c. C + a. 1 R . + b."},
    {"one that was down answers: its next silence raises doubt", 3,
     "abc. A<G> B C + a. 1 bc. B C + b. B + c. C + a. A + b. B + c. C + a. 1 R bc. B R"},
    {"one is down, and then the others too", 2,
     "ab. A<G> B + a. 1 R b. B R + b. 2 R a. 1<C> P + ab. 1 B<G> R"},
    {"one is down, and cannot be asked, and then the other too", 2,
     "ab. A<G> B + a. 1 R b. B R + b. 2 R a. !a<C> P"},
    {"an answer to what was asked before the last good check ends no doubt", 3,
     "abc. A<G> B C + a. + b. B + c. 3 R b. A R 2<C> P"},
    {"a silence to what was asked then is none of now", 3,
     "abc. A<G> B C + a. + b. B + c. 3 R b. 1 R B R . + a. 1 R bc."},

    {"cut off: all are asked each interval", 2,
     "ab. A<G> B + a. 1 b. 2<C> P . ----- . ----- ab. 12 P . + ab. 21 P + ab. B<G> R 1 R"},
    {"cut off: back by one, and cut off again", 2,
     "ab. A<G> B + a. 1 b. 2<C> P + ab. A<G> R 2 R + b. 2 a. 1<C> P"},
    {"cut off, and nobody can be asked", 2, "ab. A<G> B + a. 1 b. 2<C> + ab. !a !b P . + ab. A<G>"},
};

struct play {
    const struct script *script;
    const char *at;
    struct control *control;
    struct errand *out[TARGETS_MAX];
    uint64_t now_ns;
};

static void stray(const struct play *p, const char *what)
{
    fail_msg("%s: at octet %td of \"%s\": %s", p->script->name, p->at - p->script->text,
             p->script->text, what);
}

static void expect_news(struct play *p, enum control_news news)
{
    static const char letters[] = {[CONTROL_NOTHING] = 0,
                                   [CONTROL_GO] = 'G',
                                   [CONTROL_CUT_OFF] = 'C',
                                   [CONTROL_HOPELESS] = 'X'};
    char expected = 0;
    if (p->at[1] == '<') {
        expected = p->at[2];
        p->at += 3;
    }
    if (letters[news] != expected)
        stray(p, "tells something else");
}

static void expect_take(struct play *p, char letter)
{
    struct errand *e = control_take(p->control, p->now_ns);
    if (letter == '.') {
        if (e != NULL)
            stray(p, "gives one");
        return;
    }
    size_t i = (size_t)(letter - 'a');
    if (e == NULL || index_of(e) != i || p->out[i] != NULL)
        stray(p, "gives another, or none");
    assert_true(e->is_control && visit_position(&(struct visit){.ref = 0}) == 0);
    p->out[i] = e;
}

static void hear(struct play *p, size_t i, bool answered)
{
    struct record r;
    record_init(&r);
    r.stage = answered ? STAGE_EHLO : STAGE_CONNECT;
    r.cause = answered ? CAUSE_CLOSED : CAUSE_TIMEOUT;
    r.smtp_code = answered ? 220 : 0;
    struct errand *e = p->out[i];
    if (e == NULL)
        stray(p, "was not asked");
    p->out[i] = NULL;
    expect_news(p, control_heard(p->control, e, &r, p->now_ns));
}

static void miss(struct play *p, size_t i)
{
    struct errand *e = p->out[i];
    if (e == NULL)
        stray(p, "was not asked");
    p->out[i] = NULL;
    expect_news(p, control_missed(p->control, e, p->now_ns));
}

static void later(struct play *p, size_t i)
{
    struct errand *e = p->out[i];
    if (e == NULL)
        stray(p, "was not asked");
    p->out[i] = NULL;
    expect_news(p, control_later(p->control, e, S, p->now_ns));
}

static void step(struct play *p)
{
    char c = *p->at;
    if (c == ' ')
        return;
    if (c == '+' || c == '-')
        p->now_ns += c == '+' ? 10 * S : S;
    else if (c == 'P' || c == 'R') {
        if (control_is_paused(p->control) != (c == 'P'))
            stray(p, "is paused, or is not");
    } else if (c == '!')
        miss(p, (size_t)(*++p->at - 'a'));
    else if (c == '~')
        later(p, (size_t)(*++p->at - 'a'));
    else if (c == '.' || (c >= 'a' && c <= 'g'))
        expect_take(p, c);
    else if (c >= 'A' && c <= 'G')
        hear(p, (size_t)(c - 'A'), true);
    else if (c >= '1' && c <= '7')
        hear(p, (size_t)(c - '1'), false);
    else
        stray(p, "what is this?");
}

static void by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(scripts); i++) {
        struct play p = {.script = &scripts[i], .at = scripts[i].text, .now_ns = 1000 * S};
        p.control = control_of(scripts[i].num);
        for (; *p.at != '\0'; p.at++)
            step(&p);
        control_free(p.control);
    }
}

/* ---- what an answer is ---- */

static void answers(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        enum cause cause;
        uint16_t code;
        bool answered;
        uint32_t connect_us; /* 0: not told */
    } rows[] = {
        {STAGE_CONNECT, CAUSE_TIMEOUT, 0, false, 0},
        {STAGE_CONNECT, CAUSE_REFUSED, 0, false, 0}, /* by a box on the way, say */
        {STAGE_CONNECT, CAUSE_NET_UNREACHABLE, 0, false, 0},
        {STAGE_GREETING, CAUSE_TIMEOUT, 0, false, 0},
        {STAGE_GREETING, CAUSE_CLOSED, 0, false, 0},
        {STAGE_GREETING, CAUSE_MALFORMED, 0, false, 0},
        {STAGE_GREETING, CAUSE_REJECTED, 554, true, 0},
        {STAGE_GREETING, CAUSE_THROTTLED, 421, true, 0},
        {STAGE_EHLO, CAUSE_TIMEOUT, 220, true, 0},
        {STAGE_EHLO, CAUSE_RESET, 0, true, 0},
        {STAGE_STARTTLS, CAUSE_NOT_OFFERED, 250, true, 0},
        {STAGE_HANDSHAKE, CAUSE_TIMEOUT, 220, true, 0},
        {STAGE_DONE, CAUSE_OK, 250, true, 0},
        /* the first SYN was lost: so may be those to targets */
        {STAGE_DONE, CAUSE_OK, 250, true, 300000},
        {STAGE_DONE, CAUSE_OK, 250, true, 899999},
        {STAGE_DONE, CAUSE_OK, 250, false, 900000},
        {STAGE_DONE, CAUSE_OK, 250, false, 1010000},
        {STAGE_GREETING, CAUSE_REJECTED, 554, false, 3100000},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct control *c = control_of(1);
        struct record r;
        record_init(&r);
        r.stage = (uint8_t)rows[i].stage;
        r.cause = (uint8_t)rows[i].cause;
        r.smtp_code = rows[i].code;
        if (rows[i].connect_us != 0)
            r.timing_us[TIMING_CONNECT] = rows[i].connect_us;
        struct errand *e = control_take(c, 5);
        assert_int_equal(control_heard(c, e, &r, 6),
                         rows[i].answered ? CONTROL_GO : CONTROL_HOPELESS);
        control_free(c);
    }
}

/* whoever has ever answered counts, once */
static void num_answered(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 1U << 4; who++) {
        struct control *c = control_of(4);
        struct errand *out[4];
        struct record r;
        size_t num = 0, num_asked = 0;
        record_init(&r);
        for (size_t i = 0; i < 4; i++)
            out[i] = control_take(c, 7 * S);
        for (size_t i = 0; i < 4; i++) {
            r.smtp_code = (who >> i & 1) != 0 ? 220 : 0;
            num += who >> i & 1;
            control_heard(c, out[i], &r, 8 * S);
            assert_int_equal(control_num_answered(c, &num_asked), num);
        }
        assert_int_equal(num_asked, 4);
        r.smtp_code = 220;
        for (uint64_t i = 0; i < 8; i++) { /* later, all do, and again */
            struct errand *e = control_take(c, (100 + i * 15) * S);
            assert_non_null(e);
            control_heard(c, e, &r, (101 + i * 15) * S);
        }
        assert_int_equal(control_num_answered(c, &num_asked), 4);
        control_free(c);
    }
}

/* ---- targets are copied, whole ---- */

static void targets_are_copied(void **state)
{
    (void)state;
    char host[] = "mx.example.com";
    struct target targets[2] = {{.addr = addr_v4(0xc0000201), .port = 2525},
                                {.addr = {0x20010db800000000, 9}, .port = 25}};
    targets[0].host = bytes_text(host);
    struct control *c = control_new(targets, 2, INTERVAL);
    assert_non_null(c);
    memset(host, 'x', sizeof host - 1);
    targets[1].addr = addr_v4(0);
    struct errand *a = control_take(c, 0), *b = control_take(c, 0);
    assert_true(addr_cmp(a->target.addr, addr_v4(0xc0000201)) == 0 && a->target.port == 2525);
    assert_true(bytes_equal(a->target.host, bytes_text("mx.example.com")));
    assert_true(b->target.addr.lo == 9 && b->target.port == 25);
    assert_true(a->is_control && b->is_control && !a->skip && a->named == NULL);
    control_free(c);
    control_free(NULL);
}

/* ---- belief ---- */

static void ask_and_hear(struct control *c, uint64_t start_ns, uint64_t end_ns, bool answered,
                         enum control_news news)
{
    struct record r;
    record_init(&r);
    r.smtp_code = answered ? 220 : 0;
    struct errand *e = control_take(c, start_ns);
    assert_non_null(e);
    assert_int_equal(control_heard(c, e, &r, end_ns), news);
}

static void expect_belief(const struct control *c, uint64_t start_ns, uint64_t end_ns,
                          enum control_belief belief)
{
    enum control_belief is = control_belief(c, start_ns, end_ns);
    if (is != belief)
        fail_msg("a silence from %llu to %llu: %d instead of %d", (unsigned long long)start_ns,
                 (unsigned long long)end_ns, (int)is, (int)belief);
}

/* one target; the windows, from one event to the next, to the nanosecond */
static void belief_windows(void **state)
{
    (void)state;
    struct control *c = control_of(1);
    expect_belief(c, 1, 2, CONTROL_WAIT); /* before the first round nothing is known */
    ask_and_hear(c, 100 * S, 101 * S, true, CONTROL_GO);
    /* good: what ended by the time the check began */
    expect_belief(c, 1, 2, CONTROL_BELIEVE);
    expect_belief(c, 90 * S, 100 * S, CONTROL_BELIEVE);
    expect_belief(c, 90 * S, 100 * S + 1, CONTROL_WAIT);
    expect_belief(c, 90 * S, 101 * S, CONTROL_WAIT); /* the check was well under way by then */

    ask_and_hear(c, 111 * S, 112 * S, true, CONTROL_NOTHING);
    expect_belief(c, 90 * S, 111 * S, CONTROL_BELIEVE);
    expect_belief(c, 90 * S, 111 * S + 1, CONTROL_WAIT);

    ask_and_hear(c, 121 * S, 150 * S, false, CONTROL_CUT_OFF);
    /* cut off since some time after the last good check began */
    expect_belief(c, 90 * S, 111 * S, CONTROL_BELIEVE);
    expect_belief(c, 90 * S, 111 * S + 1, CONTROL_AGAIN);
    expect_belief(c, 140 * S, 149 * S, CONTROL_AGAIN);
    expect_belief(c, UINT64_MAX - 1, UINT64_MAX, CONTROL_AGAIN);

    ask_and_hear(c, 160 * S, 190 * S, false, CONTROL_NOTHING);
    expect_belief(c, 90 * S, 111 * S, CONTROL_BELIEVE);
    expect_belief(c, 140 * S, 170 * S, CONTROL_AGAIN);

    ask_and_hear(c, 200 * S, 205 * S, true, CONTROL_GO);
    /* what was under way before the good check began is no more believed than it was */
    expect_belief(c, 90 * S, 111 * S, CONTROL_BELIEVE);
    expect_belief(c, 90 * S, 111 * S + 1, CONTROL_AGAIN);
    expect_belief(c, 199 * S, 200 * S, CONTROL_AGAIN);
    expect_belief(c, 199 * S, 200 * S + 1, CONTROL_AGAIN);
    expect_belief(c, 200 * S, 230 * S, CONTROL_AGAIN);
    expect_belief(c, 200 * S + 1, 230 * S, CONTROL_WAIT);

    ask_and_hear(c, 215 * S, 216 * S, true, CONTROL_NOTHING);
    expect_belief(c, 200 * S, 201 * S, CONTROL_AGAIN);
    expect_belief(c, 200 * S + 1, 201 * S, CONTROL_BELIEVE);
    expect_belief(c, 210 * S, 215 * S, CONTROL_BELIEVE);
    expect_belief(c, 210 * S, 215 * S + 1, CONTROL_WAIT);
    control_free(c);
}

/* while others are asked, silences wait; then they are our own, for some time at least: all that
 * were under way between the last good check and the next, whether that came soon or late */
static void belief_in_doubt(void **state)
{
    (void)state;
    for (int good = 0; good < 2; good++) {
        struct control *c = control_of(2);
        ask_and_hear(c, 100 * S, 101 * S, true, CONTROL_GO);
        ask_and_hear(c, 111 * S, 141 * S, false, CONTROL_NOTHING);
        expect_belief(c, 90 * S, 100 * S, CONTROL_BELIEVE);
        expect_belief(c, 90 * S, 100 * S + 1, CONTROL_WAIT);
        expect_belief(c, 110 * S, 120 * S, CONTROL_WAIT);
        ask_and_hear(c, 141 * S, 145 * S, good == 1, good ? CONTROL_NOTHING : CONTROL_CUT_OFF);
        expect_belief(c, 90 * S, 100 * S, CONTROL_BELIEVE);
        expect_belief(c, 90 * S, 100 * S + 1, CONTROL_AGAIN);
        expect_belief(c, 110 * S, 120 * S, CONTROL_AGAIN);
        expect_belief(c, 141 * S, 171 * S, CONTROL_AGAIN);
        expect_belief(c, 141 * S + 1, 143 * S, good ? CONTROL_WAIT : CONTROL_AGAIN);
        control_free(c);
    }
}

/* one that is known to be down casts no doubt on silences */
static void belief_with_one_down(void **state)
{
    (void)state;
    struct control *c = control_of(2);
    ask_and_hear(c, 100 * S, 101 * S, true, CONTROL_GO);
    ask_and_hear(c, 111 * S, 112 * S, false, CONTROL_NOTHING);
    ask_and_hear(c, 112 * S, 113 * S, true, CONTROL_NOTHING); /* the other one: the first is down */
    ask_and_hear(c, 123 * S, 124 * S, true, CONTROL_NOTHING);
    expect_belief(c, 112 * S + 1, 123 * S, CONTROL_BELIEVE);
    ask_and_hear(c, 133 * S, 134 * S, false, CONTROL_NOTHING);
    expect_belief(c, 112 * S + 1, 123 * S, CONTROL_BELIEVE);
    expect_belief(c, 120 * S, 130 * S, CONTROL_WAIT);
    ask_and_hear(c, 143 * S, 144 * S, true, CONTROL_NOTHING);
    expect_belief(c, 120 * S, 130 * S, CONTROL_BELIEVE);
    expect_belief(c, 120 * S, 143 * S, CONTROL_BELIEVE);
    control_free(c);
}

/* an answer that began before the last good check moves nothing back */
static void belief_never_shrinks(void **state)
{
    (void)state;
    struct control *c = control_of(2);
    struct record r;
    record_init(&r);
    r.smtp_code = 220;
    ask_and_hear(c, 100 * S, 101 * S, true, CONTROL_GO);
    struct errand *slow = control_take(c, 111 * S);
    ask_and_hear(c, 121 * S, 122 * S, true, CONTROL_NOTHING);
    expect_belief(c, 110 * S, 121 * S, CONTROL_BELIEVE);
    assert_int_equal(control_heard(c, slow, &r, 123 * S), CONTROL_NOTHING);
    expect_belief(c, 110 * S, 121 * S, CONTROL_BELIEVE);
    expect_belief(c, 110 * S, 121 * S + 1, CONTROL_WAIT);
    control_free(c);
}

/* ---- when it is due ---- */

static void due(void **state)
{
    (void)state;
    struct control *c = control_of(2);
    struct record r;
    record_init(&r);
    assert_true(control_due_ns(c) == 0);
    struct errand *a = control_take(c, 100 * S), *b = control_take(c, 100 * S);
    assert_null(control_take(c, 100 * S));
    assert_true(control_due_ns(c) == NEVER); /* until they are heard of */
    assert_int_equal(control_missed(c, b, 101 * S), CONTROL_NOTHING);
    assert_true(control_due_ns(c) == NEVER);
    r.smtp_code = 220;
    assert_int_equal(control_heard(c, a, &r, 103 * S), CONTROL_GO);
    assert_true(control_due_ns(c) == 113 * S);
    assert_null(control_take(c, 113 * S - 1));
    a = control_take(c, 114 * S);
    assert_non_null(a);
    assert_true(control_due_ns(c) == 124 * S);
    r.smtp_code = 0;
    assert_int_equal(control_heard(c, a, &r, 115 * S), CONTROL_NOTHING);
    assert_true(control_due_ns(c) == 115 * S); /* at once: what about the other? */
    b = control_take(c, 115 * S);
    assert_null(control_take(c, 115 * S));
    assert_int_equal(control_heard(c, b, &r, 120 * S), CONTROL_CUT_OFF);
    assert_true(control_due_ns(c) == 130 * S);
    control_free(c);
}

/* nothing but the next check is waited for: it comes soon, but not more often than each second */
static void hurry(void **state)
{
    (void)state;
    struct control *c = control_of(1);
    control_hurry(c, 50 * S);
    assert_true(control_due_ns(c) == 0);
    ask_and_hear(c, 100 * S, 103 * S, true, CONTROL_GO);
    assert_true(control_due_ns(c) == 113 * S);
    control_hurry(c, 104 * S);
    assert_true(control_due_ns(c) == 104 * S); /* the last one was long ago */
    ask_and_hear(c, 104 * S, 104 * S + S / 2, true, CONTROL_NOTHING);
    assert_true(control_due_ns(c) == 114 * S);
    control_hurry(c, 104 * S + S / 2);
    assert_true(control_due_ns(c) == 105 * S);
    control_hurry(c, 104 * S + 3 * S / 4);
    assert_true(control_due_ns(c) == 105 * S);
    assert_null(control_take(c, 105 * S - 1));
    ask_and_hear(c, 105 * S, 106 * S, false, CONTROL_CUT_OFF);
    assert_true(control_due_ns(c) == 116 * S);
    control_hurry(c, 107 * S); /* who is cut off has an interval to wait */
    assert_true(control_due_ns(c) == 116 * S);
    control_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(answers),
        cmocka_unit_test(num_answered),
        cmocka_unit_test(targets_are_copied),
        cmocka_unit_test(belief_windows),
        cmocka_unit_test(belief_in_doubt),
        cmocka_unit_test(belief_with_one_down),
        cmocka_unit_test(belief_never_shrinks),
        cmocka_unit_test(due),
        cmocka_unit_test(hurry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
