#include "tools/statistics_fill.h"

/* Certificates that a product makes or ships for who has none, by the issuer's name. */

static void put_products(struct statistic *s, const struct aggregate *a, const struct tally *t)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(t, &at, &row);)
        if (row.key != 0)
            statistic_value(s, rules_name(a->setup.certificate, (uint32_t)row.key - 1), row.count);
    statistic_unknown(s, "no rule says", tally_get(t, 0));
}

int fill_default_cert(struct statistic *s, const struct aggregate *a)
{
    put_products(s, a, &a->sums->product_targets);
    return 0;
}

int fill_default_key(struct statistic *s, const struct aggregate *a)
{
    put_products(s, a, &a->sums->product_keys);
    return 0;
}

static void put_spreads(struct statistic *s, const uint64_t counts[NUM_SPREADS])
{
    statistic_value(s, "one target", counts[SPREAD_SINGLE]);
    statistic_value(s, "several targets of one /24 or /48", counts[SPREAD_NETWORK]);
    statistic_value(s, "several networks, of one AS as far as known", counts[SPREAD_NETWORKS]);
    statistic_value(s, "several ASes", counts[SPREAD_ASES]);
    statistic_unknown(s, "unknown", counts[SPREAD_UNKNOWN]);
}

int fill_default_key_spread(struct statistic *s, const struct aggregate *a)
{
    put_spreads(s, a->sums->default_keys);
    return 0;
}

int fill_default_key_targets(struct statistic *s, const struct aggregate *a)
{
    put_spreads(s, a->sums->default_targets);
    return 0;
}
