/*
 * exporter: writes the records of datasets in one of the formats.
 *
 * What       of each record: its line of JSON with what is joined to it, what may not be published
 *            taken out of it, fields picked from it, and a line or a row made of that.
 * Promise    memory is that of a block, and an index of certificates where they are shown.
 * Ownership  what the plan names stays the caller's and outlives the exporter.
 * Errors     negative; err says what is wrong. -EIO: out cannot be written.
 */
#ifndef MXSWEEP_TOOLS_EXPORTER_H
#define MXSWEEP_TOOLS_EXPORTER_H

#include "tools/anonymizer.h"
#include "tools/export_certs.h"
#include "tools/export_columns.h"
#include "tools/export_keys.h"
#include "tools/geo.h"
#include "tools/new_file.h"
#include "tools/rules.h"
#include "tools/walk.h"
#include "tools/where.h"

enum export_format { EXPORT_JSONL, EXPORT_CSV, EXPORT_ZGRAB2, EXPORT_KEYS };
enum export_chains { CHAINS_NONE, CHAINS_REF, CHAINS_PARSED, CHAINS_PEM };

struct export_plan {
    enum export_format format;
    enum export_chains chains;
    const struct export_columns *columns; /* NULL: all; csv has some always */
    const struct geo *geo;                /* NULL: none */
    const struct where *where;            /* NULL: all records */
    const struct rules *mta;              /* of software, which where asks of; NULL: it does not */
    const struct anonymizer *anonymizer;  /* NULL: as it is */
    const char *folder;                   /* of temporary files */
};

struct exporter;

/* exporter_new returns NULL without memory. */
struct exporter *exporter_new(const struct export_plan *plan, struct new_file *out);
void exporter_free(struct exporter *e);

/* exporter_reads_certs tells whether the octets of certificates matter: else their hashes need not
 * be checked (block_defer_certs). */
bool exporter_reads_certs(const struct export_plan *plan);

/* exporter_block writes a block that w has read, all blocks of a file in their order. */
int exporter_block(struct exporter *e, char err[SPILL_ERR_MAX], const struct walk *w);

/* exporter_finish writes what is left. */
int exporter_finish(struct exporter *e, char err[SPILL_ERR_MAX]);

#endif
