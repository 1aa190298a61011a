/* mxprobe: visits one mail server, and says how it does STARTTLS: for a person, in place of openssl
 * s_client. Options, visit, what is told of it, exit code. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "scanner/header.h"
#include "scanner/sweep.h"
#include "scanner/tell.h"

static bool wants_color(const struct probe_options *o)
{
    const char *no_color = getenv("NO_COLOR");
    if (o->color != PROBE_COLOR_AUTO)
        return o->color == PROBE_COLOR_ALWAYS;
    return (no_color == NULL || no_color[0] == '\0') && isatty(STDOUT_FILENO);
}

static int run(const struct probe_options *o)
{
    struct telling telling;
    struct one one;
    char err[PLAN_ERR_MAX];
    int code = tell_open(&telling, o, stdout, wants_color(o));
    if (code == EXIT_COMPLETE) {
        int rc = one_run(&one, err, o, isatty(STDERR_FILENO));
        if (rc != 0)
            fprintf(stderr, "mxprobe: %s\n", err);
        code = rc == 0 ? tell_all(&telling, &one) : rc == -EINVAL ? EXIT_USAGE : EXIT_FAULT;
        one_cleanup(&one);
    }
    tell_close(&telling);
    return code;
}

int main(int argc, char **argv)
{
    struct probe_options o;
    char err[OPTIONS_ERR_MAX];
    int code = EXIT_COMPLETE;
    signal(SIGPIPE, SIG_IGN);
    if (probe_options_parse(&o, err, argc, argv) != 0) {
        fprintf(stderr, "mxprobe: %s\n", err);
        code = EXIT_USAGE;
    } else if (o.help) {
        probe_options_help(stdout);
    } else if (o.version) {
        header_print_version(stdout, "mxprobe");
    } else {
        code = run(&o);
    }
    probe_options_cleanup(&o);
    return code;
}
