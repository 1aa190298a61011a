#include "tools/map.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/times.h"

static const struct plan {
    const char *slug, *title;
    enum group_rate rate;
    bool is_count; /* of the set that the rate is a part of */
} plans[MAPS_MAX] = {
    {"servers", "Where mail servers are", RATE_OFFER, true},
    {"starttls", "Servers that offer STARTTLS", RATE_OFFER, false},
    {"tls13", "Handshakes with TLS 1.3", RATE_TLS13, false},
    {"trusted", "Handshakes with a valid and matching certificate", RATE_TRUSTED, false},
};

static bool is_wanted(const struct maps *m, const struct plan *p, const struct statistics *all,
                      bool judged)
{
    return m->rates.told[p->rate] && group_rate_is_known(p->rate, all, judged);
}

static int add_map(struct maps *m, const struct plan *p)
{
    const struct group_table *t = &m->table;
    struct map *map = &m->list[m->num];
    size_t num = 0;
    *map = (struct map){.slug = p->slug, .title = p->title, .of = group_rate_of(p->rate)};
    map->values = calloc(t->num_lines + 1, sizeof map->values[0]);
    if (map->values == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < t->num_lines; i++) {
        uint64_t of = t->lines[i].sets[map->of];
        map->total += of;
        if (t->lines[i].kind != ROW_VALUE)
            map->unplaced += of;
        else
            map->values[num++] = (struct choropleth_value){
                t->lines[i].label, p->is_count ? of : m->rates.counts[p->rate][i], of};
    }
    choropleth_make(&map->choropleth, map->values, num, p->is_count);
    if (map->total > 0)
        m->num++;
    else
        free(map->values);
    return 0;
}

int maps_make(struct maps *m, const struct breakdown *b, const struct statistics *all, bool judged)
{
    *m = (struct maps){0};
    int rc = group_table_make(&m->table, b, SIZE_MAX);
    if (rc == 0)
        rc = group_rates_make(&m->rates, &m->table);
    for (size_t i = 0; rc == 0 && i < MAPS_MAX; i++)
        if (is_wanted(m, &plans[i], all, judged))
            rc = add_map(m, &plans[i]);
    if (rc != 0)
        maps_cleanup(m);
    return rc;
}

void maps_cleanup(struct maps *m)
{
    for (size_t i = 0; i < m->num; i++)
        free(m->list[i].values);
    group_rates_cleanup(&m->rates);
    group_table_cleanup(&m->table);
    *m = (struct maps){0};
}

const char *map_denominator(char out[MAP_TEXT_MAX], const struct map *m)
{
    char count[COUNT_TEXT_MAX];
    snprintf(out, MAP_TEXT_MAX, "of %s %s: %s", count_text(count, m->total), set_name(m->of),
             set_definition(m->of));
    return out;
}
