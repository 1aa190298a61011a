/*
 * targets: from arguments and files to a space [0, N) of targets, random access.
 *
 * What       a target_list collects lines `TARGET[,HOSTNAME[,TAG]]`, where TARGET is an address,
 *            prefix or range, or a host name (then without HOSTNAME); it is then made into a
 *            target_space: disjoint segments with their attributes, blocklist and special-purpose
 *            ranges subtracted, allowlist intersected, each address at each port one target. The
 *            same address under different host names is as many targets; under the same host name
 *            it is one target, and the line that came first gives the tag.
 * Names      a host name as TARGET is one target at each port, whatever it resolves to. Its
 *            addresses are not known here: whoever resolves it asks the sets.
 * Index      targets are numbered segment by segment, address by address, port by port (ports vary
 *            fastest). Index is not position: the permutation maps one to the other. The order of
 *            the lines does not change the numbers.
 * Promise    memory is in the number of lines and ranges, not of addresses.
 * Ownership  lists and spaces are the caller's storage with _cleanup; texts in a struct target live
 *            as long as the space.
 * Errors     negative errno-like; err says "SOURCE:LINE: what, mend". What failed is then as it was
 *            before.
 */
#ifndef MXSWEEP_CORE_TARGETS_H
#define MXSWEEP_CORE_TARGETS_H

#include "core/addr.h"
#include "core/bytes.h"
#include "core/lines.h"
#include "core/prefix_set.h"

enum {
    TARGET_LINE_MAX = LINE_MAX_LEN, /* octets of a line of a target list */
    TARGET_HOST_MAX = 253,          /* octets of a host name (RFC 1035) */
    TARGET_TAG_MAX = 128,           /* octets of a tag */
    TARGET_PORTS_MAX = 64           /* ports of one sweep */
};

struct target {
    struct addr addr; /* zero if named */
    uint16_t port;
    bool named;        /* the addresses are those that host resolves to */
    struct bytes host; /* A-labels, lower case; empty: none, and no SNI. data is NUL-terminated when
                          not empty */
    struct bytes tag;  /* empty: none */
};

/* ---- one line ---- */

enum target_item_kind {
    TARGET_ITEM_NONE,  /* blank, a comment, or a line of a discovery tool that names no target */
    TARGET_ITEM_RANGE, /* an address, prefix or range */
    TARGET_ITEM_NAME   /* a host name, to be resolved */
};

/* Ownership  a value, but for the tag, which points into the line */
struct target_item {
    enum target_item_kind kind;
    struct addr_range range;        /* RANGE */
    uint16_t port;                  /* that the line says; 0: none */
    char host[TARGET_HOST_MAX + 1]; /* as struct target has it; empty: none */
    size_t host_len;
    struct bytes tag; /* empty: none */
};

/* target_item_parse reads one line (without its end): `TARGET[,HOSTNAME[,TAG]]`, or what discovery
 * tools print: `open tcp 25 192.0.2.1 1700000000` (masscan -oL; its lines of other kinds, and
 * protocols, name no target), and zmap's heading `saddr`. source and line_no (0: none) name it in
 * errors. Host names are checked (RFC 5890 A-labels or LDH labels, an underscore allowed) and
 * lower-cased, a dot at their end is dropped; what looks like an address that went wrong is no host
 * name. A tag holds neither commas nor control characters. 0, or -EINVAL with err set. */
int target_item_parse(struct target_item *out, char *err, size_t err_len, const char *line,
                      size_t line_len, const char *source, uint64_t line_no);

/* ---- lists ---- */

struct target_list; /* opaque: lines as given */

struct target_list *target_list_new(void);
void target_list_free(struct target_list *list);

/* target_list_add takes one line, as target_item_parse does. */
int target_list_add(struct target_list *list, char *err, size_t err_len, const char *line,
                    size_t line_len, const char *source, uint64_t line_no);

/* target_list_load adds every line of a file ("-": standard input). */
int target_list_load(struct target_list *list, char *err, size_t err_len, const char *path);

/* target_list_check_ports tells whether the ports that lines said (masscan -oL) are all among those
 * of the sweep; the addresses of such lines are visited at all of the sweep's ports. 0, or -EINVAL
 * with the first line that says another in err. */
int target_list_check_ports(const struct target_list *list, char *err, size_t err_len,
                            const uint16_t *ports, size_t num_ports);

/* one maximal run of addresses of one family that share host and tag; or, if named, one host
 * name */
struct target_segment {
    struct addr first, last; /* zero if named */
    uint32_t host, tag;      /* index into the space's texts; 0: none */
    uint64_t before;         /* addresses and names in the segments before this one */
    bool named;
};

struct target_space {
    struct target_segment *segments; /* by host, a name before addresses, then by address;
                                        disjoint. One malloc'ed block */
    size_t num_segments;
    struct bytes *texts; /* distinct host names and tags, ascending by octets; texts[0] is empty.
                            Each is NUL-terminated after its len. One malloc'ed block, which may
                            hold the octets too */
    size_t num_texts;
    uint16_t ports[TARGET_PORTS_MAX];
    size_t num_ports;
    uint64_t num_addrs; /* addresses and names over all segments */
    uint64_t count;     /* N = num_addrs * num_ports */
};

/* what the exclusions took away, in addresses (capped at UINT64_MAX); a host name counts as one in
 * given and left */
struct target_counts {
    uint64_t given, special, blocked, not_allowed, left;
};

/* target_space_build makes the space. special, block and allow may be NULL (nothing subtracted; all
 * allowed); they are sealed. Subtraction order: special, block, then allow: each address is counted
 * once. special and block cover addresses with an IPv4 inside too (addr_refused); allow is taken as
 * it is. given counts distinct pairs of host name and address, and given = special + blocked +
 * not_allowed + left unless a count was capped. -EOVERFLOW: more than UINT64_MAX targets; -EINVAL:
 * no port, a port 0, twice the same, or too many; or target_list_check_ports has words for it. An
 * empty space is no error here (count 0). On failure space is empty and counts are untouched. */
int target_space_build(struct target_space *space, struct target_counts *counts,
                       const struct target_list *list, const struct prefix_set *special,
                       const struct prefix_set *block, const struct prefix_set *allow,
                       const uint16_t *ports, size_t num_ports);
void target_space_cleanup(struct target_space *space);

/* target_space_seal computes before, num_addrs and count of a space whose segments, texts and ports
 * are filled in, such as one read from a dataset. -EINVAL if they are not as struct target_space
 * wants them, -EOVERFLOW as above. */
int target_space_seal(struct target_space *space);

/* target_space_at returns the target of index < count. O(log segments). */
struct target target_space_at(const struct target_space *space, uint64_t index);

/* target_space_between does the same for who knows that it is in one of the segments low to
 * high - 1: the last of them with before <= index / num_ports. */
struct target target_space_between(const struct target_space *space, uint64_t index, size_t low,
                                   size_t high);

/* target_space_find gives the index of the target of an address (host compared exactly), and
 * target_space_find_name that of a host name; false if it is not in the space. */
bool target_space_find(const struct target_space *space, uint64_t *index, struct addr addr,
                       uint16_t port, struct bytes host);
bool target_space_find_name(const struct target_space *space, uint64_t *index, struct bytes host,
                            uint16_t port);

/* target_space_has_names tells whether there is a host name to resolve among the targets. */
bool target_space_has_names(const struct target_space *space);

#endif
