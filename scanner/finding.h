/*
 * finding: what is wrong with one mail server, from its record and what was judged of it.
 *
 * What       outcomes, handshake, replies, certificates and audits each add what they show; the
 *            list is ordered by weight (core/verdict.h), equal ones as they were added.
 * Promise    details are printable: octets of the server's in them are escaped. Unknown is no
 *            finding.
 * Ownership  plain values; words are constants.
 */
#ifndef MXSWEEP_SCANNER_FINDING_H
#define MXSWEEP_SCANNER_FINDING_H

#include "core/verdict.h"
#include "scanner/judged.h"

enum { FINDINGS_MAX = 64, FINDING_DETAIL_MAX = 320, FINDING_SLUG_MAX = 48 };

struct finding {
    enum verdict what;
    const struct chain_words *chain; /* whose words count in place of the row's; NULL: none */
    char detail[FINDING_DETAIL_MAX]; /* "": none */
};

struct findings {
    size_t num;
    struct finding list[FINDINGS_MAX];
};

/* finding_words gives the texts to tell. */
struct chain_words finding_words(const struct finding *f);
void finding_slug(char out[FINDING_SLUG_MAX], const struct finding *f);
enum verdict_class finding_class(const struct finding *f);

/* findings_add puts in one more, with a detail as printf makes it (format "": none). */
__attribute__((format(printf, 3, 4))) void findings_add(struct findings *f, enum verdict what,
                                                        const char *format, ...);

/* findings_of fills *f with all that there is to say. */
void findings_of(struct findings *f, const struct record *r, const struct judged *judged);

/* parts of it: what a session came to; what its handshake and replies show; what is wrong with the
 * certificates; what audits found */
void findings_of_outcome(struct findings *f, const struct record *r);
void findings_of_handshake(struct findings *f, const struct record *r);
void findings_of_certificates(struct findings *f, const struct judged *judged);
void findings_of_audit(struct findings *f, const struct audit *audit);

/* finding_flag_is_wrong tells whether a flag of a chain is more than a note. */
bool finding_flag_is_wrong(unsigned bit);

/* findings_class returns the class that the list comes to: of its weightiest finding that is no
 * note, or VERDICT_CLASS_WELL. */
enum verdict_class findings_class(const struct findings *f);

/* finding_exit_code returns the exit status that goes with a class; finding_worse tells whether a
 * counts before b where several addresses share one exit status. */
int finding_exit_code(enum verdict_class c);
bool finding_worse(enum verdict_class a, enum verdict_class b);

/* reply_line writes the first line of a reply, escaped, and " (and N lines)" if there are more. */
enum { REPLY_LINE_TEXT_MAX = 200 };
void reply_line(char out[REPLY_LINE_TEXT_MAX], struct bytes reply);

#endif
