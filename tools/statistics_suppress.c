#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdlib.h>

/* The same statistic of several groups, one below the other. */
struct table {
    struct statistic **list;
    struct statistics *const *all; /* that they are of */
    size_t num;
    uint64_t min;
};

static bool is_small(const struct table *t, uint64_t count)
{
    return count > 0 && count < t->min;
}

/* of a choice or a question, those that it is not true of are told too */
static bool tells(const struct table *t, size_t i, const struct statistic_row *row)
{
    const struct statistic_def *def = t->list[i]->def;
    uint64_t whole = def->shape == SHAPE_CONCLUSIVE ? row->conclusive
                     : def->shape == SHAPE_CHOICES  ? t->all[i]->sets[def->denominator]
                                                    : row->count;
    return is_small(t, row->count) || (whole > row->count && is_small(t, whole - row->count));
}

/* labels that are small somewhere */
static void find_small(struct word_tally *labels, const struct table *t)
{
    for (size_t i = 0; i < t->num; i++)
        for (size_t k = 0; k < t->list[i]->num_rows; k++) {
            const struct statistic_row *row = &t->list[i]->rows[k];
            if (row->kind != ROW_OTHER && tells(t, i, row))
                word_tally_add(labels, row->label, 0);
        }
}

static void drop_row(struct statistic *s, size_t i)
{
    free((void *)s->rows[i].label.data);
    s->num_rows--;
    memmove(&s->rows[i], &s->rows[i + 1], (s->num_rows - i) * sizeof s->rows[0]);
}

static struct statistic_row *other_of(struct statistic *s)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (s->rows[i].kind == ROW_OTHER)
            return &s->rows[i];
    statistic_add(s, bytes_text("other"), 0, ROW_OTHER);
    return s->bad ? NULL : &s->rows[s->num_rows - 1];
}

/* sums up, or leaves out, the rows of those labels */
static void fold(struct statistic *s, const struct word_tally *labels)
{
    uint64_t count = 0, num = 0;
    for (size_t i = s->num_rows; i-- > 0;) {
        const struct statistic_row *row = &s->rows[i];
        if (row->kind == ROW_OTHER || word_tally_find(labels, row->label) == WORD_NONE)
            continue;
        count += row->count;
        num++;
        drop_row(s, i);
    }
    if (num == 0)
        return;
    if (s->def->shape != SHAPE_PARTITION) {
        s->not_shown += num;
        return;
    }
    struct statistic_row *other = other_of(s);
    if (other == NULL)
        return;
    other->count += count;
    other->num_labels += num;
}

static bool is_folded(const struct word_tally *labels, const struct statistic_row *row)
{
    return row->kind == ROW_OTHER || word_tally_find(labels, row->label) != WORD_NONE;
}

/* whether what those labels sum up to is too small in any group. What is unknown is no cover: sizes
 * of sets tell it. */
static bool is_any_other_small(const struct table *t, const struct word_tally *labels)
{
    for (size_t i = 0; i < t->num; i++) {
        uint64_t sum = 0, known = 0;
        for (size_t k = 0; k < t->list[i]->num_rows; k++) {
            const struct statistic_row *row = &t->list[i]->rows[k];
            uint64_t count = is_folded(labels, row) ? row->count : 0;
            sum += count;
            known += row->kind != ROW_UNKNOWN ? count : 0;
        }
        if (is_small(t, sum) || is_small(t, known))
            return true;
    }
    return false;
}

/* the label of that kind with the smallest sum that is not summed up yet; false: there is none */
static bool take_smallest(struct word_tally *out, const struct table *t, enum row_kind kind)
{
    struct word_tally sums;
    size_t best = 0;
    word_tally_init(&sums);
    for (size_t i = 0; i < t->num; i++)
        for (size_t k = 0; k < t->list[i]->num_rows; k++) {
            const struct statistic_row *row = &t->list[i]->rows[k];
            if (row->kind == kind && !is_folded(out, row))
                word_tally_add(&sums, row->label, row->count);
        }
    for (size_t i = 1; i < sums.num; i++)
        if (sums.words[i].count > 0 &&
            (sums.words[best].count == 0 || sums.words[i].count < sums.words[best].count))
            best = i;
    bool found = sums.num > 0 && sums.words[best].count > 0 && !sums.bad;
    if (found)
        word_tally_add(out, sums.words[best].text, 0);
    word_tally_cleanup(&sums);
    return found;
}

static int suppress(const struct table *t)
{
    struct word_tally labels;
    word_tally_init(&labels);
    find_small(&labels, t);
    while (t->list[0]->def->shape == SHAPE_PARTITION && is_any_other_small(t, &labels) &&
           (take_smallest(&labels, t, ROW_VALUE) || take_smallest(&labels, t, ROW_UNKNOWN)))
        ;
    bool bad = labels.bad;
    for (size_t i = 0; !bad && i < t->num; i++) {
        fold(t->list[i], &labels);
        bad = t->list[i]->bad;
    }
    word_tally_cleanup(&labels);
    return bad ? -ENOMEM : 0;
}

int statistics_suppress(struct statistics *const *all, size_t num, uint64_t min)
{
    struct statistic **list = calloc(num + 1, sizeof list[0]);
    int rc = list == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && num > 0 && i < all[0]->num; i++) {
        for (size_t k = 0; k < num; k++)
            list[k] = &all[k]->list[i];
        if (list[0]->def->shape != SHAPE_FUNNEL)
            rc = suppress(&(struct table){list, all, num, min});
    }
    free(list);
    return rc;
}
