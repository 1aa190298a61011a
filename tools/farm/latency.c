#include "tools/farm/latency.h"

#include <math.h>

#include "tools/farm/mix.h"
#include "tools/farm/units.h"

/* ---- the text ---- */

/* parse_ms reads a duration that a server may take. */
static bool parse_ms(uint32_t *out, const char **rest, const char *text)
{
    uint64_t ms;
    if (!unit_duration(&ms, rest, text) || ms > LATENCY_MAX_MS)
        return false;
    *out = (uint32_t)ms;
    return true;
}

/* parse_sigma reads "1", "0.8" or "0.125" to the end of the text. */
static bool parse_sigma(uint32_t *out_milli, const char *text)
{
    uint64_t whole;
    const char *at;
    if (!unit_number(&whole, &at, text) || whole > LATENCY_SIGMA_MAX)
        return false;
    uint32_t milli = (uint32_t)whole * 1000;
    if (*at == '.') {
        uint32_t place = 100;
        at++;
        if (*at == '\0')
            return false;
        for (; *at >= '0' && *at <= '9' && place > 0; at++, place /= 10)
            milli += (uint32_t)(*at - '0') * place;
    }
    if (*at != '\0' || milli > LATENCY_SIGMA_MAX * 1000)
        return false;
    *out_milli = milli;
    return true;
}

static const char *after(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 ? text + len : NULL;
}

bool latency_parse(struct latency *out, const char *text)
{
    struct latency l = {0};
    const char *at;
    if ((at = after(text, "fixed:")) != NULL) {
        l.kind = LATENCY_FIXED;
        if (!parse_ms(&l.low_ms, &at, at) || *at != '\0')
            return false;
        l.high_ms = l.low_ms;
    } else if ((at = after(text, "uniform:")) != NULL) {
        l.kind = LATENCY_UNIFORM;
        if (!parse_ms(&l.low_ms, &at, at) || *at++ != '-' || !parse_ms(&l.high_ms, &at, at) ||
            *at != '\0' || l.low_ms > l.high_ms)
            return false;
    } else if ((at = after(text, "lognormal:")) != NULL) {
        l.kind = LATENCY_LOGNORMAL;
        if (!parse_ms(&l.low_ms, &at, at) || *at++ != ',' || !parse_sigma(&l.sigma_milli, at))
            return false;
    } else {
        return false;
    }
    *out = l;
    return true;
}

/* ---- the draw ---- */

/* unit_draw makes a number in (0, 1] of 53 bits. */
static double unit_draw(uint64_t bits)
{
    return (double)((bits >> 11) + 1) * 0x1p-53;
}

/* normal_draw is one half of the Box-Muller transform. */
static double normal_draw(uint64_t bits)
{
    double radius = sqrt(-2.0 * log(unit_draw(bits)));
    return radius * cos(2.0 * M_PI * unit_draw(mix(bits)));
}

static uint64_t lognormal_draw(const struct latency *l, uint64_t bits)
{
    double ms = l->low_ms * exp(normal_draw(bits) * l->sigma_milli / 1000.0);
    return ms < LATENCY_MAX_MS ? (uint64_t)(ms + 0.5) : LATENCY_MAX_MS;
}

uint64_t latency_draw(const struct latency *l, uint64_t seed, struct addr a, enum phase phase)
{
    uint64_t bits = mix(mix(mix(mix(seed) ^ a.hi) ^ a.lo) + (uint64_t)phase);
    switch (l->kind) {
    case LATENCY_NONE: return 0;
    case LATENCY_FIXED: return l->low_ms;
    case LATENCY_UNIFORM: return l->low_ms + bits % (l->high_ms - l->low_ms + 1U);
    case LATENCY_LOGNORMAL: return lognormal_draw(l, bits);
    }
    return 0;
}
