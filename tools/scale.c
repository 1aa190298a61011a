#include "tools/scale.h"

#include <math.h>
#include <stdio.h>

/* a hair: 0.2 computed as a sum must not need an axis up to 0.5 */
static const double EPSILON = 1e-9;

double scale_share_end(double max)
{
    if (!(max > 0) || max >= 1)
        return 1;
    double power = pow(10, floor(log10(max)));
    static const double steps[] = {1, 2, 2.5, 5};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (max <= steps[i] * power * (1 + EPSILON))
            return steps[i] * power;
    return 10 * power < 1 ? 10 * power : 1;
}

const char *scale_share_text(char out[SCALE_TEXT_MAX], double share)
{
    snprintf(out, SCALE_TEXT_MAX, "%.6g %%", 100 * share);
    return out;
}

void scale_log_init(struct scale_log *l, double low_us, double high_us)
{
    double low = low_us > 1 ? floor(log10(low_us) + EPSILON) : 0;
    double high = high_us > 1 ? ceil(log10(high_us) - EPSILON) : 0;
    if (!(high > low))
        high = low + 1;
    if (high - low >= SCALE_TICKS_MAX)
        high = low + SCALE_TICKS_MAX - 1;
    *l = (struct scale_log){.low_us = pow(10, low), .high_us = pow(10, high)};
    for (double at = low; at <= high; at++)
        l->ticks_us[l->num_ticks++] = pow(10, at);
}

double scale_log_at(const struct scale_log *l, double us)
{
    if (!(us > l->low_us))
        return 0;
    if (us >= l->high_us)
        return 1;
    return log(us / l->low_us) / log(l->high_us / l->low_us);
}

const char *scale_time_text(char out[SCALE_TEXT_MAX], double us)
{
    if (!isfinite(us))
        snprintf(out, SCALE_TEXT_MAX, "-");
    else if (us < 999.5)
        snprintf(out, SCALE_TEXT_MAX, "%.3g \xc2\xb5s", us);
    else if (us < 999500)
        snprintf(out, SCALE_TEXT_MAX, "%.3g ms", us / 1000);
    else if (us < 999.5e6)
        snprintf(out, SCALE_TEXT_MAX, "%.3g s", us / 1e6);
    else
        snprintf(out, SCALE_TEXT_MAX, "%.0f s", us / 1e6);
    return out;
}
