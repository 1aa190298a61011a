/*
 * dns_answer: what the end of a query says, as c-ares reports it: a status and maybe a message.
 *
 * Promise    the message is hostile: nothing but its octets is read. A message that is no answer
 *            (an echo of the query, a referral by a server that does not recurse) is a failure, so
 *            that "no such name" and "no such record" are only said where a server said so.
 * Errors     none; verdicts are data.
 */
#ifndef MXSWEEP_SCANNER_DNS_ANSWER_H
#define MXSWEEP_SCANNER_DNS_ANSWER_H

#include "core/addr.h"
#include "core/bytes.h"

enum { DNS_NAME_MAX = 253 }; /* octets of a host name, no dot at the end (RFC 1035) */

enum dns_verdict {
    DNS_RECORDS = 1, /* the message holds some; is it sound, too, is for the reader to see */
    DNS_NOTHING,     /* definite: no such name, or no such record */
    DNS_FAILED,
    DNS_NO_MEMORY
};

/* dns_verdict judges a status of c-ares and its message (empty where there is none); *why, where it
 * failed, is a constant that says how. */
enum dns_verdict dns_verdict(const char **why, int status, struct bytes message);

/* dns_read_addrs reads up to max addresses of one family from a message with DNS_RECORDS, in its
 * order; *cut tells whether there were more. Without any it is DNS_NOTHING. */
enum dns_verdict dns_read_addrs(struct addr *out, unsigned *num, bool *cut, const char **why,
                                struct bytes message, bool v4, unsigned max);

/* dns_read_names reads up to max host names of PTR records; those that are no host names are left
 * out. */
enum dns_verdict dns_read_names(char (*out)[DNS_NAME_MAX + 1], unsigned *num, bool *cut,
                                const char **why, struct bytes message, unsigned max);

/* dns_is_host tells whether text is a host name: labels of 1 to 63 letters, digits, - and _, with
 * or without a dot at the end. */
bool dns_is_host(const char *text);

#endif
