#include "scanner/units.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* reads digits with at most 9 decimals; returns what follows, or NULL. The value is whole + frac /
 * 10^9. */
static const char *read_number(uint64_t *whole, uint64_t *frac, const char *text)
{
    uint64_t w = 0, f = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (w > UINT64_MAX / 100)
            return NULL;
        w = w * 10 + (uint64_t)(*at - '0');
    }
    if (at == text)
        return NULL;
    if (*at == '.') {
        uint64_t place = NS_PER_S;
        const char *first = ++at;
        for (; *at >= '0' && *at <= '9' && place > 1; at++) {
            place /= 10;
            f += place * (uint64_t)(*at - '0');
        }
        if (at == first)
            return NULL;
    }
    *whole = w;
    *frac = f;
    return at;
}

/* text = number followed by one of units; false also if the value overflows or is not whole */
static bool read_units(uint64_t *out, const char *text, const struct unit *units, size_t num)
{
    uint64_t whole, frac;
    const char *suffix = read_number(&whole, &frac, text);
    if (suffix == NULL)
        return false;
    for (size_t i = 0; i < num; i++) {
        if (strcmp(suffix, units[i].suffix) != 0)
            continue;
        uint64_t f = units[i].factor, product, part;
        if (__builtin_mul_overflow(whole, f, &product) || __builtin_mul_overflow(frac, f, &part) ||
            part % NS_PER_S != 0)
            return false;
        return !__builtin_add_overflow(product, part / NS_PER_S, out);
    }
    return false;
}

bool unit_duration(uint64_t *ns, const char *text)
{
    static const struct unit to_ms[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t ms;
    if (!read_units(&ms, text, to_ms, 4) || ms > 10000ULL * 3600000)
        return false;
    *ns = ms * 1000000;
    return true;
}

bool unit_count(uint64_t *count, const char *text)
{
    static const struct unit units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}};
    return read_units(count, text, units, 3);
}

bool unit_octets(uint64_t *octets, const char *text)
{
    static const struct unit units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    return read_units(octets, text, units, 4);
}

bool unit_percent(uint32_t *ppm, const char *text)
{
    static const struct unit percent[] = {{"%", 10000}};
    uint64_t value;
    if (!read_units(&value, text, percent, 1) || value == 0 || value > 1000000)
        return false;
    *ppm = (uint32_t)value;
    return true;
}

bool unit_rate(uint64_t *step_ns, const char *text)
{
    static const struct {
        char name;
        uint64_t ns;
    } periods[] = {{'s', NS_PER_S}, {'m', 60 * NS_PER_S}, {'h', 3600 * NS_PER_S}};
    char number[32];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof number)
        return false;
    memcpy(number, text, len);
    number[len] = '\0';
    char period = 's';
    if (slash != NULL) {
        if (slash[1] == '\0' || slash[2] != '\0')
            return false;
        period = slash[1];
    }
    uint64_t count;
    if (!unit_count(&count, number) || count > NS_PER_S)
        return false;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        if (periods[i].name == period) {
            *step_ns = count == 0 ? 0 : (periods[i].ns + count - 1) / count; /* rather slower */
            return true;
        }
    }
    return false;
}

const char *unit_seconds(char *out, size_t out_len, uint64_t ns)
{
    uint64_t s = ns / NS_PER_S;
    if (s < 10)
        snprintf(out, out_len, "%.1fs", (double)ns / (double)NS_PER_S);
    else if (s < 60)
        snprintf(out, out_len, "%us", (unsigned)s);
    else if (s < 3600)
        snprintf(out, out_len, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        snprintf(out, out_len, "%lluh%02um", (unsigned long long)(s / 3600),
                 (unsigned)(s / 60 % 60));
    return out;
}
