/*
 * rules_private: how rules are kept, between reading (rules_parse.c) and matching (rules.c).
 *
 * Private to rules*.c.
 */
#ifndef MXSWEEP_TOOLS_RULES_PRIVATE_H
#define MXSWEEP_TOOLS_RULES_PRIVATE_H

#include "tools/rules.h"
#include "tools/rules_find.h"
#include "tools/rules_pattern.h"

enum { RULES_VERSION_MAX = 32 };

struct rule_condition {
    uint8_t field; /* enum rule_field */
    bool negated;
    struct pattern pattern;
};

struct rule {
    uint32_t name;
    uint32_t first, num; /* conditions */
};

struct rules {
    struct rule *list;
    size_t num, cap;
    struct rule_condition *conditions;
    size_t num_conditions, cap_conditions;
    char (*names)[RULES_NAME_MAX + 1];
    size_t num_names, cap_names;
    char version[RULES_VERSION_MAX + 1];
    struct finder finders[NUM_RULE_FIELDS];
    size_t first_of[NUM_RULE_FIELDS]; /* the first rule whose key is sought there; num: none */
};

/* rules_compile makes what rules_match needs of what was read. */
int rules_compile(struct rules *r);

#endif
