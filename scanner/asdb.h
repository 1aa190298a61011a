/*
 * asdb: the autonomous system of an address, from a database in MaxMind's format.
 *
 * What       GeoLite2-ASN and DB-IP's (autonomous_system_number), IPinfo's (asn, "AS64500"), and
 *            those with traits.
 * Promise    the file is copied and looked through before it is used: what becomes of it on the
 *            disk afterwards does not matter, and whatever is in it, a look-up does no harm. Any
 *            number of threads may look up at once.
 * Ownership  heap; asdb_close frees, NULL is fine.
 * Errors     negative errno, with "FILE: what; mend" in err, always printable.
 */
#ifndef MXSWEEP_SCANNER_ASDB_H
#define MXSWEEP_SCANNER_ASDB_H

#include "core/addr.h"

enum { ASDB_ERR_MAX = 512, ASDB_TYPE_MAX = 80 };

struct asdb;

/* asdb_open opens a database that holds numbers of autonomous systems; any other is refused. */
int asdb_open(struct asdb **out, char err[ASDB_ERR_MAX], const char *path);
void asdb_close(struct asdb *db);

/* asdb_lookup returns the number of the autonomous system that a belongs to; 0: not known. */
uint32_t asdb_lookup(const struct asdb *db, struct addr a);

struct asdb_facts {
    char type[ASDB_TYPE_MAX]; /* as the database calls itself, printable */
    uint64_t built_s;         /* when it was made, seconds since 1970 */
    bool has_v6;
    uint8_t sha256[32]; /* of the file */
};

void asdb_describe(const struct asdb *db, struct asdb_facts *out);

#endif
