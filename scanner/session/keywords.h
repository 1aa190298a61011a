/*
 * keywords: what the words of an SMTP reply say: a keyword after EHLO, and "come back later".
 *
 * Promise    works on any octets; only lines that begin with a code and a separator have words.
 * Sources    RFC 5321, 4.1.1.1 and 4.2.
 */
#ifndef MXSWEEP_SCANNER_SESSION_KEYWORDS_H
#define MXSWEEP_SCANNER_SESSION_KEYWORDS_H

#include "core/bytes.h"

/* keyword_offered tells whether a line of reply begins with keyword, whole and in any case. */
bool keyword_offered(struct bytes reply, struct bytes keyword);

/* reply_says_later tells whether the text of a reply says "too many connections" or "try again
 * later", in any case, the words parted by any blanks or by the end of a line that the next one
 * continues. */
bool reply_says_later(struct bytes reply);

#endif
