/* mxsweep: visits mail servers and records how they do STARTTLS. Options, plan, sweep, exit
 * code. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "scanner/header.h"
#include "scanner/options.h"
#include "scanner/plan.h"
#include "scanner/sweep.h"

static int run(const struct options *o)
{
    struct plan plan;
    struct status_files files;
    char err[PLAN_ERR_MAX];
    int code;
    bool sweeps = !o->dry_run;
    if (status_files_open(&files, err, sweeps ? o->status_file : NULL,
                          sweeps ? o->metrics_file : NULL) != 0) {
        fprintf(stderr, "mxsweep: %s\n", err);
        return EXIT_USAGE;
    }
    int rc = plan_make(&plan, err, o, sweep_utc_us());
    if (rc != 0) {
        fprintf(stderr, "mxsweep: %s\n", err);
        code = rc == -EINVAL ? EXIT_USAGE : EXIT_FAULT;
    } else if (o->dry_run) {
        rc = plan_print(&plan, err, o, stdout);
        bool good = (fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE; /* read enough */
        code = good ? EXIT_COMPLETE : EXIT_FAULT;
        if (rc != 0) {
            fprintf(stderr, "mxsweep: %s\n", err);
            code = EXIT_FAULT;
        } else if (code != EXIT_COMPLETE)
            fprintf(stderr, "mxsweep: the list of targets could not be written: %s\n",
                    strerror(errno));
    } else {
        code = sweep_run(&plan, o, &files);
    }
    plan_cleanup(&plan);
    status_files_close(&files);
    return code;
}

int main(int argc, char **argv)
{
    struct options o;
    char err[OPTIONS_ERR_MAX];
    int code = EXIT_COMPLETE;
    signal(SIGPIPE, SIG_IGN); /* a reader of our messages that goes away ends no sweep */
    if (options_parse(&o, err, argc, argv) != 0) {
        fprintf(stderr, "mxsweep: %s\n", err);
        code = EXIT_USAGE;
    } else if (o.help) {
        options_help(stdout);
    } else if (o.version) {
        header_print_version(stdout, "mxsweep");
    } else {
        if (o.resume_or_create && access(o.output_file, F_OK) == 0)
            o.resume_file = o.output_file;
        code = run(&o);
    }
    options_cleanup(&o);
    return code;
}
