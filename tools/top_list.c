#include "tools/top_list.h"

#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 64 };

void top_list_init(struct top_list *t, size_t row_len, size_t top, top_list_compare *compare)
{
    *t = (struct top_list){.row_len = row_len, .top = top, .compare = compare};
}

void top_list_cleanup(struct top_list *t)
{
    free(t->rows);
    top_list_init(t, t->row_len, t->top, t->compare);
}

void top_list_end(struct top_list *t)
{
    if (t->num > 1)
        qsort(t->rows, t->num, t->row_len, t->compare);
    if (t->top > 0 && t->num > t->top)
        t->num = t->top;
}

/* a list with twice the rows that are wanted is cut instead */
static bool make_room(struct top_list *t)
{
    if (t->top > 0 && t->num >= CAP_MIN && t->num / 2 >= t->top) {
        top_list_end(t);
        return true;
    }
    size_t cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
    uint8_t *rows = cap <= SIZE_MAX / t->row_len ? realloc(t->rows, cap * t->row_len) : NULL;
    if (rows == NULL)
        return false;
    t->rows = rows;
    t->cap = cap;
    return true;
}

void top_list_add(struct top_list *t, const void *row)
{
    if (t->num == t->cap && !make_room(t)) {
        t->bad = true;
        return;
    }
    memcpy(t->rows + t->num++ * t->row_len, row, t->row_len);
}
