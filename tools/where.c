#include "tools/where.h"

#include <stdlib.h>

#include "tools/where_private.h"

void where_free(struct where *w)
{
    free(w);
}

/* ---- comparing ---- */

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_texts(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : sign((int64_t)a.len, (int64_t)b.len);
}

static bool begins_with(const uint8_t *text, struct bytes part)
{
    for (size_t i = 0; i < part.len; i++)
        if (ascii_lower(text[i]) != ascii_lower(part.data[i]))
            return false;
    return true;
}

static bool contains(struct bytes text, struct bytes part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (begins_with(text.data + i, part))
            return true;
    return false;
}

/* the order of a field's value and of one that it is compared with */
static int order_of(enum where_type type, const struct where_value *a, const struct where_value *b)
{
    switch (type) {
    case WHERE_TEXT: return compare_texts(a->text, b->text);
    case WHERE_ADDR: return addr_cmp(a->range.first, b->range.first);
    case WHERE_NUMBER:
    case WHERE_DURATION:
    case WHERE_TIME:
    case WHERE_BOOL:
    case WHERE_GROUP: break;
    }
    return sign(a->number, b->number);
}

static bool compare(const struct where_node *n, const struct where_value *a,
                    const struct where_value *b)
{
    switch ((enum where_op)n->op) {
    case WHERE_EQ: return order_of(n->field->type, a, b) == 0;
    case WHERE_NE: return order_of(n->field->type, a, b) != 0;
    case WHERE_LT: return order_of(n->field->type, a, b) < 0;
    case WHERE_LE: return order_of(n->field->type, a, b) <= 0;
    case WHERE_GT: return order_of(n->field->type, a, b) > 0;
    case WHERE_GE: return order_of(n->field->type, a, b) >= 0;
    case WHERE_CONTAINS: break;
    }
    return contains(a->text, b->text);
}

static bool is_in(const struct where *w, const struct where_node *n, const struct where_value *a)
{
    for (size_t i = n->first; i < (size_t)n->first + n->num; i++) {
        const struct where_value *b = &w->values[i];
        bool in = n->field->type == WHERE_ADDR ? addr_cmp(a->range.first, b->range.first) >= 0 &&
                                                     addr_cmp(a->range.first, b->range.last) <= 0
                                               : order_of(n->field->type, a, b) == 0;
        if (in)
            return true;
    }
    return false;
}

/* ---- evaluating ---- */

static enum answer answer_of(bool yes)
{
    return yes ? ANSWER_YES : ANSWER_NO;
}

static enum answer eval_field(const struct where *w, const struct where_node *n,
                              const struct where_row *row)
{
    struct where_value v;
    bool there = n->field->get(&v, row);
    if (n->kind == WHERE_IS && n->field->type != WHERE_BOOL)
        return answer_of(there);
    if (!there)
        return ANSWER_UNKNOWN;
    if (n->kind == WHERE_IS)
        return answer_of(v.number != 0);
    return answer_of(n->kind == WHERE_IN ? is_in(w, n, &v) : compare(n, &v, &w->values[n->first]));
}

static enum answer eval(const struct where *w, uint16_t node, const struct where_row *row);

/* and decides at the first no, or at the first yes */
static enum answer eval_both(const struct where *w, const struct where_node *n,
                             enum answer deciding, const struct where_row *row)
{
    enum answer left = eval(w, n->left, row);
    if (left == deciding)
        return left;
    enum answer right = eval(w, n->right, row);
    return right == deciding || left != ANSWER_UNKNOWN ? right : left;
}

static enum answer negated(enum answer a)
{
    switch (a) {
    case ANSWER_YES: return ANSWER_NO;
    case ANSWER_NO: return ANSWER_YES;
    case ANSWER_UNKNOWN: break;
    }
    return ANSWER_UNKNOWN;
}

/* as deep as the tree, which has at most WHERE_NODES_MAX nodes */
static enum answer eval(const struct where *w, uint16_t node, const struct where_row *row)
{
    const struct where_node *n = &w->nodes[node];
    switch ((enum where_kind)n->kind) {
    case WHERE_AND: return eval_both(w, n, ANSWER_NO, row);
    case WHERE_OR: return eval_both(w, n, ANSWER_YES, row);
    case WHERE_NOT: return negated(eval(w, n->left, row));
    case WHERE_IS:
    case WHERE_COMPARE:
    case WHERE_IN: break;
    }
    return eval_field(w, n, row);
}

enum answer where_eval(const struct where *w, const struct where_row *row)
{
    return eval(w, w->root, row);
}

bool where_has_field(const struct where *w, const char *const fields[])
{
    for (size_t i = 0; i < w->num_nodes; i++)
        for (size_t k = 0; w->nodes[i].field != NULL && fields[k] != NULL; k++)
            if (strcmp(w->nodes[i].field->name, fields[k]) == 0)
                return true;
    return false;
}

const char *where_lacks(const struct where *w, bool has_country_db, bool has_asn_db)
{
    static const char *const of_country[] = {"country", NULL};
    static const char *const of_as[] = {"as", "as_name", "asn", "as_org", NULL};
    if (!has_country_db && where_has_field(w, of_country))
        return "--where: country needs --country-db";
    if (!has_asn_db && where_has_field(w, of_as))
        return "--where: what it asks of networks needs --asn-db";
    return NULL;
}
