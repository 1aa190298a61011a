/*
 * dataset_on: datasets written on a file layer of the caller's: one that syncs later, or that a
 * test looks into.
 */
#ifndef MXSWEEP_CORE_DATASET_ON_H
#define MXSWEEP_CORE_DATASET_ON_H

#include "core/dataset.h"
#include "core/file.h"

/* as dataset_create and dataset_resume; ops and context outlive the writer */
int dataset_create_on(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                      const struct dataset_header *header, const struct file_ops *ops,
                      void *context);
int dataset_resume_on(struct dataset_writer **out, struct dataset_found *found,
                      char err[DATASET_ERR_MAX], const char *path, const struct file_ops *ops,
                      void *context);

#endif
