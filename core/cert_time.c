#include "core/cert_time.h"

#include "core/times.h"

enum { SECONDS_A_DAY = 86400 };

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static bool is_digit(const struct cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool accept(struct cursor *c, char octet)
{
    if (c->at == c->end || *c->at != (uint8_t)octet)
        return false;
    c->at++;
    return true;
}

/* take reads num digits; the value must lie in [low, high]. */
static int take(struct cursor *c, int num, int low, int high)
{
    int value = 0;
    for (int i = 0; i < num && !c->bad; i++) {
        c->bad = !is_digit(c);
        if (!c->bad)
            value = value * 10 + (*c->at++ - '0');
    }
    if (value < low || value > high)
        c->bad = true;
    return value;
}

/* take_zone reads "Z", "+hhmm" or "-hhmm" and returns the seconds that the time is ahead of UTC. */
static int take_zone(struct cursor *c)
{
    if (accept(c, 'Z'))
        return 0;
    int sign = accept(c, '-') ? -1 : 1;
    if (sign == 1 && !accept(c, '+'))
        c->bad = true;
    int hours = take(c, 2, 0, 23);
    int minutes = take(c, 2, 0, 59);
    return sign * (hours * 60 + minutes) * 60;
}

static void skip_fraction(struct cursor *c)
{
    if (!accept(c, '.') && !accept(c, ','))
        return;
    c->bad = c->bad || !is_digit(c);
    while (is_digit(c))
        c->at++;
}

bool cert_time_parse(int64_t *out, struct bytes text, bool generalized)
{
    /* longest with a meaning: 14 digits, a fraction, an offset */
    enum { LEN_MAX = 64 };
    if (text.len == 0 || text.len > LEN_MAX)
        return false;
    struct cursor c = {text.data, text.data + text.len, false};
    int year = generalized ? take(&c, 4, 0, 9999) : take(&c, 2, 0, 99);
    if (!generalized)
        year += year < 50 ? 2000 : 1900;   /* RFC 5280, 4.1.2.5.1 */
    int month = take(&c, 2, 1, 12);
    if (c.bad)
        return false;
    int day = take(&c, 2, 1, time_days_in_month(year, month));
    int hour = take(&c, 2, 0, 23);
    int minute = !generalized || is_digit(&c) ? take(&c, 2, 0, 59) : 0;
    bool has_seconds = is_digit(&c);
    int second = has_seconds ? take(&c, 2, 0, 59) : 0;
    if (generalized && has_seconds)   /* a fraction of an hour or minute: nobody means that */
        skip_fraction(&c);
    int ahead = take_zone(&c);
    if (c.bad || c.at != c.end)
        return false;
    int64_t seconds = ((int64_t)hour * 60 + minute) * 60 + second - ahead;
    *out = time_days(year, month, day) * SECONDS_A_DAY + seconds;
    return true;
}
