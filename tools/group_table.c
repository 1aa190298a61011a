#include "tools/group_table.h"

#include <errno.h>
#include <stdlib.h>

const char *group_title(unsigned dimension)
{
    static const char *const titles[NUM_DIMENSIONS] = {
        [DIMENSION_COUNTRY] = "By country",
        [DIMENSION_AS] = "By autonomous system",
        [DIMENSION_PREFIX] = "By prefix",
        [DIMENSION_NETWORK] = "By network",
        [DIMENSION_FAMILY] = "By address family",
        [DIMENSION_MTA] = "By mail software",
        [DIMENSION_TAG] = "By tag",
        [DIMENSION_PORT] = "By port",
        [DIMENSION_SOURCE] = "By source address",
        [DIMENSION_ATTEMPT] = "By attempt",
        [DIMENSION_VERSION] = "By TLS version",
        [DIMENSION_ISSUER] = "By issuer",
        [DIMENSION_KEY] = "By key",
        [DIMENSION_CLUSTER] = "By cluster",
    };
    return titles[dimension];
}

/* ---- lines ---- */

static void add_sets(struct group_line *line, const uint64_t sets[NUM_SETS])
{
    for (size_t i = 0; i < NUM_SETS; i++)
        line->sets[i] += sets[i];
}

static size_t add_line(struct group_table *t, struct bytes label, enum row_kind kind)
{
    t->lines[t->num_lines] = (struct group_line){.label = label, .kind = kind};
    return t->num_lines++;
}

/* the line of what is folded: that of the others there are, or a new one */
static size_t other_line(struct group_table *t, size_t *other)
{
    if (*other == SIZE_MAX)
        *other = add_line(t, bytes_text("other"), ROW_OTHER);
    return *other;
}

static void take_groups(struct group_table *t, size_t max_lines)
{
    size_t values = 0, other = SIZE_MAX;
    for (size_t i = 0; i < t->breakdown->num; i++) {
        const struct breakdown_group *g = &t->breakdown->groups[i];
        bool folded = g->kind == ROW_VALUE && values == max_lines;
        values += g->kind == ROW_VALUE && !folded;
        if (folded) {
            t->line_of[i] = SIZE_MAX; /* once it is known where the others are */
            t->folded++;
            continue;
        }
        t->line_of[i] =
            g->kind == ROW_OTHER ? other_line(t, &other) : add_line(t, g->label, g->kind);
        t->lines[t->line_of[i]].num_labels += g->num_labels;
        add_sets(&t->lines[t->line_of[i]], g->statistics.sets);
    }
    for (size_t i = 0; i < t->breakdown->num; i++) {
        if (t->line_of[i] != SIZE_MAX)
            continue;
        t->line_of[i] = other_line(t, &other);
        t->lines[other].num_labels++;
        add_sets(&t->lines[other], t->breakdown->groups[i].statistics.sets);
    }
}

int group_table_make(struct group_table *t, const struct breakdown *b, size_t max_lines)
{
    *t = (struct group_table){.breakdown = b};
    t->lines = calloc(b->num + 1, sizeof t->lines[0]);
    t->line_of = calloc(b->num + 1, sizeof t->line_of[0]);
    if (t->lines == NULL || t->line_of == NULL) {
        group_table_cleanup(t);
        return -ENOMEM;
    }
    take_groups(t, max_lines > 0 ? max_lines : 1);
    return 0;
}

void group_table_cleanup(struct group_table *t)
{
    free(t->lines);
    free(t->line_of);
    *t = (struct group_table){0};
}

/* ---- sizes ---- */

int group_sizes_make(struct group_sizes *s, const struct group_table *t)
{
    unsigned dimension = t->breakdown->dimension;
    *s = (struct group_sizes){0};
    s->def = (struct statistic_def){.id = dimension_slug(dimension),
                                    .name = group_title(dimension),
                                    .definition = dimension_definition(dimension),
                                    .denominator = SET_P,
                                    .shape = SHAPE_PARTITION};
    s->statistic.def = &s->def;
    s->all = (struct statistics){.list = &s->statistic, .num = 1};
    for (size_t i = 0; i < t->num_lines && !s->statistic.bad; i++) {
        const struct group_line *line = &t->lines[i];
        statistic_add(&s->statistic, line->label, line->sets[SET_P], line->kind);
        if (!s->statistic.bad)
            s->statistic.rows[i].num_labels = line->num_labels;
        s->all.sets[SET_P] += line->sets[SET_P];
    }
    return s->statistic.bad ? -ENOMEM : 0;
}

void group_sizes_cleanup(struct group_sizes *s)
{
    for (size_t i = 0; i < s->statistic.num_rows; i++)
        free((void *)s->statistic.rows[i].label.data);
    free(s->statistic.rows);
    *s = (struct group_sizes){0};
}

/* ---- one row of a statistic ---- */

static const struct statistic_row *find_row(const struct breakdown_group *g, const char *id,
                                            const char *label)
{
    const struct statistic *s = statistics_find(&g->statistics, id);
    for (size_t i = 0; s != NULL && i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, bytes_text(label)))
            return &s->rows[i];
    return NULL;
}

static bool has_other(const struct breakdown_group *g, const char *id)
{
    const struct statistic *s = statistics_find(&g->statistics, id);
    for (size_t i = 0; s != NULL && i < s->num_rows; i++)
        if (s->rows[i].kind == ROW_OTHER)
            return true;
    return s == NULL;
}

/* What is too small to be told in one group is summed up in all: a row that no group has is one of
 * nobody only if nothing is summed up. */
static bool is_told(const struct breakdown *b, const char *id, const char *label)
{
    bool summed = false;
    for (size_t i = 0; i < b->num; i++) {
        if (find_row(&b->groups[i], id, label) != NULL)
            return true;
        summed |= has_other(&b->groups[i], id);
    }
    return !summed;
}

bool group_table_count(uint64_t *out, const struct group_table *t, const char *id,
                       const char *label)
{
    const struct breakdown *b = t->breakdown;
    if (!is_told(b, id, label))
        return false;
    memset(out, 0, t->num_lines * sizeof out[0]);
    for (size_t i = 0; i < b->num; i++) {
        const struct statistic_row *row = find_row(&b->groups[i], id, label);
        out[t->line_of[i]] += row != NULL ? row->count : 0;
    }
    return true;
}

/* ---- a statistic of all lines ---- */

static int compare_columns(const void *a, const void *b)
{
    const struct cross_column *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t len = x->label.len < y->label.len ? x->label.len : y->label.len;
    int order = len > 0 ? memcmp(x->label.data, y->label.data, len) : 0;
    return order != 0 ? order : (x->label.len > y->label.len) - (x->label.len < y->label.len);
}

static struct cross_column *find_column(struct cross_column *columns, size_t num,
                                        struct bytes label)
{
    for (size_t i = 0; i < num; i++)
        if (columns[i].kind == ROW_VALUE && bytes_equal(columns[i].label, label))
            return &columns[i];
    return NULL;
}

/* the labels of all groups, with their sums; returns their number */
static size_t collect(struct cross_column *out, const struct breakdown *b, const char *id)
{
    size_t num = 0;
    for (size_t i = 0; i < b->num; i++) {
        const struct statistic *s = statistics_find(&b->groups[i].statistics, id);
        for (size_t k = 0; s != NULL && k < s->num_rows; k++) {
            if (s->rows[k].kind != ROW_VALUE)
                continue;
            struct cross_column *column = find_column(out, num, s->rows[k].label);
            if (column == NULL) {
                column = &out[num++];
                *column = (struct cross_column){.label = s->rows[k].label};
            }
            column->count += s->rows[k].count;
        }
    }
    return num;
}

static size_t count_rows(const struct breakdown *b, const char *id)
{
    size_t num = 0;
    for (size_t i = 0; i < b->num; i++) {
        const struct statistic *s = statistics_find(&b->groups[i].statistics, id);
        num += s != NULL ? s->num_rows : 0;
    }
    return num;
}

static int take_columns(struct cross_table *c, const struct breakdown *b, const char *id)
{
    struct cross_column *all = calloc(count_rows(b, id) + 1, sizeof all[0]);
    if (all == NULL)
        return -ENOMEM;
    size_t num = collect(all, b, id);
    if (num > 1)
        qsort(all, num, sizeof all[0], compare_columns);
    for (size_t i = 0; i < num && c->num_columns < CROSS_VALUES_MAX; i++)
        if (all[i].count > 0)
            c->columns[c->num_columns++] = (struct cross_column){.label = all[i].label};
    free(all);
    c->columns[c->num_columns++] = (struct cross_column){bytes_text("other"), ROW_OTHER, 0};
    c->columns[c->num_columns++] = (struct cross_column){bytes_text("unknown"), ROW_UNKNOWN, 0};
    return 0;
}

static size_t column_of(struct cross_table *c, const struct statistic_row *row)
{
    size_t other = c->num_columns - 2;
    if (row->kind == ROW_UNKNOWN)
        return c->num_columns - 1;
    const struct cross_column *column =
        row->kind == ROW_VALUE ? find_column(c->columns, other, row->label) : NULL;
    return column != NULL ? (size_t)(column - c->columns) : other;
}

static void fill_cells(struct cross_table *c, const struct group_table *t, const char *id)
{
    for (size_t i = 0; i < t->breakdown->num; i++) {
        const struct statistic *s = statistics_find(&t->breakdown->groups[i].statistics, id);
        for (size_t k = 0; s != NULL && k < s->num_rows; k++) {
            size_t column = column_of(c, &s->rows[k]);
            c->cells[t->line_of[i]][column] += s->rows[k].count;
            c->columns[column].count += s->rows[k].count;
        }
    }
}

int cross_table_make(struct cross_table *c, const struct group_table *t, const char *id)
{
    const struct breakdown *b = t->breakdown;
    const struct statistic *s = b->num > 0 ? statistics_find(&b->groups[0].statistics, id) : NULL;
    *c = (struct cross_table){.def = s != NULL ? s->def : NULL};
    if (c->def == NULL)
        return 0;
    c->cells = calloc(t->num_lines + 1, sizeof c->cells[0]);
    int rc = c->cells == NULL ? -ENOMEM : take_columns(c, b, id);
    if (rc == 0)
        fill_cells(c, t, id);
    else
        cross_table_cleanup(c);
    return rc;
}

void cross_table_cleanup(struct cross_table *c)
{
    free(c->cells);
    *c = (struct cross_table){0};
}
