/*
 * new_file: a file that is there whole or not at all, or the standard output.
 *
 * Promise    what is written has no name until it is kept (O_TMPFILE), or, on a file system that
 *            cannot do that, another one: PATH.PID-N.tmp, which does not stay when the process is
 *            interrupted or what it makes is not kept. Only a process that is killed leaves it. A
 *            file that exists is not written over, but for new_file_open_over. What is no file, but
 *            a pipe or a device, is written to straight.
 * Ownership  the caller's storage, which must not move while it is open; _close frees in any case.
 * Errors     false, and err says which file and the mend.
 */
#ifndef MXSWEEP_TOOLS_NEW_FILE_H
#define MXSWEEP_TOOLS_NEW_FILE_H

#include "core/file.h"
#include "tools/args.h"
#include "tools/signal_hold.h"

enum new_file_state { NEW_FILE_CLOSED, NEW_FILE_NAMELESS, NEW_FILE_NAMED, NEW_FILE_STRAIGHT };

struct new_file {
    struct file file;
    const char *path;
    enum new_file_state state;
    bool is_over; /* may take the place of another */
    bool is_lazy; /* the disk is not waited for; the caller's to set, between open and close */
    uint64_t len; /* of what new_file_write has written */
    int rc;       /* what it failed with first: negative errno */
    char *temp;   /* the name of NEW_FILE_NAMED, while it has one */
    FILE *stream; /* NULL: none was asked for */
    struct signal_hold hold;
};

/* new_file_open fails where path exists and is a file; NULL is the standard output. path must
 * outlive the struct. */
bool new_file_open(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path);

/* new_file_open_over takes the place of what is at path once it is kept. It is for caches, and
 * lazy. */
bool new_file_open_over(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path);

/* new_file_open_dataset opens it for a dataset, which is written by new_file_ops: a pipe will not
 * do. Returns 0 or a negative errno. */
int new_file_open_dataset(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path);

bool new_file_write(struct new_file *f, char err[COMMAND_ERR_MAX], struct bytes data);

/* new_file_stream returns a stream that writes behind what new_file_write has written, which is not
 * called any more; new_file_close closes it, and knows what has failed. NULL: no memory, as err
 * says. */
FILE *new_file_stream(struct new_file *f, char err[COMMAND_ERR_MAX]);

/* new_file_close gives the file its name, or removes it if keep is false; err is then left alone.
 * On one that is closed it does nothing. */
bool new_file_close(struct new_file *f, char err[COMMAND_ERR_MAX], bool keep);

/* To write a dataset into one: its context is the struct new_file, open and not straight, and its
 * path that. The dataset's own close leaves the new_file open. Writing fails with -ECANCELED when
 * the process is to end. */
extern const struct file_ops new_file_ops;

/* temp_name_make calls make with names beside path until one is not taken, and sets *temp to that.
 * make returns negative errno. The caller frees. */
int temp_name_make(char **temp, const char *path, int (*make)(void *context, const char *name),
                   void *context);

/* new_file_complain says in err that path exists, or cannot be written and why; returns false. */
bool new_file_complain(char err[COMMAND_ERR_MAX], const char *path, int why);

#endif
