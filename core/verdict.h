/*
 * verdict: what can be wrong with a mail server's STARTTLS, in words: what it is, why it matters,
 * how to mend it.
 *
 * What       one row for each thing that can be found (core/verdict_table.h), the weightiest
 *            first: where several are found, the lowest code is told first. Texts only; whoever
 *            judges says which rows apply.
 * Promise    lookups return constants, never NULL. Codes are not stored; slugs keep their meaning.
 */
#ifndef MXSWEEP_CORE_VERDICT_H
#define MXSWEEP_CORE_VERDICT_H

#include "core/verdict_table.h"

/* what a row means for a sender that wants TLS */
#define VERDICT_CLASSES(X)                                                                         \
    X(WELL, "well", "all is well")                                                                 \
    X(NOTE, "note", "worth knowing, and no fault")                                                 \
    X(WRONG, "wrong", "STARTTLS works, but something is wrong")                                    \
    X(UNKNOWN, "unknown", "the server put us off or refused us: what it does stays unknown")       \
    X(NO_SMTP, "no-smtp", "no connection, or no SMTP on it")                                       \
    X(BROKEN, "broken", "STARTTLS is not offered, or does not work")
enum verdict_class {
#define X(NAME, slug, text) VERDICT_CLASS_##NAME,
    VERDICT_CLASSES(X)
#undef X
        NUM_VERDICT_CLASSES
};

enum verdict {
#define X(NAME, class, slug, what, why, mend) VERDICT_##NAME,
    VERDICTS(X)
#undef X
        NUM_VERDICTS
};

struct verdict_text {
    enum verdict_class class;
    const char *slug;
    const char *what; /* a clause without a full stop: details may follow it */
    const char *why;  /* sentences */
    const char *mend; /* sentences; "": nothing to mend */
};

/* verdict_text returns the texts of v < NUM_VERDICTS. */
const struct verdict_text *verdict_text(enum verdict v);

const char *verdict_class_slug(enum verdict_class c);
const char *verdict_class_text(enum verdict_class c);

#endif
