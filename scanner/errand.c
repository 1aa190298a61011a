#include "scanner/errand.h"

#include <errno.h>
#include <stdlib.h>

#include "scanner/auditing.h"

/* copies a text to *at with a NUL behind it, and moves *at on */
static struct bytes copy_text(uint8_t **at, struct bytes text)
{
    uint8_t *copy = *at;
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *at += text.len + 1;
    return bytes_of(copy, text.len);
}

struct errand *errand_new(uint64_t position, const struct target *target)
{
    size_t texts_len = target != NULL ? target->host.len + target->tag.len + 2 : 0;
    struct errand *e = malloc(sizeof *e + texts_len);
    if (e == NULL)
        return NULL;
    *e = (struct errand){.position = position, .skip = target == NULL};
    if (target != NULL) {
        uint8_t *at = (uint8_t *)(e + 1);
        e->target = *target;
        e->target.host = copy_text(&at, target->host);
        e->target.tag = copy_text(&at, target->tag);
    }
    return e;
}

void errand_unname(struct errand *e)
{
    for (struct result *r = e->named != NULL ? e->named->first : NULL, *also; r != NULL; r = also) {
        also = r->also;
        result_free(r);
    }
    free(e->named);
    e->named = NULL;
}

void errand_free(struct errand *e)
{
    errand_unname(e);
    auditing_free(e->auditing);
    free(e);
}

void errand_drop(const struct visit *v)
{
    struct errand *e = visit_errand(v);
    if (e != NULL && !e->is_control)
        errand_free(e);
}

int errand_name(struct errand *e, struct worker *worker)
{
    struct named *n = calloc(1, sizeof *n);
    if (n == NULL)
        return -ENOMEM;
    n->worker = worker;
    n->errand = e;
    n->last = &n->first;
    e->named = n;
    return 0;
}

bool errand_more(struct errand *e)
{
    if (e->named->at + 1 >= e->named->resolution.num_addrs)
        return false;
    e->named->at++;
    return true;
}

void errand_list_init(struct errand_list *list)
{
    *list = (struct errand_list){.last = &list->first};
}

void errand_list_cleanup(struct errand_list *list)
{
    for (struct errand *e = list->first, *next; e != NULL; e = next) {
        next = e->next;
        errand_free(e);
    }
    errand_list_init(list);
}

void errand_list_add(struct errand_list *list, struct errand *e)
{
    e->next = NULL;
    *list->last = e;
    list->last = &e->next;
    list->num++;
}

struct errand *errand_list_take(struct errand_list *list, size_t max)
{
    struct errand_list taken;
    errand_list_init(&taken);
    errand_list_move(&taken, list, max);
    return taken.first;
}

/* cuts the first num off, of more than num */
static struct errand_list cut_off(struct errand_list *list, size_t num)
{
    struct errand_list cut = {.first = list->first, .last = &list->first, .num = num};
    for (size_t i = 0; i < num; i++)
        cut.last = &(*cut.last)->next;
    list->first = *cut.last;
    list->num -= num;
    *cut.last = NULL;
    return cut;
}

void errand_list_move(struct errand_list *list, struct errand_list *from, size_t max)
{
    if (max == 0 || from->num == 0)
        return;
    struct errand_list moved = *from;
    if (max < from->num)
        moved = cut_off(from, max);
    else
        errand_list_init(from);
    *list->last = moved.first;
    list->last = moved.last;
    list->num += moved.num;
}
