/*
 * new_folder: a folder of files that is there whole or not at all.
 *
 * Promise    the files are in a folder of another name, DIR.PID-N.tmp, until they are kept; it is
 *            made with the first of them, and does not stay when the process is interrupted or what
 *            it makes is not kept. Only a process that is killed leaves it. A folder that exists is
 *            taken only if it is empty.
 * Ownership  the caller's storage; _close frees in any case. Of several folders, and files beside
 *            them, the one that was opened last is closed first.
 * Errors     false, and err says which folder and the mend.
 */
#ifndef MXSWEEP_TOOLS_NEW_FOLDER_H
#define MXSWEEP_TOOLS_NEW_FOLDER_H

#include "core/file.h"
#include "tools/args.h"
#include "tools/signal_hold.h"

struct new_folder {
    const char *path; /* NULL: not open */
    char *temp;       /* NULL: holds nothing yet */
    struct signal_hold hold;
};

/* new_folder_open fails where path exists and is no empty folder. path must outlive the struct. */
bool new_folder_open(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *path);

/* a file in it, written piece by piece */
struct new_folder_file {
    struct file file;
    bool is_open;
    uint64_t len;
};

/* new_folder_create begins one; the name is ours. new_folder_finish ends it in any case, with what
 * came before: good, or not. */
bool new_folder_create(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, const char *name);
bool new_folder_append(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, struct bytes data);
bool new_folder_finish(struct new_folder *f, char err[COMMAND_ERR_MAX],
                       struct new_folder_file *file, bool good);

/* new_folder_write makes a file in one go. */
bool new_folder_write(struct new_folder *f, char err[COMMAND_ERR_MAX], const char *name,
                      struct bytes data);

/* new_folder_close gives the folder its name, or removes it if keep is false; err is then left
 * alone. On one that is closed it does nothing. */
bool new_folder_close(struct new_folder *f, char err[COMMAND_ERR_MAX], bool keep);

#endif
