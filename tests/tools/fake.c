#include "tests/tools/fake.h"

#include <stdlib.h>

void fake_init(struct fake *f)
{
    *f = (struct fake){0};
    f->all.list = f->list;
}

void fake_cleanup(struct fake *f)
{
    for (size_t i = 0; i < f->all.num; i++) {
        for (size_t k = 0; k < f->list[i].num_rows; k++)
            free((void *)f->list[i].rows[k].label.data);
        free(f->list[i].rows);
    }
    *f = (struct fake){0};
}

struct statistic *fake_add(struct fake *f, const char *id, enum statistic_shape shape, enum set denominator)
{
    if (f->all.num == FAKE_MAX)
        abort();
    struct statistic_def *def = &f->defs[f->all.num];
    struct statistic *s = &f->list[f->all.num++];
    *def = (struct statistic_def){
        .id = id, .name = id, .definition = "made up", .denominator = denominator, .shape = shape};
    *s = (struct statistic){.def = def};
    return s;
}

struct statistic_row *fake_row(struct statistic *s, const char *label, uint64_t count, enum row_kind kind)
{
    statistic_add(s, bytes_text(label), count, kind);
    if (s->bad)
        abort();
    return &s->rows[s->num_rows - 1];
}
