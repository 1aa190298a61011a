#include "tools/group_rates.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum set of, count;     /* count: where there is no id */
    const char *id, *label; /* of a row */
    bool judged;
} rates[NUM_RATES] = {
    [RATE_GREET] = {"greet with 220", SET_P, SET_G220, NULL, NULL, false},
    [RATE_OFFER] = {"offer STARTTLS", SET_E, SET_S, NULL, NULL, false},
    [RATE_TLS] = {"complete TLS", SET_R, SET_H, NULL, NULL, false},
    [RATE_TLS13] = {"TLS 1.3", SET_H, SET_H, "tls_version", "TLSv1.3", false},
    [RATE_VALID] = {"valid chain", SET_L, SET_V, NULL, NULL, true},
    [RATE_TRUSTED] = {"valid and matching", SET_H, SET_H, "trusted", "trusted, matching", true},
};

const char *group_rate_name(enum group_rate rate)
{
    return rates[rate].name;
}

enum set group_rate_of(enum group_rate rate)
{
    return rates[rate].of;
}

bool group_rate_is_known(enum group_rate rate, const struct statistics *all, bool judged)
{
    bool known = rates[rate].id != NULL
                     ? statistics_find(all, rates[rate].id) != NULL
                     : !all->lacks[rates[rate].of] && !all->lacks[rates[rate].count];
    return known && (judged || !rates[rate].judged);
}

static void count_rate(struct group_rates *r, size_t i)
{
    const struct group_table *t = r->table;
    r->told[i] = true;
    if (rates[i].id != NULL)
        r->told[i] = group_table_count(r->counts[i], t, rates[i].id, rates[i].label);
    else
        for (size_t k = 0; k < t->num_lines; k++)
            r->counts[i][k] = t->lines[k].sets[rates[i].count];
}

int group_rates_make(struct group_rates *r, const struct group_table *t)
{
    *r = (struct group_rates){.table = t};
    for (size_t i = 0; i < NUM_RATES; i++) {
        r->counts[i] = calloc(t->num_lines + 1, sizeof r->counts[i][0]);
        if (r->counts[i] == NULL) {
            group_rates_cleanup(r);
            return -ENOMEM;
        }
        count_rate(r, i);
    }
    return 0;
}

void group_rates_cleanup(struct group_rates *r)
{
    for (size_t i = 0; i < NUM_RATES; i++)
        free(r->counts[i]);
    *r = (struct group_rates){0};
}
