/*
 * rules: what a text of a server says, by a list of rules: the name of its software, the reason of
 * a refusal, the product whose certificate it is. The language is in doc/mta-rules.md.
 *
 * What       a rule is a name and conditions on texts; the first rule whose conditions all hold
 *            gives the name, and a version if its patterns have one. No rule: nothing is known.
 * Promise    any octets are safe, and the work is bounded: only the first RULES_TEXT_MAX octets of
 *            a text are looked at, and in a text that has none of the rules' words each octet
 *            once. Any number of threads may match.
 * Ownership  heap; rules_free frees, NULL is fine. Names live as long as the rules, versions as
 *            the text.
 * Errors     negative errno-like, with "SOURCE:LINE: what, where; mend" in err.
 */
#ifndef MXSWEEP_TOOLS_RULES_H
#define MXSWEEP_TOOLS_RULES_H

#include "core/bytes.h"

enum {
    RULES_ERR_MAX = 512,
    RULES_FILE_MAX = 1 << 18, /* octets */
    RULES_MAX = 512,
    RULES_CONDITIONS_MAX = 8, /* of one rule */
    RULES_NAME_MAX = 64,
    RULES_TEXT_MAX = 2048
};

/* X(NAME, word in the file) */
#define RULE_FIELDS(X)                                                                             \
    X(GREETING, "greeting")                                                                        \
    X(EHLO, "ehlo")                                                                                \
    X(REPLY, "reply")                                                                              \
    X(ISSUER, "issuer")

enum rule_field {
#define X(NAME, word) RULE_##NAME,
    RULE_FIELDS(X)
#undef X
        NUM_RULE_FIELDS
};

struct rules;

/* rules_parse reads the text of a rules file; what says which kind it must be ("mta"), source names
 * it in errors. */
int rules_parse(struct rules **out, char err[RULES_ERR_MAX], struct bytes text, const char *what,
                const char *source);

/* rules_load reads such a file. */
int rules_load(struct rules **out, char err[RULES_ERR_MAX], const char *path, const char *what);
void rules_free(struct rules *r);

/* rules_version returns what the file says of its own version. */
const char *rules_version(const struct rules *r);

struct rule_match {
    uint32_t name;        /* number of the name, from 0; rules of the same name share it */
    struct bytes version; /* empty: not told */
};

/* rules_match finds the first rule that holds; false: none does. A text of no octets is not known:
 * no condition on it holds, not even one with `not`. */
bool rules_match(const struct rules *r, struct rule_match *out,
                 const struct bytes texts[NUM_RULE_FIELDS]);

/* rules_recall does the same, faster where texts differ in their first words alone, as those of
 * many servers do. A memo is of one list of rules and one thread; it never grows. */
struct rules_memo;
struct rules_memo *rules_memo_new(void); /* NULL: no memory */
void rules_memo_free(struct rules_memo *memo);
bool rules_recall(const struct rules *r, struct rules_memo *memo, struct rule_match *out,
                  const struct bytes texts[NUM_RULE_FIELDS]);

size_t rules_num_names(const struct rules *r);
const char *rules_name(const struct rules *r, uint32_t name);

#endif
