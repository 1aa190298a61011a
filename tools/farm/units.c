#include "tools/farm/units.h"

#include <stddef.h>
#include <string.h>

enum { DURATION_MAX = 1000000000 }; /* of any unit: in ms it fits 64 bits with room to add */

bool unit_number(uint64_t *out, const char **rest, const char *text)
{
    uint64_t n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (at == text)
        return false;
    *out = n;
    *rest = at;
    return true;
}

bool unit_duration(uint64_t *out_ms, const char **rest, const char *text)
{
    /* "ms" before "m": the longer name is tried first */
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t n;
    const char *unit;
    if (!unit_number(&n, &unit, text) || n == 0 || n > DURATION_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].name);
        if (strncmp(unit, units[i].name, len) == 0) {
            *out_ms = n * units[i].ms;
            *rest = unit + len;
            return true;
        }
    }
    return false;
}
