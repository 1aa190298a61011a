/* mxstat: reads datasets of mxsweep: a command, its files, its options. */
#include <openssl/base.h>
#include <string.h>
#include <zstd.h>

#include "tools/commands.h"
#include "tools/complaint.h"

#define STRING(x)  #x
#define TEXT_OF(x) STRING(x)

static const struct command *const commands[] = {&cmd_report, &cmd_export, &cmd_info, &cmd_verify,
                                                 &cmd_merge,  &cmd_diff,   &cmd_certs};
enum { NUM_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *out)
{
    fputs("usage: mxstat COMMAND [OPTION...] FILE...\nReads datasets that mxsweep "
          "wrote.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < NUM_COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i]->name, commands[i]->about);
    fputs("\n  -h, --help     this text; after a command, what it takes\n"
          "  -V, --version  versions of mxstat and its libraries\n\n"
          "Exit status: 0 all well, 1 a file is damaged or a fault of ours, 2 usage, "
          "4 sweeps differ (diff).\n",
          out);
}

static void version(FILE *out)
{
    fprintf(out, "mxstat %s\nBoringSSL API %s\nzstd %s\n", MXSWEEP_VERSION,
            TEXT_OF(BORINGSSL_API_VERSION), ZSTD_versionString());
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < NUM_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static enum exit_code run_command(const struct command *command, char err[COMMAND_ERR_MAX],
                                  int argc, char **argv)
{
    struct args args;
    if (!args_parse(&args, err, command, argc, argv))
        return EXIT_USAGE;
    if (args.help) {
        args_help(stdout, command);
        return EXIT_GOOD;
    }
    return command->run(&args, err);
}

static enum exit_code run(char err[COMMAND_ERR_MAX], int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    const struct command *command = find(word);
    if (command != NULL)
        return run_command(command, err, argc - 1, argv + 1);
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        help(stdout);
        return EXIT_GOOD;
    }
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        version(stdout);
        return EXIT_GOOD;
    }
    if (argc < 2)
        snprintf(err, COMMAND_ERR_MAX, "no command given; see mxstat --help");
    else
        snprintf(err, COMMAND_ERR_MAX, "%.64s: no such command; see mxstat --help", word);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    char err[COMMAND_ERR_MAX] = "";
    enum exit_code code = run(err, argc, argv);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && (code == EXIT_GOOD || code == EXIT_DIFFERS)) {
        snprintf(err, sizeof err, "standard output: cannot write");
        code = EXIT_FAULT;
    }
    if (err[0] != '\0') {
        fputs("mxstat: ", stderr);
        complaint_print(stderr, err);
    }
    return (int)code;
}
