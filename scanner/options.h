/*
 * options: the command line of mxsweep, read by one table that also writes --help.
 *
 * Units      times in ns.
 * Ownership  texts point into argv; options_cleanup frees the lists.
 * Errors     options_parse returns negative and writes to err what is wrong with which option, and
 *            the mend.
 */
#ifndef MXSWEEP_SCANNER_OPTIONS_H
#define MXSWEEP_SCANNER_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/dataset.h"
#include "scanner/visit.h"

enum { OPTIONS_ERR_MAX = 512 };

struct text_list {
    const char **texts;
    size_t num;
};

struct options {
    struct text_list targets, input_files;
    const char *output_file, *resume_file, *blocklist_file, *allowlist_file;
    const char *ehlo_name, *user_metadata;
    const char *status_file, *metrics_file; /* NULL: not asked for; status_file "-": stdout */
    const char *source_ips, *asn_db, *control_file, *dns_servers;
    uint16_t ports[TARGET_PORTS_MAX];
    size_t num_ports;                    /* 0: not given */
    uint64_t rate_step_ns;               /* between two starts of the whole sweep; 0: no limit */
    uint64_t in_flight;                  /* 0: as many as descriptors allow */
    uint64_t prefix_step_ns, as_step_ns; /* between two starts in one network; 0: no limit */
    uint64_t prefix_in_flight;           /* 0: no limit */
    unsigned prefix_len4, prefix_len6;
    uint64_t retries, retry_delay_ns;
    uint16_t audits;                      /* core/audit.h: bits; 0: none */
    uint64_t audit_delay_ns;
    uint64_t syns;                        /* 0: as many as the kernel sends */
    uint64_t max_targets;                 /* 0: all, or as max_targets_ppm says */
    uint32_t max_targets_ppm, sample_ppm; /* millionths; 0: all */
    uint64_t max_runtime_ns;              /* 0: no limit */
    uint64_t control_interval_ns;
    uint64_t disk_wait_ns; /* 0: not at all */
    uint64_t rotate_size, rotate_ns; /* of a part, in octets and by time; 0: no limit */
    uint64_t threads;      /* 0: as many as there are processors */
    uint64_t shards, shard;
    uint64_t seed;
    uint64_t connect_timeout_ns, reply_timeout_ns, tls_timeout_ns, session_timeout_ns, flush_ns;
    enum record_mode record_mode;
    bool has_seed, has_shards, has_shard, has_record;
    bool include_special, starttls_anyway, dry_run, quiet;
    bool stream, preflight, resume_or_create, explain_failures;
    bool help, version;
};

/* options_defaults sets what holds for options that are not given. */
void options_defaults(struct options *o);

int options_parse(struct options *o, char err[OPTIONS_ERR_MAX], int argc, char *const *argv);
void options_cleanup(struct options *o);

/* options_help writes what --help shows. */
void options_help(FILE *out);

#endif
