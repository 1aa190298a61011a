/*
 * page_files: the page, the charts and the tables of a report, as files.
 *
 * What       --html: one file. --svg: a folder with ID.svg for each statistic, and
 *            by-DIMENSION.svg for each break-down. --csv: a folder as report_csv.h has it.
 * Promise    as new_file.h: whole or not at all, nothing written over. What cannot be written is
 *            found out before anything is counted.
 * Ownership  the caller's storage; page_files_close frees in any case.
 * Errors     false, and err says which file and the mend.
 */
#ifndef MXSWEEP_TOOLS_PAGE_FILES_H
#define MXSWEEP_TOOLS_PAGE_FILES_H

#include "tools/new_file.h"
#include "tools/new_folder.h"
#include "tools/report.h"

struct page_files {
    struct new_file html;
    struct new_folder svg, csv;
};

/* where they go; NULL: not wanted */
struct page_paths {
    const char *html, *svg, *csv;
};

/* page_files_open makes them under other names. */
bool page_files_open(struct page_files *p, char err[COMMAND_ERR_MAX],
                     const struct page_paths *paths);
bool page_files_write(struct page_files *p, char err[COMMAND_ERR_MAX], const struct report *r);

/* page_files_close gives them their names, or removes them if keep is false. */
bool page_files_close(struct page_files *p, char err[COMMAND_ERR_MAX], bool keep);

#endif
