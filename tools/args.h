/*
 * args: the command line of a subcommand, read by the table that also writes its --help.
 *
 * Ownership  values point into argv.
 * Errors     args_parse returns false and writes to err what is wrong with which option, and the
 *            mend.
 */
#ifndef MXSWEEP_TOOLS_ARGS_H
#define MXSWEEP_TOOLS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ARGS_MAX = 24, COMMAND_ERR_MAX = 1024 };

/* EXIT_DIFFERS: all went well, and what was compared is not the same */
enum exit_code { EXIT_GOOD = 0, EXIT_FAULT = 1, EXIT_USAGE = 2, EXIT_DIFFERS = 4 };

struct arg_row {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: a flag */
    const char *help;
};

struct args {
    const char
        *values[ARGS_MAX]; /* by row of the command's table; NULL: not given; "" for a flag */
    char *const *files;
    size_t num_files;
    bool help;
};

/* A subcommand. run returns an exit code and says in err what is wrong, or what the user should
 * know although all went well. */
struct command {
    const char *name, *about;
    const char *text;              /* for --help, below the options; NULL: nothing */
    const char *asks;              /* option whose value `help` needs no FILE; NULL: none */
    struct arg_row rows[ARGS_MAX]; /* up to the first without a name */
    enum exit_code (*run)(const struct args *args, char err[COMMAND_ERR_MAX]);
};

/* args_parse reads argv[1] on; argv[0] is the command's name. */
bool args_parse(struct args *args, char err[COMMAND_ERR_MAX], const struct command *command,
                int argc, char *const *argv);

/* args_help writes what `mxstat COMMAND --help` shows. */
void args_help(FILE *out, const struct command *command);

/* args_count reads a count in decimal digits; false if text is no such thing. */
bool args_count(size_t *out, const char *text);

/* args_octets reads a number of octets, with k, M or G behind it (thousands, and so on). */
bool args_octets(uint64_t *out, const char *text);

#endif
