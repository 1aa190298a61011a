#include "core/dataset_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char ENDING[] = ".mxs.zst";
enum { ENDING_LEN = sizeof ENDING - 1, NUMBER_MAX = 12 }; /* octets of ".0001", ".4294967294" */

/* ---- names ---- */

/* octets of path before its ending, which the number comes in front of */
static size_t stem_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t len = strlen(path), name_len = strlen(name);
    if (name_len > ENDING_LEN && strcmp(path + len - ENDING_LEN, ENDING) == 0)
        return len - ENDING_LEN;
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot != name ? (size_t)(dot - path) : len;
}

static size_t put_number(char out[NUMBER_MAX], uint32_t part)
{
    return (size_t)snprintf(out, NUMBER_MAX, ".%04u", part);
}

char *dataset_part_path(const char *first, uint32_t part)
{
    char number[NUMBER_MAX] = "";
    size_t len = strlen(first), stem = stem_len(first);
    size_t number_len = part > 0 ? put_number(number, part) : 0;
    char *path = malloc(len + number_len + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, first, stem);
    memcpy(path + stem, number, number_len);
    memcpy(path + stem + number_len, first + stem, len - stem + 1);
    return path;
}

char *part_next_path(const struct dataset_writer *w)
{
    return dataset_part_path(w->sweep.first_path != NULL ? w->sweep.first_path : w->path,
                             w->part + 1);
}

/* path without the number at `at`, if its part has the name path then; or NULL */
static char *without_number(const char *path, const char *at, size_t number_len, uint32_t part)
{
    size_t before = (size_t)(at - path);
    char *first = malloc(strlen(path) + 1);
    if (first == NULL)
        return NULL;
    memcpy(first, path, before);
    memcpy(first + before, at + number_len, strlen(at + number_len) + 1);
    char *again = dataset_part_path(first, part);
    bool fits = again != NULL && strcmp(again, path) == 0;
    free(again);
    if (fits)
        return first;
    free(first);
    return NULL;
}

char *part_first_path(const char *path, uint32_t part)
{
    char number[NUMBER_MAX], *first = NULL;
    size_t number_len = put_number(number, part);
    for (const char *at = path; first == NULL && (at = strstr(at, number)) != NULL; at++)
        first = without_number(path, at, number_len, part);
    return first;
}

/* ---- a part that is only begun ---- */

bool part_follows(const struct dataset_header *next, const struct dataset_header *h)
{
    return h->part == next->part && h->shard == next->shard &&
           memcmp(h->id, next->id, sizeof h->id) == 0 &&
           memcmp(h->sweep_id, next->sweep_id, HASH_LEN) == 0;
}

/* whether a file is no longer than frame, and each octet is that of frame, or 0 */
static bool is_piece(FILE *in, struct bytes frame)
{
    size_t len = 0;
    int c;
    while ((c = getc(in)) != EOF) {
        if (len == frame.len || (c != 0 && c != frame.data[len]))
            return false;
        len++;
    }
    return !ferror(in);
}

static bool is_piece_of_header(struct dataset_writer *w, const struct dataset_header *h,
                               const char *path)
{
    struct bytes frame;
    cbor_writer_reset(&w->item);
    if (header_encode(&w->item, h) != 0 ||
        frame_pack(&w->codec, &frame, bytes_of(w->item.data, w->item.len)) != 0)
        return false;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return false;
    bool piece = is_piece(in, frame);
    fclose(in);
    return piece;
}

bool part_is_begun(struct dataset_writer *w, const struct dataset_header *h, const char *path)
{
    char err[DATASET_ERR_MAX];
    struct dataset_item item;
    struct dataset_reader *r;
    int rc = dataset_open(&r, err, path);
    if (rc == -ENODATA || rc == -EILSEQ)
        return is_piece_of_header(w, h, path);
    if (rc != 0)
        return false;
    bool begun = part_follows(h, dataset_reader_header(r)) && dataset_next(r, &item, err) == 0;
    dataset_close(r);
    return begun;
}

/* ---- going on in the next part ---- */

static int fail_taken(char err[DATASET_ERR_MAX], const char *path)
{
    return dataset_fail(err, -EEXIST,
                        "%s: is there already, where the next part belongs: move it away", path);
}

int dataset_can_rotate(const struct dataset_writer *w, char err[DATASET_ERR_MAX])
{
    char *path = part_next_path(w);
    if (path == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to write it", w->path);
    bool taken = w->next == NULL && w->begun_path == NULL && access(path, F_OK) == 0;
    int rc = taken ? fail_taken(err, path) : 0;
    free(path);
    return rc;
}

/* makes the part after this one, at path; its header is durable then */
static int create_next(struct dataset_writer *w, char err[DATASET_ERR_MAX], const char *path)
{
    struct dataset_reader *r;
    struct dataset_header h;
    int rc = reader_open(&r, err, w->file.fd, w->path);
    if (rc != 0)
        return rc;
    header_next_part(&h, dataset_reader_header(r));
    h.space = w->builder.due.space;   /* as r's, and outlives it */
    if (access(path, F_OK) == 0 && part_is_begun(w, &h, path))
        unlink(path);   /* of an attempt that failed */
    rc = dataset_create_on(&w->next, err, path, &h, w->file.ops, w->file.context);
    dataset_close(r);
    return rc == -EEXIST ? fail_taken(err, path) : rc;
}

/* makes it unless that was done */
static int begin_next(struct dataset_writer *w, char err[DATASET_ERR_MAX])
{
    if (w->next != NULL)
        return 0;
    char *path = part_next_path(w);
    int rc = path != NULL ? create_next(w, err, path)
                          : dataset_fail(err, -ENOMEM, "%s: no memory to go on in another part",
                                         w->path);
    free(path);
    return rc;
}

/* the file that is done with; the first one stays open */
static void leave_file(struct writer_sweep *sweep, struct dataset_writer *left)
{
    if (sweep->first_path == NULL) {
        sweep->first_path = left->path;
        sweep->first = left->file;
        left->path = NULL;
    } else {
        int rc = file_close(&left->file); /* all of it is synced: told in the end */
        sweep->close_rc = sweep->close_rc != 0 ? sweep->close_rc : rc;
    }
    left->file.fd = -1;
}

static void go_on_in_next(struct dataset_writer *w)
{
    struct dataset_writer *next = w->next, left = *w;
    writer_add_totals(&left);
    *w = *next;
    w->sweep = left.sweep;
    w->builder.consumed = left.builder.consumed;
    w->builder.consumed.is_new = left.builder.consumed.lines > 0;
    left.sweep = next->sweep;
    left.next = NULL;
    leave_file(&w->sweep, &left);
    *next = left;
    writer_free(next);
}

int dataset_rotate(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t at_us)
{
    int rc = dataset_seal(w, err);
    if (rc == 0)
        rc = begin_next(w, err);
    if (rc == 0) /* from now on, readers look for the next part: so it is there */
        rc = dataset_end(w, err, at_us, DATASET_ROTATED);
    if (rc == 0)
        go_on_in_next(w);
    return rc;
}
