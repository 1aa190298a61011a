/*
 * geo: country and autonomous system of an address, from databases in MaxMind's format.
 *
 * What       where a database has what is looked for is told by its records, not by its name:
 *            countries as MaxMind and DB-IP have them (country.iso_code, and where that is missing
 *            registered_country.iso_code), as IPinfo (country_code, or country) and ip-location-db
 *            (country_code) do; numbers likewise (autonomous_system_number, asn, "AS64496", also
 *            under traits) with the organisation beside them.
 * Promise    files are copied and looked through first: what becomes of them on the disk does not
 *            matter, and nothing in them does harm. A country is two letters A to Z, or not known;
 *            a number that is 0 or cannot be read is not known. Texts are decoded once, when the
 *            database is opened; any number of threads may look up.
 * Ownership  heap; geo_close frees, NULL is fine. Texts live as long as the geo.
 * Errors     negative errno, with "FILE: what; mend" in err, always printable.
 */
#ifndef MXSWEEP_TOOLS_GEO_H
#define MXSWEEP_TOOLS_GEO_H

#include "core/addr.h"
#include "core/bytes.h"

enum { GEO_ERR_MAX = 512, GEO_TYPE_MAX = 80 };

enum geo_kind { GEO_COUNTRY, GEO_AS, NUM_GEO_KINDS };

struct geo;

/* geo_open opens the databases that are named; NULL: none, and nothing of it is known. */
int geo_open(struct geo **out, char err[GEO_ERR_MAX], const char *country_path,
             const char *as_path);
void geo_close(struct geo *g);

struct geo_place {
    char country[3];      /* "DE"; empty: not known */
    uint32_t as_number;   /* 0: not known */
    struct bytes as_name; /* octets of others; empty: not known */
};

/* geo_near brings near what geo_find will look at: asked for with near 0, and a while later each
 * time with the next number below GEO_NEAR. */
enum { GEO_NEAR = 3 };
void geo_near(const struct geo *g, struct addr a, unsigned near);

void geo_find(const struct geo *g, struct geo_place *out, struct addr a);

/* geo_find in two steps: geo_look finds the records and brings near what geo_tell will look at. */
struct geo_found {
    uint32_t numbers[NUM_GEO_KINDS];
};
void geo_look(const struct geo *g, struct geo_found *out, struct addr a);
void geo_tell(const struct geo *g, struct geo_place *out, const struct geo_found *found);

/* what a report says of a database */
struct geo_facts {
    char type[GEO_TYPE_MAX]; /* as the database calls itself, printable */
    const char *schema;      /* a constant: the fields that are read */
    uint64_t built_s;        /* when it was made, seconds since 1970 */
    bool has_v6;
    uint32_t num_records, num_known; /* distinct ones; those with what is looked for */
    uint8_t sha256[32];              /* of the file */
};

/* geo_describe fills *out; false: no such database was named. */
bool geo_describe(const struct geo *g, struct geo_facts *out, enum geo_kind kind);

#endif
