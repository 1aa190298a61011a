/*
 * new_file: a file, or a folder of files, that is there whole or not at all.
 *
 * Promise    what is written has another name until it is kept; a file that exists is never written
 *            over, a folder that exists only if it is empty. What is not kept does not stay.
 * Ownership  the caller's storage; _close frees in any case.
 * Errors     false, and err says which file and the mend.
 */
#ifndef MXSWEEP_TOOLS_NEW_FILE_H
#define MXSWEEP_TOOLS_NEW_FILE_H

#include "core/file.h"
#include "tools/args.h"

struct new_file {
    struct file file;
    const char *path;
    char *temp; /* NULL: not open */
};

/* new_file_open fails where path exists; path must outlive the struct. */
bool new_file_open(struct new_file *f, char err[COMMAND_ERR_MAX], const char *path);
bool new_file_write(struct new_file *f, char err[COMMAND_ERR_MAX], struct bytes data);
bool new_file_close(struct new_file *f, char err[COMMAND_ERR_MAX], bool keep);

struct new_folder {
    const char *path;
    char *temp; /* NULL: not open */
};

/* new_folder_open fails where path exists and is no empty folder. */
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
bool new_folder_close(struct new_folder *f, char err[COMMAND_ERR_MAX], bool keep);

#endif
