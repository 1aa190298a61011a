#include "core/judge.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct chain_words outcomes[] = {
#define X(code, NAME, slug, text, why, mend) [code] = {slug, text, why, mend},
    CHAIN_OUTCOMES(X)
#undef X
};

static const struct chain_words flags[] = {
#define X(bit, NAME, slug, text, why, mend) [bit] = {slug, text, why, mend},
    CHAIN_FLAGS(X)
#undef X
};

const struct chain_words *chain_outcome_words(unsigned code)
{
    return code < COUNT(outcomes) ? &outcomes[code] : NULL;
}

const struct chain_words *chain_flag_words(unsigned bit)
{
    return bit < COUNT(flags) ? &flags[bit] : NULL;
}

static int find(const struct chain_words *table, size_t num, const char *slug)
{
    for (size_t i = 0; i < num; i++)
        if (strcmp(table[i].slug, slug) == 0)
            return (int)i;
    return -1;
}

int chain_outcome_find(const char *slug)
{
    return find(outcomes, COUNT(outcomes), slug);
}

int chain_flag_find(const char *slug)
{
    return find(flags, COUNT(flags), slug);
}
