/*
 * target_merge: makes disjoint segments of the overlapping lines of a target_list.
 *
 * What       under one host each address is kept once, with the tag of the first line that has it.
 *            One sweep over the ranges in the order of their first addresses, with a heap of those
 *            that are open.
 * Promise    O(lines log lines) in time, O(lines) in memory, whatever the overlaps.
 */
#ifndef MXSWEEP_CORE_TARGET_MERGE_H
#define MXSWEEP_CORE_TARGET_MERGE_H

#include "core/target_lines.h"
#include "core/targets.h"

struct target_segments {
    struct target_segment *at; /* the caller's to free */
    size_t num, cap;
};

/* target_segments_add appends a segment, joined to the one before where it goes on with the same
 * host and tag. */
int target_segments_add(struct target_segments *segments, struct target_segment segment);

/* target_merge fills out (empty), by host and then by address. ranks gives each text of the list's
 * pool its number in the segments. 0 or -ENOMEM. */
int target_merge(struct target_segments *out, const struct target_list *list,
                 const uint32_t *ranks);

#endif
