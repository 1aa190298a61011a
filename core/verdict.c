#include "core/verdict.h"

static const struct verdict_text texts[NUM_VERDICTS] = {
#define X(NAME, class, slug, what, why, mend) {VERDICT_CLASS_##class, slug, what, why, mend},
    VERDICTS(X)
#undef X
};

static const struct {
    const char *slug, *text;
} classes[NUM_VERDICT_CLASSES] = {
#define X(NAME, slug, text) {slug, text},
    VERDICT_CLASSES(X)
#undef X
};

const struct verdict_text *verdict_text(enum verdict v)
{
    return &texts[v];
}

const char *verdict_class_slug(enum verdict_class c)
{
    return classes[c].slug;
}

const char *verdict_class_text(enum verdict_class c)
{
    return classes[c].text;
}
