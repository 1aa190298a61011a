#include "tools/walk.h"

#include <errno.h>
#include <stdio.h>

int walk_open(struct walk *w, char err[WALK_ERR_MAX], const char *path)
{
    *w = (struct walk){.path = path};
    int rc = dataset_open(&w->reader, err, path);
    if (rc != 0) {
        w->reader = NULL;
        return rc;
    }
    w->header = dataset_reader_header(w->reader);
    w->block = block_new(w->header);
    if (w->block == NULL) {
        snprintf(err, WALK_ERR_MAX, "%s: no memory to read it", path);
        return -ENOMEM;
    }
    return 0;
}

void walk_close(struct walk *w)
{
    block_free(w->block);
    if (w->reader != NULL)
        dataset_close(w->reader);
    *w = (struct walk){0};
}

static int decode(struct walk *w, char why[DATASET_ERR_MAX])
{
    switch (w->item.kind) {
    case DATASET_BLOCK: return block_decode_view(w->block, w->item.payload, why);
    case DATASET_EVENT: return dataset_event_decode(&w->event, w->item.payload, why);
    case DATASET_TRAILER: return dataset_trailer_decode(&w->trailer, w->item.payload, why);
    case DATASET_HEADER:
    case DATASET_INDEX: break;
    }
    return 0;
}

int walk_next(struct walk *w, char err[WALK_ERR_MAX])
{
    char why[DATASET_ERR_MAX] = "";
    int rc = dataset_next(w->reader, &w->item, err);
    if (rc <= 0)
        return rc;
    rc = decode(w, why);
    if (rc < 0) {
        snprintf(err, WALK_ERR_MAX, "%s: frame %llu at offset %llu, after %llu blocks: %s", w->path,
                 (unsigned long long)w->item.number, (unsigned long long)w->item.offset,
                 (unsigned long long)w->blocks, why);
        return rc;
    }
    w->blocks += w->item.kind == DATASET_BLOCK;
    if (w->item.kind == DATASET_TRAILER)
        w->has_trailer = true;
    else if (w->item.kind != DATASET_INDEX)
        w->has_trailer = false;
    return 1;
}

enum walk_end walk_end_of(const struct walk *w, int rc)
{
    if (rc == -ENODATA)
        return WALK_TORN;
    if (!w->has_trailer)
        return WALK_OPEN;
    switch (w->trailer.reason) {
    case DATASET_COMPLETE: return WALK_COMPLETE;
    case DATASET_STOPPED: return WALK_STOPPED;
    case DATASET_LIMIT: return WALK_LIMIT;
    case DATASET_ROTATED: return WALK_ROTATED;
    case DATASET_FAULT: break;
    }
    return WALK_FAULT;
}

static const struct {
    const char *slug, *text;
} ends[] = {
    [WALK_COMPLETE] = {"complete", "complete"},
    [WALK_STOPPED] = {"stopped", "not complete: the sweep was stopped, and can be resumed"},
    [WALK_LIMIT] = {"limit",
                    "not complete: the sweep ended at a limit of its own, and can be resumed"},
    [WALK_FAULT] = {"fault",
                    "not complete: the scanner ended on a fault of its own, and can be resumed"},
    [WALK_ROTATED] = {"rotated", "the sweep goes on in the next part"},
    [WALK_OPEN] = {"open",
                   "not complete: no trailer, so it is being written, or its writer was killed"},
    [WALK_TORN] = {"torn", "not complete: the last block was cut off while it was written"},
};

const char *walk_end_slug(enum walk_end end)
{
    return ends[end].slug;
}

const char *walk_end_text(enum walk_end end)
{
    return ends[end].text;
}

void walk_note(const struct walk *w, int rc, const char *path)
{
    enum walk_end end = walk_end_of(w, rc);
    if (rc == 0 && end != WALK_COMPLETE && end != WALK_TORN)
        fprintf(stderr, "mxstat: %s: %s\n", path, walk_end_text(end));
}
