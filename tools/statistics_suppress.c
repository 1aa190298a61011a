#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdlib.h>

/* The same statistic of several groups, one below the other. */
struct table {
    struct statistic **list;
    struct statistics *const *all; /* that they are of */
    size_t num;
    uint64_t min;
    const struct statistic *whole; /* of all groups together, as it is told; NULL: none is */
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

/* What is summed up in the whole is so in its groups: their sum would tell it. */
static bool is_told_of_whole(const struct statistic *whole, struct bytes label)
{
    bool told = whole == NULL;
    for (size_t i = 0; !told && i < whole->num_rows; i++)
        told = whole->rows[i].kind != ROW_OTHER && bytes_equal(whole->rows[i].label, label);
    return told;
}

/* labels that are small somewhere */
static void find_small(struct word_tally *labels, const struct table *t)
{
    struct word_tally told; /* looked up in the whole once */
    word_tally_init(&told);
    for (size_t i = 0; i < t->num; i++)
        for (size_t k = 0; k < t->list[i]->num_rows; k++) {
            const struct statistic_row *row = &t->list[i]->rows[k];
            if (row->kind == ROW_OTHER)
                continue;
            bool known = word_tally_find(&told, row->label) != WORD_NONE;
            if (!known && is_told_of_whole(t->whole, row->label))
                known = word_tally_add(&told, row->label, 0) != WORD_NONE;
            if (!known || tells(t, i, row))
                word_tally_add(labels, row->label, 0);
        }
    labels->bad |= told.bad;
    word_tally_cleanup(&told);
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
        statistic_drop(s, i);
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
    bool found = sums.num > 0 && sums.words[best].count > 0 && !sums.bad && !out->bad;
    if (found)
        word_tally_add(out, sums.words[best].text, 0);
    word_tally_cleanup(&sums);
    return found;
}

static void join_bins(struct statistic *s, uint64_t min)
{
    for (size_t i = 0; i < s->num_rows; i++)
        s->rows[i].num_bins = histogram_join(s->rows[i].bins, s->rows[i].num_bins, min);
}

/* sums up, or leaves out, all rows */
static void withhold(struct statistic *s)
{
    uint64_t count = 0, num = 0;
    while (s->num_rows > 0) {
        const struct statistic_row *row = &s->rows[s->num_rows - 1];
        count += row->count;
        num += row->kind == ROW_OTHER ? row->num_labels : 1;
        statistic_drop(s, s->num_rows - 1);
    }
    if (s->def->shape != SHAPE_PARTITION) {
        s->not_shown += num;
        return;
    }
    struct statistic_row *other = num > 0 ? other_of(s) : NULL;
    if (other != NULL) {
        other->count = count;
        other->num_labels = num;
    }
}

/* *folded: whether anything was summed up or left out */
static int suppress(bool *folded, const struct table *t)
{
    struct word_tally labels;
    word_tally_init(&labels);
    find_small(&labels, t);
    while (t->list[0]->def->shape == SHAPE_PARTITION && is_any_other_small(t, &labels) &&
           (take_smallest(&labels, t, ROW_VALUE) || take_smallest(&labels, t, ROW_UNKNOWN)))
        ;
    bool bad = labels.bad;
    *folded = labels.num > 0;
    for (size_t i = 0; !bad && i < t->num; i++) {
        join_bins(t->list[i], t->min);
        fold(t->list[i], &labels);
        bad = t->list[i]->bad;
    }
    word_tally_cleanup(&labels);
    return bad ? -ENOMEM : 0;
}

/* ---- tables that tell the same ---- */

/* The second is another view of what the first shows: with any of both summed up here and there,
 * one could be had from the other. */
static const struct {
    const char *first, *second;
} views[] = {
    {"connect", "outcome"},
    {"greeted", "outcome"},
    {"starttls_reply", "outcome"},
    {"handshake", "outcome"},
    {"greeted", "not_smtp"},
    {"first_outcome", "retry"},
    {"greylisted", "retry"},
    {"scanner_rejected", "refusal"},
    {"mta", "mta_identified"},
    {"starttls_offered", "starttls_offered_reply"},
    {"starttls_reply", "starttls_offered_reply"},
    {"tls_version", "tls_suite_version"},
    {"tls_suite", "tls_suite_version"},
    {"tls_version", "key_exchange_version"},
    {"tls_group", "key_exchange_version"},
    {"tls_group", "key_exchange"},
    {"pq", "pq_tls13"},
    {"trusted", "trusted_starttls"},
    {"name_host", "name_host_trust"},
    {"name_greeting", "name_greeting_trust"},
    {"name_ehlo", "name_ehlo_trust"},
    {"issuer", "issuer_trusted"},
    {"issuer", "default_cert"},
    {"expiry", "expiry_weeks"},
    {"validity", "validity_ca"},
    {"validity", "validity_self"},
    {"validity_ca", "validity_self"},
};

static size_t index_of(const struct statistics *s, const char *id)
{
    size_t i = 0;
    while (i < s->num && strcmp(s->list[i].def->id, id) != 0)
        i++;
    return i;
}

static int withhold_views(struct statistics *const *all, size_t num, const bool *folded)
{
    bool bad = false;
    for (size_t v = 0; v < sizeof views / sizeof views[0]; v++) {
        size_t first = index_of(all[0], views[v].first), second = index_of(all[0], views[v].second);
        if (second == all[0]->num)
            continue;
        bool any = folded[second] || (first < all[0]->num && folded[first]);
        for (size_t k = 0; any && k < num; k++) {
            withhold(&all[k]->list[second]);
            bad |= all[k]->list[second].bad;
        }
    }
    return bad ? -ENOMEM : 0;
}

int statistics_suppress(struct statistics *const *all, size_t num, uint64_t min,
                        const struct statistics *whole)
{
    struct statistic **list = calloc(num + 1, sizeof list[0]);
    bool *folded = calloc(num > 0 ? all[0]->num + 1 : 1, sizeof folded[0]);
    int rc = list == NULL || folded == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && num > 0 && i < all[0]->num; i++) {
        for (size_t k = 0; k < num; k++)
            list[k] = &all[k]->list[i];
        const char *id = list[0]->def->id;
        struct table t = {list, all, num, min, whole != NULL ? statistics_find(whole, id) : NULL};
        if (list[0]->def->shape != SHAPE_FUNNEL)
            rc = suppress(&folded[i], &t);
    }
    if (rc == 0 && num > 0)
        rc = withhold_views(all, num, folded);
    free(list);
    free(folded);
    return rc;
}
