/*
 * source: the addresses that we connect from, each with the name that we give there in EHLO.
 *
 * Promise    turns of one family go round its addresses evenly, in the order given.
 * Ownership  plain value; names point into the command line or into a dataset's header.
 * Errors     -EINVAL, with what is wrong and the mend in err.
 * Sources    RFC 5321, 4.1.1.1 (EHLO names).
 */
#ifndef MXSWEEP_SCANNER_SOURCE_H
#define MXSWEEP_SCANNER_SOURCE_H

#include "core/addr.h"
#include "core/bytes.h"

enum { SOURCES_MAX = 64, SOURCE_ERR_MAX = 512 };

struct sources {
    struct addr addrs[SOURCES_MAX];
    size_t num; /* 0: the kernel chooses */
    struct bytes names[SOURCES_MAX];
    size_t num_names; /* one for all, or one for each address */
    uint8_t of_family[2][SOURCES_MAX];
    size_t num_of_family[2]; /* IPv4, IPv6 */
};

/* source_name_is_sound tells whether name is a domain name (needs_dot: a qualified one) or an
 * address literal. It is sent as it is: nothing else may be in it. */
bool source_name_is_sound(struct bytes name, bool needs_dot);

/* sources_parse reads comma-separated addresses (NULL: none) and names (NULL: default_name for
 * all). needs_dot: of names. */
int sources_parse(struct sources *out, char err[SOURCE_ERR_MAX], const char *addrs,
                  const char *names, const char *default_name, bool needs_dot);

/* sources_take does the same with those of a dataset's header. */
int sources_take(struct sources *out, char err[SOURCE_ERR_MAX], const struct addr *addrs,
                 size_t num, const struct bytes *names, size_t num_names);

/* sources_choose returns the index of the address for a target of a family at its turn; where that
 * family has none, SOURCES_MAX. */
size_t sources_choose(const struct sources *s, bool is_v4, uint64_t turn);

/* sources_name returns the EHLO name of an index that sources_choose gave. */
struct bytes sources_name(const struct sources *s, size_t index);

#endif
