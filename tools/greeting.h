/*
 * greeting: what is the same in the greetings of servers that are set up alike.
 *
 * What       the words of all lines, without codes; what tells one server or one moment from
 *            another becomes `*`: host names, addresses, numbers, dates, times, ids. Versions
 *            (4.96, 8.15.2/8.15.2, 8.5.3FP6) stay. "220 mx.example.com ESMTP Exim 4.96 Thu, 26 Nov
 *            2026 05:34:27 +0000" is "* ESMTP Exim 4.96 *".
 * Promise    any octets are bounded work; what does not fit is cut. Octets of others: escape them.
 */
#ifndef MXSWEEP_TOOLS_GREETING_H
#define MXSWEEP_TOOLS_GREETING_H

#include "core/bytes.h"

enum { GREETING_TEMPLATE_MAX = 512 };

/* greeting_template writes the template of a greeting as received, no NUL, and returns its length.
 */
size_t greeting_template(char out[GREETING_TEMPLATE_MAX], struct bytes greeting);

#endif
