/*
 * errand: a target that cannot be found again from its position alone: a line of a stream, a host
 * name on its way from address to address, a control target; and lists of them.
 *
 * Ownership  an errand owns its texts; whoever has it frees it. errand_list: the caller's storage,
 *            which owns what is in it.
 * Errors     -ENOMEM, or NULL.
 */
#ifndef MXSWEEP_SCANNER_ERRAND_H
#define MXSWEEP_SCANNER_ERRAND_H

#include "core/targets.h"
#include "scanner/resolver.h"
#include "scanner/visit.h"

struct auditing;
struct worker;
struct result;

/* a host name: its addresses are visited one after the other, and recorded together */
struct named {
    struct resolution resolution;
    struct worker *worker; /* that asked */
    struct errand *errand; /* that this belongs to */
    bool resolved;
    unsigned at;                  /* the address whose turn it is */
    struct result *first, **last; /* of the addresses before */
};

struct errand {
    struct errand *next; /* in whatever list it is */
    uint64_t position;
    struct target target; /* host and tag point behind this struct; each is NUL-terminated */
    bool skip;            /* the position holds no target: only to be marked done */
    bool is_control;      /* is known to answer: says whether we are cut off; has no position */
    struct named *named;  /* target.named: from errand_name on */
    struct auditing *auditing; /* NULL: its next visit is a first one */
};

/* errand_new copies target with its texts; NULL: there is none, and the errand is one to skip. */
struct errand *errand_new(uint64_t position, const struct target *target);
void errand_free(struct errand *e); /* with the results that a host name may have */
/* errand_drop frees the errand of a visit that nobody makes, if it has one; but not a control
 * target, which its control owns. */
void errand_drop(const struct visit *v);

/* errand_name makes ready for a host name's addresses. -ENOMEM. */
int errand_name(struct errand *e, struct worker *worker);

/* errand_unname forgets what is known of the name's addresses: it is to be asked for again. */
void errand_unname(struct errand *e);

/* errand_more tells whether a host name has one more address after the one whose turn it is, and
 * makes it that one's turn. */
bool errand_more(struct errand *e);

/* a visit is known by its position, or by its errand */
static inline struct errand *visit_errand(const struct visit *v)
{
    return (v->ref & VISIT_REF_TAG) != 0 ? (struct errand *)(uintptr_t)(v->ref & ~VISIT_REF_TAG)
                                         : NULL;
}

static inline struct visit visit_of_errand(struct errand *e)
{
    return (struct visit){.ref = (uint64_t)(uintptr_t)e | VISIT_REF_TAG};
}

static inline uint64_t visit_position(const struct visit *v)
{
    const struct errand *e = visit_errand(v);
    return e != NULL ? e->position : v->ref;
}

/* errands in the order in which they came */
struct errand_list {
    struct errand *first, **last;
    size_t num;
};

void errand_list_init(struct errand_list *list);
/* errand_list_cleanup frees what is in the list, which is empty then. */
void errand_list_cleanup(struct errand_list *list);

void errand_list_add(struct errand_list *list, struct errand *e);
/* errand_list_take takes the first max, or all if there are fewer: linked by next, or NULL. */
struct errand *errand_list_take(struct errand_list *list, size_t max);
/* errand_list_move puts the first max of from, or all if there are fewer, at the end of list. */
void errand_list_move(struct errand_list *list, struct errand_list *from, size_t max);

#endif
