#include "tools/page_files.h"

#include <stdio.h>

#include "tools/chart.h"
#include "tools/group_table.h"
#include "tools/map.h"
#include "tools/page.h"
#include "tools/page_plan.h"
#include "tools/report_csv.h"

enum {
    PAPER_ROWS_MAX = 20,
    PAPER_COLUMNS_MAX = 64 /* side by side, in their order */,
    NAME_MAX_LEN = 80
};

static size_t len_of(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && len_of(a) == len_of(b) && memcmp(a, b, len_of(a)) == 0;
}

static bool differ(const struct page_paths *p, char err[COMMAND_ERR_MAX])
{
    const char *twice = same(p->svg, p->csv) || same(p->svg, p->html) ? p->svg
                        : same(p->html, p->csv)                       ? p->csv
                                                                      : NULL;
    if (twice != NULL)
        snprintf(err, COMMAND_ERR_MAX, "%.900s: named twice; each output needs a name of its own",
                 twice);
    return twice == NULL;
}

bool page_files_open(struct page_files *p, char err[COMMAND_ERR_MAX],
                     const struct page_paths *paths)
{
    char ignored[COMMAND_ERR_MAX];
    *p = (struct page_files){0};
    if (differ(paths, err) && (paths->html == NULL || new_file_open(&p->html, err, paths->html)) &&
        (paths->svg == NULL || new_folder_open(&p->svg, err, paths->svg)) &&
        (paths->csv == NULL || new_folder_open(&p->csv, err, paths->csv)))
        return true;
    page_files_close(p, ignored, false);
    return false;
}

static bool no_memory(char err[COMMAND_ERR_MAX], const char *path)
{
    snprintf(err, COMMAND_ERR_MAX, "%s: no memory for it", path);
    return false;
}

static bool write_html(struct new_file *file, char err[COMMAND_ERR_MAX], const struct report *r)
{
    struct html h;
    html_init(&h);
    bool good = page_write(&h, r) == 0 ? new_file_write(file, err, bytes_of(h.text, h.len))
                                       : no_memory(err, file->path);
    html_cleanup(&h);
    return good;
}

static bool write_svg(struct new_folder *folder, char err[COMMAND_ERR_MAX], const char *name,
                      const struct statistics *all, const struct statistic *s)
{
    const struct page_item *item = page_item_find(s->def->id);
    struct figure f;
    struct html h;
    html_init(&h);
    enum figure_kind kind = item != NULL ? item->kind : FIGURE_BARS;
    bool beside = kind == FIGURE_COLUMNS || kind == FIGURE_CUMULATED;
    int rc = figure_make(&f, all, s, kind, beside ? PAPER_COLUMNS_MAX : PAPER_ROWS_MAX);
    if (rc == 0)
        chart_paper(&h, &f);
    bool good = rc == 0 && !h.bad ? new_folder_write(folder, err, name, bytes_of(h.text, h.len))
                                  : no_memory(err, folder->path);
    figure_cleanup(&f);
    html_cleanup(&h);
    return good;
}

static bool write_statistics(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                             const struct statistics *all)
{
    char name[NAME_MAX_LEN];
    for (size_t i = 0; i < all->num; i++) {
        snprintf(name, sizeof name, "%s.svg", all->list[i].def->id);
        if (!write_svg(folder, err, name, all, &all->list[i]))
            return false;
    }
    return true;
}

/* how many targets each group has */
static bool write_groups(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                         const struct breakdown *b)
{
    struct group_table table;
    struct group_sizes sizes = {0};
    char name[NAME_MAX_LEN];
    snprintf(name, sizeof name, "by-%s.svg", dimension_slug(b->dimension));
    bool good =
        group_table_make(&table, b, PAPER_ROWS_MAX) == 0 && group_sizes_make(&sizes, &table) == 0;
    good = good ? write_svg(folder, err, name, &sizes.all, &sizes.statistic)
                : no_memory(err, folder->path);
    group_sizes_cleanup(&sizes);
    group_table_cleanup(&table);
    return good;
}

static bool write_maps(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                       const struct breakdown *b, const struct report *r)
{
    struct maps maps;
    if (maps_make(&maps, b, &r->statistics, r->store != NULL) != 0)
        return no_memory(err, folder->path);
    bool good = true;
    for (size_t i = 0; good && i < maps.num; i++) {
        char name[NAME_MAX_LEN], text[MAP_TEXT_MAX];
        struct html h;
        html_init(&h);
        snprintf(name, sizeof name, "map-%s.svg", maps.list[i].slug);
        choropleth_paper(&h, &maps.list[i].choropleth, maps.list[i].title,
                         map_denominator(text, &maps.list[i]));
        good = h.bad ? no_memory(err, folder->path)
                     : new_folder_write(folder, err, name, bytes_of(h.text, h.len));
        html_cleanup(&h);
    }
    maps_cleanup(&maps);
    return good;
}

static bool write_charts(struct new_folder *folder, char err[COMMAND_ERR_MAX],
                         const struct report *r)
{
    if (!write_statistics(folder, err, &r->statistics))
        return false;
    for (size_t i = 0; i < r->num_breakdowns; i++) {
        const struct breakdown *b = &r->breakdowns[i];
        if (!write_groups(folder, err, b) ||
            (b->dimension == DIMENSION_COUNTRY && !write_maps(folder, err, b, r)))
            return false;
    }
    return true;
}

bool page_files_write(struct page_files *p, char err[COMMAND_ERR_MAX], const struct report *r)
{
    return (p->html.state == NEW_FILE_CLOSED || write_html(&p->html, err, r)) &&
           (p->svg.path == NULL || write_charts(&p->svg, err, r)) &&
           (p->csv.path == NULL || report_csv(&p->csv, err, r));
}

bool page_files_close(struct page_files *p, char err[COMMAND_ERR_MAX], bool keep)
{
    bool csv = new_folder_close(&p->csv, err, keep);
    bool svg = new_folder_close(&p->svg, err, keep && csv);
    bool html = new_file_close(&p->html, err, keep && csv && svg);
    return html && svg && csv;
}
