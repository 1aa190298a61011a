#include "tools/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_LONG = 256, HELP = FIRST_LONG + ARGS_MAX };

static size_t num_rows(const struct command *command)
{
    size_t n = 0;
    while (n < ARGS_MAX && command->rows[n].name != NULL)
        n++;
    return n;
}

static void make_getopt(struct option longs[ARGS_MAX + 2], char letters[2 * ARGS_MAX + 4],
                        const struct command *command)
{
    size_t n = 0, num = num_rows(command);
    letters[n++] = ':'; /* tell a missing value from an unknown option */
    letters[n++] = 'h';
    for (size_t i = 0; i < num; i++) {
        const struct arg_row *row = &command->rows[i];
        int has_arg = row->arg != NULL ? required_argument : no_argument;
        longs[i] = (struct option){row->name, has_arg, NULL, FIRST_LONG + (int)i};
        if (row->letter == 0)
            continue;
        letters[n++] = row->letter;
        if (row->arg != NULL)
            letters[n++] = ':';
    }
    longs[num] = (struct option){"help", no_argument, NULL, HELP};
    longs[num + 1] = (struct option){NULL, 0, NULL, 0};
    letters[n] = '\0';
}

static size_t row_of(const struct command *command, int c)
{
    if (c >= FIRST_LONG)
        return (size_t)(c - FIRST_LONG);
    size_t i = 0;
    while (command->rows[i].letter != c)
        i++;
    return i;
}

static bool complain(char err[COMMAND_ERR_MAX], const struct command *command, const char *which,
                     const char *what)
{
    snprintf(err, COMMAND_ERR_MAX, "%s: %s; see mxstat %s --help", which, what, command->name);
    return false;
}

static bool asks_help(const struct args *args, const struct command *command)
{
    for (size_t i = 0; command->asks != NULL && i < num_rows(command); i++)
        if (strcmp(command->rows[i].name, command->asks) == 0)
            return args->values[i] != NULL && strcmp(args->values[i], "help") == 0;
    return false;
}

bool args_parse(struct args *args, char err[COMMAND_ERR_MAX], const struct command *command,
                int argc, char *const *argv)
{
    struct option longs[ARGS_MAX + 2];
    char letters[2 * ARGS_MAX + 4];
    make_getopt(longs, letters, command);
    *args = (struct args){0};
    optind = 0; /* so that it can be called again */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
        if (c == '?' || c == ':')
            return complain(err, command, argv[optind - 1],
                            c == ':'      ? "needs a value"
                            : optopt == 0 ? "unknown option"
                                          : "unknown option, or one that takes no value");
        if (c == 'h' || c == HELP) {
            args->help = true;
            return true;
        }
        size_t row = row_of(command, c);
        if (args->values[row] != NULL && command->rows[row].arg != NULL)
            return complain(err, command, command->rows[row].name, "given twice");
        args->values[row] = optarg != NULL ? optarg : "";
    }
    args->files = argv + optind;
    args->num_files = (size_t)(argc - optind);
    if (args->num_files == 0 && !asks_help(args, command))
        return complain(err, command, "FILE", "none given; name the dataset to read");
    return true;
}

void args_help(FILE *out, const struct command *command)
{
    fprintf(out, "usage: mxstat %s [OPTION...] FILE...\n%s\n\n", command->name, command->about);
    size_t num = num_rows(command);
    for (size_t i = 0; i <= num; i++) {
        static const struct arg_row help = {"help", 'h', NULL, "this text"};
        const struct arg_row *row = i < num ? &command->rows[i] : &help;
        char left[40];
        snprintf(left, sizeof left, "%c%c%c --%s %s", row->letter != 0 ? '-' : ' ',
                 row->letter != 0 ? row->letter : ' ', row->letter != 0 ? ',' : ' ', row->name,
                 row->arg != NULL ? row->arg : "");
        fprintf(out, "  %-22s %s\n", left, row->help);
    }
    fprintf(out,
            "\n%s%sExit status: 0 all well, 1 a file is damaged or a fault of ours, 2 usage.\n",
            command->text != NULL ? command->text : "", command->text != NULL ? "\n" : "");
}

bool args_count(size_t *out, const char *text)
{
    char *end;
    errno = 0;
    unsigned long long count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count > SIZE_MAX)
        return false;
    *out = (size_t)count;
    return true;
}

bool args_octets(uint64_t *out, const char *text)
{
    static const struct {
        const char *suffix;
        uint64_t factor;
    } units[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    char *end;
    errno = 0;
    unsigned long long count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].suffix) != 0)
            continue;
        if (count > UINT64_MAX / units[i].factor)
            return false;
        *out = count * units[i].factor;
        return true;
    }
    return false;
}
