/*
 * show_parts: what mxprobe tells of one address, part by part.
 *
 * Promise    octets of the server's are escaped before they are printed.
 * Ownership  a view is borrowed.
 */
#ifndef MXSWEEP_SCANNER_SHOW_PARTS_H
#define MXSWEEP_SCANNER_SHOW_PARTS_H

#include "core/dataset.h"
#include "scanner/finding.h"
#include "scanner/show.h"

struct view {
    const struct dataset_header *header;
    const struct record *record;
    const struct judged *judged;
    const struct findings *findings;
    const char *store_name; /* file of the trust store */
    bool transcript;        /* all that was said, too */
};

/* show_target says who was visited, when and from where; then each part that there is: */
void show_target(const struct show *s, const struct view *v);
void show_dialogue(const struct show *s, const struct view *v);
void show_transcript(const struct show *s, const struct view *v);
void show_keywords(const struct show *s, const struct view *v);
void show_tls(const struct show *s, const struct view *v);
void show_chain(const struct show *s, const struct view *v);
void show_audit(const struct show *s, const struct view *v);
void show_verdict(const struct show *s, const struct view *v);

/* show_all writes all of them. */
void show_all(const struct show *s, const struct view *v);

#endif
