#include "tools/figure.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/scale.h"

/* ---- rows ---- */

static struct statistic_row *row_of_kind(struct figure *f, enum row_kind kind)
{
    for (size_t i = 0; i < f->num_rows; i++)
        if (f->rows[i].kind == kind)
            return &f->rows[i];
    return NULL;
}

/* adds what is beyond the bound to "other", which is there already or becomes the last row */
static void fold(struct figure *f, uint64_t count, uint64_t num_labels)
{
    struct statistic_row *other = row_of_kind(f, ROW_OTHER);
    if (num_labels == 0)
        return;
    f->folded = num_labels;
    if (f->statistic->def->shape != SHAPE_PARTITION) {
        f->not_shown += num_labels;
        return;
    }
    if (other == NULL) {
        other = &f->rows[f->num_rows++];
        *other = (struct statistic_row){.label = bytes_text("other"), .kind = ROW_OTHER};
    }
    other->count += count;
    other->num_labels += num_labels;
}

static void take_rows(struct figure *f, size_t max_rows)
{
    size_t values = 0;
    uint64_t rest = 0, num_rest = 0;
    for (size_t i = 0; i < f->statistic->num_rows; i++) {
        const struct statistic_row *row = &f->statistic->rows[i];
        if (row->kind == ROW_VALUE && values == max_rows) {
            rest += row->count;
            num_rest++;
            continue;
        }
        values += row->kind == ROW_VALUE;
        f->rows[f->num_rows++] = *row;
    }
    fold(f, rest, num_rest);
}

/* ---- kind ---- */

static enum figure_kind kind_of_partition(enum figure_kind wish, size_t num_rows)
{
    switch (wish) {
    case FIGURE_STACK: return num_rows <= FIGURE_STACK_MAX ? FIGURE_STACK : FIGURE_BARS;
    case FIGURE_COLUMNS:
    case FIGURE_CUMULATED: return num_rows >= FIGURE_GRID_MIN ? wish : FIGURE_BARS;
    case FIGURE_BARS:
    case FIGURE_FUNNEL:
    case FIGURE_QUANTILES:
    case FIGURE_QUESTIONS: return FIGURE_BARS;
    }
    return FIGURE_BARS;
}

static enum figure_kind kind_of(enum statistic_shape shape, enum figure_kind wish, size_t num_rows)
{
    switch (shape) {
    case SHAPE_PARTITION: return kind_of_partition(wish, num_rows);
    case SHAPE_CHOICES: return FIGURE_BARS;
    case SHAPE_FUNNEL: return FIGURE_FUNNEL;
    case SHAPE_LATENCY: return FIGURE_QUANTILES;
    case SHAPE_CONCLUSIVE: return FIGURE_QUESTIONS;
    }
    return FIGURE_BARS;
}

int figure_make(struct figure *f, const struct statistics *all, const struct statistic *s,
                enum figure_kind wish, size_t max_rows)
{
    *f = (struct figure){.all = all,
                         .statistic = s,
                         .of = all->sets[s->def->denominator],
                         .not_shown = s->not_shown};
    f->rows = calloc(s->num_rows + 1, sizeof f->rows[0]);
    if (f->rows == NULL)
        return -ENOMEM;
    take_rows(f, max_rows > 0 ? max_rows : 1);
    f->kind = kind_of(s->def->shape, wish, figure_series(f, f->num_rows));
    return 0;
}

void figure_cleanup(struct figure *f)
{
    free(f->rows);
    *f = (struct figure){0};
}

/* ---- shares ---- */

static double part_of(uint64_t count, uint64_t of)
{
    return of > 0 ? (double)count / (double)of : 0;
}

uint64_t figure_of(const struct figure *f, const struct statistic_row *row)
{
    return f->kind == FIGURE_QUESTIONS ? row->conclusive : f->of;
}

double figure_share(const struct figure *f, const struct statistic_row *row)
{
    return part_of(row->count, figure_of(f, row));
}

double figure_share_before(const struct figure *f, const struct statistic_row *row)
{
    return part_of(row->count, f->all->sets[row->before]);
}

size_t figure_series(const struct figure *f, size_t i)
{
    size_t num = 0;
    for (size_t k = 0; k < i; k++)
        num += f->rows[k].count > 0;
    return num;
}

double figure_axis_end(const struct figure *f)
{
    double max = 0;
    for (size_t i = 0; i < f->num_rows; i++)
        max = figure_share(f, &f->rows[i]) > max ? figure_share(f, &f->rows[i]) : max;
    return scale_share_end(max);
}

double figure_cumulated(const struct figure *f, size_t i)
{
    uint64_t sum = 0;
    for (size_t k = 0; k <= i; k++)
        sum += f->rows[k].kind == ROW_VALUE ? f->rows[k].count : 0;
    return part_of(sum, f->of);
}
