#include "core/times.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define US_PER_S  INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)
#define FIRST_S   INT64_C(-62167219200) /* 0000-01-01 */
#define LAST_S    INT64_C(253402300799) /* 9999-12-31 23:59:59 */

struct civil {
    unsigned year, month, day, hour, minute, second, us;
};

/* proleptic Gregorian calendar; years begin in March, so that the leap day is the last of
 * its year */
static struct civil civil_of(int64_t us)
{
    int64_t s = us / US_PER_S - (us % US_PER_S < 0), rest = us % US_PER_S;
    if (rest < 0)
        rest += US_PER_S;
    if (s < FIRST_S || s > LAST_S) {
        s = s < FIRST_S ? FIRST_S : LAST_S;
        rest = 0;
    }
    uint64_t since = (uint64_t)(s - FIRST_S); /* seconds since 0000-01-01 */
    unsigned in_day = (unsigned)(since % (uint64_t)S_PER_DAY);
    unsigned days = (unsigned)(since / (uint64_t)S_PER_DAY) + 146097 - 60; /* since -400-03-01 */
    unsigned era = days / 146097, doe = days % 146097;
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), month = (5 * doy + 2) / 153;
    unsigned january = month >= 10;
    return (struct civil){
        .year = yoe + era * 400 + january - 400,
        .month = january ? month - 9 : month + 3,
        .day = doy - (153 * month + 2) / 5 + 1,
        .hour = in_day / 3600,
        .minute = in_day / 60 % 60,
        .second = in_day % 60,
        .us = (unsigned)rest,
    };
}

static char *put_digits(char *at, unsigned value, int num, char after)
{
    for (int i = num; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    at[num] = after;
    return at + num + 1;
}

static char *put_moment(char *out, const struct civil *c, char between, char after)
{
    out = put_digits(out, c->year, 4, '-');
    out = put_digits(out, c->month, 2, '-');
    out = put_digits(out, c->day, 2, between);
    out = put_digits(out, c->hour, 2, ':');
    out = put_digits(out, c->minute, 2, ':');
    return put_digits(out, c->second, 2, after);
}

void time_rfc3339(char out[TIME_TEXT_MAX], int64_t us)
{
    struct civil c = civil_of(us);
    out = put_moment(out, &c, 'T', '.');
    out = put_digits(out, c.us, 6, 'Z');
    *out = '\0';
}

void time_rfc3339_s(char out[TIME_TEXT_MAX], int64_t us)
{
    struct civil c = civil_of(us);
    *put_moment(out, &c, 'T', 'Z') = '\0';
}

void time_rfc3339_ms(char out[TIME_TEXT_MAX], int64_t us)
{
    struct civil c = civil_of(us);
    out = put_moment(out, &c, 'T', '.');
    out = put_digits(out, c.us / 1000, 3, 'Z');
    *out = '\0';
}

void time_words(char out[TIME_TEXT_MAX], int64_t us)
{
    struct civil c = civil_of(us);
    out = put_moment(out, &c, ' ', ' ');
    memcpy(out, "UTC", 4);
}

int time_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

int64_t time_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2) + 400; /* begins in March; as above, from -400-03-01 */
    int64_t era = y / 400, yoe = y % 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 146097 + 60 + FIRST_S / S_PER_DAY;
}

int64_t time_after(int64_t start_us, uint64_t offset_us)
{
    if (offset_us > INT64_MAX || start_us > INT64_MAX - (int64_t)offset_us)
        return INT64_MAX;
    return start_us + (int64_t)offset_us;
}

const char *count_text(char out[COUNT_TEXT_MAX], uint64_t count)
{
    char plain[24];
    int len = snprintf(plain, sizeof plain, "%llu", (unsigned long long)count);
    char *at = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = plain[i];
    }
    *at = '\0';
    return out;
}
