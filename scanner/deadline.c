#include "scanner/deadline.h"

void deadline_list_init(struct deadline_list *list, uint64_t span_ns)
{
    list->head.prev = list->head.next = &list->head;
    list->span_ns = span_ns;
}

void deadline_set(struct deadline_list *list, struct deadline *d, uint64_t now_ns)
{
    deadline_drop(d);
    d->due_ns = now_ns + list->span_ns;
    d->prev = list->head.prev;
    d->next = &list->head;
    d->prev->next = d;
    list->head.prev = d;
}

void deadline_drop(struct deadline *d)
{
    if (d->next == NULL)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->prev = d->next = NULL;
}

struct deadline *deadline_first(const struct deadline_list *list)
{
    return list->head.next == &list->head ? NULL : list->head.next;
}
