#include "tools/statistics_fill.h"

#include <stdio.h>

enum { LABEL_MAX = 96 };

static void outcome_label(char out[LABEL_MAX], uint64_t outcome)
{
    snprintf(out, LABEL_MAX, "%s/%s", stage_slug((unsigned)(outcome >> 8 & 0xff)),
             cause_slug((unsigned)(outcome & 0xff)));
}

int fill_first_outcome(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_FIRST], &at, &row);) {
        char label[LABEL_MAX];
        outcome_label(label, row.key);
        statistic_value(s, label, row.count);
    }
    return 0;
}

int fill_retry(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_RETRY], &at, &row);) {
        char first[LABEL_MAX], last[LABEL_MAX], label[2 * LABEL_MAX + 8];
        outcome_label(first, row.key >> 16);
        outcome_label(last, row.key & 0xffff);
        snprintf(label, sizeof label, "%s, then %s", first, last);
        statistic_value(s, label, row.count);
    }
    return 0;
}

int fill_greylisted(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_GREYLISTED] = {
        [GREYLISTED_OTHER] = "no 4xx at first",
        [GREYLISTED_THEN_ACCEPTED] = "4xx at first, then got further",
        [GREYLISTED_STILL] = "4xx at first and at last",
        [GREYLISTED_THEN_FAILED] = "4xx at first, then failed otherwise",
    };
    for (size_t i = 0; i < NUM_GREYLISTED; i++)
        statistic_value(s, labels[i], tally_get(&a->tally[TALLY_GREYLISTED], i));
    return 0;
}

int fill_throttled(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_THROTTLED] = {
        [THROTTLED_NOT] = "no 4xx",
        [THROTTLED_GREETING_421] = "greeting 421",
        [THROTTLED_GREETING_4XX] = "greeting of another 4xx",
        [THROTTLED_EHLO_421] = "EHLO 421",
        [THROTTLED_EHLO_4XX] = "EHLO with another 4xx",
        [THROTTLED_STARTTLS_4XX] = "STARTTLS 4xx",
    };
    for (size_t i = 0; i < NUM_THROTTLED; i++)
        statistic_value(s, labels[i], tally_get(&a->tally[TALLY_THROTTLED], i));
    return 0;
}

int fill_tarpit(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_TARPIT];
    statistic_value(s, "a reply took over 30 s", tally_get(t, ANSWER_YES));
    statistic_value(s, "none did", tally_get(t, ANSWER_NO));
    statistic_unknown(s, "unknown: one was waited for in vain", tally_get(t, ANSWER_UNKNOWN));
    return 0;
}

/* a mode is a bin that has more than all from half to twice its time: further bins of the same hill
 * are none */
static bool is_mode(const struct histogram_bin *bins, size_t num, size_t i)
{
    for (size_t k = 0; k < num; k++) {
        bool near =
            2 * bins[k].from_us >= bins[i].from_us && bins[k].from_us <= 2 * bins[i].from_us;
        bool more = k < i ? bins[k].count >= bins[i].count : bins[k].count > bins[i].count;
        if (near && k != i && more)
            return false;
    }
    return true;
}

int fill_greet_modes(struct statistic *s, const struct aggregate *a)
{
    struct histogram_bin bins[HISTOGRAM_COARSE_BINS];
    size_t num = histogram_bins(bins, &a->latency[TIMING_GREETING]);
    for (size_t i = 0; i < num; i++) {
        char label[LABEL_MAX];
        if (100 * bins[i].count < a->funnel[FUNNEL_G] || !is_mode(bins, num, i))
            continue;
        snprintf(label, sizeof label, "%.3f to %.3f ms", (double)bins[i].from_us / 1000,
                 (double)bins[i].to_us / 1000);
        statistic_value(s, label, bins[i].count);
    }
    return 0;
}

int fill_greet_delay(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_GREET_DELAY];
    for (unsigned i = 1; i < NUM_GREET_DELAYS; i++)
        statistic_value(s, greet_delay_label(i), tally_get(t, i));
    statistic_unknown(s, greet_delay_label(0), tally_get(t, 0));
    return 0;
}
