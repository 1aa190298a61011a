/*
 * report_csv: the figures of a report as tables (RFC 4180), for spreadsheets and data frames.
 *
 * What       a folder with ID.csv for each statistic, by-DIMENSION.csv for each break-down (a row
 *            for each row of each statistic of each group), statistics.csv (what they are),
 *            figures.csv (numbers about whole statistics) and sets.csv.
 * Promise    the same figures as the JSON, unrounded; cells as export_csv.h has them: none begins a
 *            formula. Memory does not grow with the groups.
 * Errors     false, and err says which folder and the mend.
 */
#ifndef MXSWEEP_TOOLS_REPORT_CSV_H
#define MXSWEEP_TOOLS_REPORT_CSV_H

#include "tools/new_folder.h"
#include "tools/report.h"

/* report_csv writes all files into a folder that is open. */
bool report_csv(struct new_folder *folder, char err[COMMAND_ERR_MAX], const struct report *r);

#endif
