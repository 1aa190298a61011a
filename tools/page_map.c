#include "core/times.h"
#include "tools/map.h"
#include "tools/page_private.h"
#include "tools/share.h"
#include "tools/world.h"

enum { TABLE_MAX = 256 }; /* there are 250 countries; a database may have any two letters */

/* ---- a map ---- */

/* a colour for each class, what it holds, and how many countries */
static void put_legend(struct html *h, const struct choropleth *c)
{
    html_put(h, "<ul class=\"le\">");
    for (int class = CHOROPLETH_FEW; class < c->num_classes; class ++) {
        char text[CHOROPLETH_TEXT_MAX], name[CHOROPLETH_NAME_MAX];
        size_t num = choropleth_count(c, class);
        if (class == CHOROPLETH_FEW && num == 0)
            continue;
        html_format(h, "<li><span class=\"sw %s\"></span>", choropleth_class_name(name, c, class));
        html_text(h, choropleth_class_text(text, c, class));
        html_format(h, " <span class=\"mu\">(%zu)</span></li>", num);
    }
    html_put(h, "</ul>\n");
}

static void put_map(struct html *h, const struct map *m)
{
    char text[MAP_TEXT_MAX], count[COUNT_TEXT_MAX];
    html_format(h, "<div class=\"ma\"><h4>%s</h4>\n<p class=\"of\">", m->title);
    html_text(h, map_denominator(text, m));
    if (m->unplaced > 0)
        html_format(h, "; %s of them are not of a country that is told apart",
                    count_text(count, m->unplaced));
    html_put(h, "</p>\n");
    choropleth_draw(h, &m->choropleth, m->title);
    put_legend(h, &m->choropleth);
    html_put(h, "</div>\n");
}

/* ---- the table of their numbers ---- */

static void put_head(struct html *h, const struct maps *m)
{
    html_put(h, "<thead><tr><th scope=\"col\">country</th>");
    for (size_t i = 0; i < m->num; i++)
        html_format(h, "<th scope=\"col\">%s<span class=\"ci\">%s%s</span></th>", m->list[i].title,
                    m->list[i].choropleth.is_count ? "" : "of ", set_name(m->list[i].of));
    html_put(h, "</tr></thead>\n");
}

static void put_cell(struct html *h, const struct choropleth *c, size_t i)
{
    char count[COUNT_TEXT_MAX], of[COUNT_TEXT_MAX], share[SHARE_TEXT_MAX];
    const struct choropleth_value *v = &c->values[i];
    if (c->is_count) {
        html_format(h, "<td>%s</td>", count_text(count, v->count));
        return;
    }
    html_put(h, "<td>");
    html_text(h, share_text(share, v->count, v->of));
    if (v->of > 0)
        html_format(h, "<span class=\"ci\">%s of %s</span>", count_text(count, v->count),
                    count_text(of, v->of));
    html_put(h, "</td>");
}

static void put_table(struct html *h, const struct maps *m)
{
    const struct choropleth *first = &m->list[0].choropleth;
    size_t num = first->num < TABLE_MAX ? first->num : TABLE_MAX;
    html_format(h, "<details><summary>The numbers of the maps: %zu countries</summary>\n", num);
    html_put(h, "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-by-country\">"
                "<table class=\"gt\" data-table=\"map\">\n");
    put_head(h, m);
    html_put(h, "<tbody>\n");
    for (size_t i = 0; i < num; i++) {
        html_put(h, "<tr><th scope=\"row\">");
        page_country(h, first->values[i].code);
        html_put(h, "</th>");
        for (size_t k = 0; k < m->num; k++)
            put_cell(h, &m->list[k].choropleth, i);
        html_put(h, "</tr>\n");
    }
    html_put(h, "</tbody></table></div></details>\n");
}

/* ---- */

void page_country(struct html *h, struct bytes code)
{
    struct bytes name = world_name(code);
    html_put(h, "<span class=\"cn\"><bdi>");
    html_octets(h, code, PAGE_LABEL_MAX);
    html_put(h, "</bdi> ");
    html_octets(h, name, PAGE_LABEL_MAX);
    html_put(h, "</span>");
}

void page_maps(struct html *h, const struct breakdown *b, const struct report *r)
{
    struct maps m;
    if (maps_make(&m, b, &r->statistics, r->store != NULL) != 0) {
        h->bad = true;
        return;
    }
    if (m.num > 0) {
        choropleth_outlines(h);
        html_put(h, "<div class=\"mp\">\n");
        for (size_t i = 0; i < m.num; i++)
            put_map(h, &m.list[i]);
        html_put(h, "</div>\n");
        size_t missing = choropleth_not_drawn(&m.list[0].choropleth);
        if (missing > 0)
            html_format(h, "<p class=\"of\">Not on the map: %zu more codes.</p>\n", missing);
        put_table(h, &m);
        html_put(h, "<p class=\"of\">Outlines: Natural Earth, Equal Earth projection; what is too "
                    "small for an outline is a dot. Borders are no statement of ours.</p>\n");
    }
    maps_cleanup(&m);
}
