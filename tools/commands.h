/*
 * commands: the subcommands of mxstat. They print to stdout; errors are theirs to word and main's
 * to print.
 */
#ifndef MXSWEEP_TOOLS_COMMANDS_H
#define MXSWEEP_TOOLS_COMMANDS_H

#include "tools/args.h"

extern const struct command cmd_report, cmd_export, cmd_info, cmd_verify, cmd_merge, cmd_certs,
    cmd_diff;

#endif
