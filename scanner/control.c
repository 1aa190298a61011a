#include "scanner/control.h"

#include <stdatomic.h>
#include <stdlib.h>

#define NS_PER_S    UINT64_C(1000000000)
#define LATE_MAX_NS (60 * NS_PER_S) /* that one waits for its network */

/* but for STATE_GOOD: all are being asked, in rounds */
enum state { STATE_FIRST, STATE_GOOD, STATE_DOUBT, STATE_CUT_OFF };

struct control_target {
    struct errand *errand;
    uint64_t start_ns;
    uint64_t late_since_ns; /* it was to be asked then, but its network is busy; 0: not so */
    uint64_t late_until_ns; /* it is not tried again before */
    bool is_busy, is_asked, is_silent; /* is_asked, is_silent: in this round */
    bool is_wanted;               /* out of turn: it was never asked, or waits for its network */
    bool was_asked, has_answered; /* ever; was_asked: or missed */
    bool is_down; /* silent while others answered: its silence tells nothing until it answers */
};

struct control {
    uint64_t interval_ns;
    _Atomic int state;
    _Atomic uint64_t confirmed_ns;        /* a check that began then went well */
    _Atomic uint64_t cut_from, cut_until; /* the last time we were cut off: (from, until] */
    uint64_t due_ns, last_ns;
    uint64_t ended_ns; /* when the last visit to one did */
    size_t turn;
    size_t num_left, num_silent; /* of this round: not over yet; over without an answer */
    size_t num;
    struct control_target targets[];
};

static void begin_round(struct control *c, uint64_t due_ns)
{
    c->due_ns = due_ns;
    c->num_left = c->num;
    c->num_silent = 0;
    for (size_t i = 0; i < c->num; i++)
        c->targets[i].is_asked = c->targets[i].is_silent = false;
}

struct control *control_new(const struct target *targets, size_t num, uint64_t interval_ns)
{
    struct control *c = calloc(1, sizeof *c + num * sizeof c->targets[0]);
    if (c == NULL)
        return NULL;
    c->interval_ns = interval_ns;
    atomic_init(&c->state, STATE_FIRST);
    for (; c->num < num; c->num++) {
        struct errand *e = errand_new(0, &targets[c->num]);
        if (e == NULL) {
            control_free(c);
            return NULL;
        }
        e->is_control = true;
        c->targets[c->num].errand = e;
        c->targets[c->num].is_wanted = true;
    }
    begin_round(c, 0);
    return c;
}

void control_free(struct control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->num; i++)
        errand_free(c->targets[i].errand);
    free(c);
}

static struct control_target *target_of(struct control *c, const struct errand *e)
{
    size_t i = 0;
    while (c->targets[i].errand != e) /* it is one of ours */
        i++;
    return &c->targets[i];
}

/* While all is well, their networks are left to others between one and the next: a visit to one
 * that is silent may last longer than an interval. */
static uint64_t gap_ns(const struct control *c)
{
    return c->interval_ns < NS_PER_S ? c->interval_ns / 2 : NS_PER_S / 2;
}

static uint64_t earliest_ns(const struct control *c, const struct control_target *t)
{
    uint64_t others_ns = c->state == STATE_GOOD ? c->ended_ns + gap_ns(c) : 0;
    if (t->late_since_ns == 0)
        return 0;
    return t->late_until_ns > others_ns ? t->late_until_ns : others_ns;
}

static bool may_ask(const struct control *c, const struct control_target *t, uint64_t now_ns)
{
    return !t->is_busy && now_ns >= earliest_ns(c, t);
}

static struct errand *ask(struct control *c, struct control_target *t, uint64_t now_ns)
{
    t->is_busy = t->is_asked = true;
    t->is_wanted = false;
    t->start_ns = c->last_ns = now_ns;
    return t->errand;
}

static struct errand *take_in_turn(struct control *c, uint64_t now_ns)
{
    c->due_ns = now_ns + c->interval_ns;
    for (size_t i = 0; i < c->num; i++) {
        struct control_target *t = &c->targets[c->turn++ % c->num];
        if (may_ask(c, t, now_ns))
            return ask(c, t, now_ns);
    }
    return NULL;
}

bool control_has_unasked(const struct control *c)
{
    for (size_t i = 0; i < c->num; i++)
        if (!c->targets[i].was_asked)
            return true;
    return false;
}

/* all are asked once at the beginning, even if the first one answers before that is done */
static struct errand *take_wanted(struct control *c, uint64_t now_ns)
{
    for (size_t i = 0; i < c->num; i++)
        if (c->targets[i].is_wanted && may_ask(c, &c->targets[i], now_ns))
            return ask(c, &c->targets[i], now_ns);
    return NULL;
}

struct errand *control_take(struct control *c, uint64_t now_ns)
{
    struct errand *wanted = take_wanted(c, now_ns);
    if (wanted != NULL)
        return wanted;
    if (now_ns < c->due_ns)
        return NULL;
    if (c->state == STATE_GOOD)
        return take_in_turn(c, now_ns);
    for (size_t i = 0; i < c->num; i++)
        if (!c->targets[i].is_asked && may_ask(c, &c->targets[i], now_ns))
            return ask(c, &c->targets[i], now_ns);
    c->due_ns = UINT64_MAX; /* until the answers are there */
    return NULL;
}

uint64_t control_due_ns(const struct control *c)
{
    uint64_t due_ns = c->due_ns;
    for (size_t i = 0; i < c->num; i++)
        if (c->targets[i].is_wanted && earliest_ns(c, &c->targets[i]) < due_ns)
            due_ns = earliest_ns(c, &c->targets[i]);
    return due_ns;
}

void control_hurry(struct control *c, uint64_t now_ns)
{
    uint64_t soon_ns = c->last_ns + NS_PER_S;
    if (c->state == STATE_GOOD && c->due_ns > soon_ns)
        c->due_ns = soon_ns > now_ns ? soon_ns : now_ns;
}

/* one was silent, another answers: either that one is down, or we were cut off for a moment */
static void end_doubt(struct control *c, uint64_t confirmed_ns, uint64_t start_ns)
{
    c->cut_from = confirmed_ns;
    c->cut_until = start_ns;
    for (size_t i = 0; i < c->num; i++)
        c->targets[i].is_down |= c->targets[i].is_silent;
}

static enum control_news went_well(struct control *c, uint64_t start_ns, uint64_t now_ns)
{
    enum control_news news = CONTROL_NOTHING;
    uint64_t confirmed_ns = c->confirmed_ns;
    if (c->state == STATE_DOUBT)
        end_doubt(c, confirmed_ns, start_ns); /* before what follows makes it believed */
    c->confirmed_ns = start_ns;
    switch ((enum state)c->state) {
    case STATE_GOOD: return CONTROL_NOTHING;
    case STATE_DOUBT: break;
    case STATE_FIRST: news = CONTROL_GO; break;
    case STATE_CUT_OFF:
        c->cut_until = start_ns;
        news = CONTROL_GO;
        break;
    }
    c->state = STATE_GOOD;
    c->due_ns = now_ns + c->interval_ns;
    return news;
}

/* the round is over, and nobody answered */
static enum control_news nobody(struct control *c, uint64_t now_ns)
{
    bool told = c->num_silent > 0; /* else nobody was asked */
    enum state state = (enum state)c->state;
    begin_round(c, now_ns + c->interval_ns);
    if (!told)
        return CONTROL_NOTHING;
    switch (state) {
    case STATE_FIRST: return CONTROL_HOPELESS;
    case STATE_DOUBT:
        c->cut_from = c->confirmed_ns;
        c->cut_until = UINT64_MAX;
        c->state = STATE_CUT_OFF;
        return CONTROL_CUT_OFF;
    case STATE_GOOD:
    case STATE_CUT_OFF: break;
    }
    return CONTROL_NOTHING;
}

/* the first one without an answer: what about the others? It counts in the round. */
static void begin_doubt(struct control *c, struct control_target *t, uint64_t now_ns)
{
    c->state = STATE_DOUBT;
    begin_round(c, now_ns);
    t->is_asked = t->is_silent = true;
    for (size_t i = 0; i < c->num; i++)
        c->targets[i].is_asked |= c->targets[i].is_busy; /* asked a little earlier */
}

static void visit_ended(struct control_target *t)
{
    t->is_busy = false;
    t->was_asked = true;
    t->late_since_ns = 0;
}

/* It took more than one SYN: the first was lost, and so may those of targets have been. */
enum { SYN_AGAIN_US = 900000 };

static bool has_answered(const struct record *r)
{
    uint32_t connect_us = r->timing_us[TIMING_CONNECT];
    return (r->smtp_code != 0 || r->stage > STAGE_GREETING) &&
           (connect_us == TIMING_ABSENT || connect_us < SYN_AGAIN_US);
}

/* one of a round is over without an answer that counts */
static enum control_news not_answered(struct control *c, const struct control_target *t,
                                      uint64_t now_ns)
{
    if (c->state == STATE_GOOD || !t->is_asked || --c->num_left > 0)
        return CONTROL_NOTHING;
    return nobody(c, now_ns);
}

enum control_news control_heard(struct control *c, struct errand *e, const struct record *r,
                                uint64_t now_ns)
{
    struct control_target *t = target_of(c, e);
    bool answered = has_answered(r);
    bool is_old = t->start_ns <= c->confirmed_ns; /* asked before one that was heard already */
    visit_ended(t);
    c->ended_ns = now_ns;
    if (c->state == STATE_GOOD && c->due_ns < now_ns + gap_ns(c))
        c->due_ns = now_ns + gap_ns(c);
    if (answered) {
        t->is_down = false;
        t->has_answered = true;
        return is_old ? not_answered(c, t, now_ns) : went_well(c, t->start_ns, now_ns);
    }
    if (c->state == STATE_GOOD) {
        if (t->is_down || is_old)
            return CONTROL_NOTHING;
        begin_doubt(c, t, now_ns);
    }
    if (t->is_asked && !is_old) {
        c->num_silent++;
        t->is_silent = true;
    }
    return not_answered(c, t, now_ns);
}

enum control_news control_missed(struct control *c, struct errand *e, uint64_t now_ns)
{
    struct control_target *t = target_of(c, e);
    visit_ended(t);
    return not_answered(c, t, now_ns);
}

bool control_is_cut_off(const struct control *c)
{
    return c->state == STATE_CUT_OFF;
}

enum control_news control_later(struct control *c, struct errand *e, uint64_t wait_ns,
                                uint64_t now_ns)
{
    struct control_target *t = target_of(c, e);
    if (t->late_since_ns == 0)
        t->late_since_ns = now_ns;
    if (now_ns - t->late_since_ns >= LATE_MAX_NS)
        return control_missed(c, e, now_ns);
    t->is_busy = t->is_asked = false;
    t->is_wanted = true;
    t->late_until_ns = now_ns + wait_ns;
    return CONTROL_NOTHING;
}

bool control_is_paused(const struct control *c)
{
    return c->state == STATE_FIRST || c->state == STATE_CUT_OFF;
}

enum control_belief control_belief(const struct control *c, uint64_t start_ns, uint64_t end_ns)
{
    uint64_t confirmed_ns = c->confirmed_ns; /* read first: a cut is told before what ends it */
    if (end_ns > c->cut_from && start_ns <= c->cut_until)
        return CONTROL_AGAIN;
    return end_ns <= confirmed_ns ? CONTROL_BELIEVE : CONTROL_WAIT;
}

size_t control_num_answered(const struct control *c, size_t *num_asked)
{
    *num_asked = c->num;
    size_t num = 0;
    for (size_t i = 0; i < c->num; i++)
        num += c->targets[i].has_answered;
    return num;
}
