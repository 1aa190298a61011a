#include "core/dataset_frame.h"
#include "core/dataset_private.h"
#include "core/dataset_search.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_LEN = 256 << 10 };   /* octets read at once, at the least */

struct dataset_reader {
    int fd;
    bool owns_fd;
    char *path;
    uint8_t *data;            /* of the file, from data_offset on */
    size_t data_len, data_cap;
    uint64_t data_offset;
    uint64_t offset, number;  /* of the next frame */
    uint64_t num_blocks;
    uint8_t previous[HASH_LEN];
    bool ends_with_trailer;
    struct frame_codec codec;
    struct header_store *header;
};

/* ---- the octets of the file ---- */

static int reserve(struct dataset_reader *r, size_t len)
{
    if (len <= r->data_cap)
        return 0;
    uint8_t *data = realloc(r->data, len);
    if (data == NULL)
        return -ENOMEM;
    r->data = data;
    r->data_cap = len;
    return 0;
}

/* what is read of the next frame so far */
static struct bytes in_hand(const struct dataset_reader *r)
{
    size_t used = (size_t)(r->offset - r->data_offset);
    return bytes_of(r->data + used, r->data_len - used);
}

/* reads until want octets of the next frame are in hand, or the file ends */
static int fill(struct dataset_reader *r, size_t want)
{
    struct bytes in = in_hand(r);
    if (in.len >= want)
        return 0;
    if (in.len > 0)
        memmove(r->data, in.data, in.len);
    r->data_len = in.len;
    r->data_offset = r->offset;
    int rc = reserve(r, want > READ_LEN ? want : READ_LEN);
    if (rc != 0)
        return rc;
    while (r->data_len < want) {
        ssize_t n = pread(r->fd, r->data + r->data_len, r->data_cap - r->data_len,
                          (off_t)(r->data_offset + r->data_len));
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        r->data_len += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* ---- frames ---- */

static int fail_at(const struct dataset_reader *r, char err[DATASET_ERR_MAX], int rc,
                   const char *what)
{
    return dataset_fail(err, rc, "%s: frame %llu at octet %llu (after %llu blocks): %s", r->path,
                        (unsigned long long)r->number, (unsigned long long)r->offset,
                        (unsigned long long)r->num_blocks, what);
}

static int fail_read(const struct dataset_reader *r, char err[DATASET_ERR_MAX], int rc)
{
    return dataset_fail(err, rc, "%s: cannot be read: %s", r->path, strerrordesc_np(-rc));
}

/* what is not whole is the end of a write that was cut short, or damage; of a header, rc says which
 * it looks like */
static int fail_frame(struct dataset_reader *r, char err[DATASET_ERR_MAX], int rc, const char *what)
{
    uint64_t len;
    if (r->number == 0)
        return fail_at(r, err, rc, what);
    int torn = reader_tail_is_torn(r, &len);
    if (torn <= 0)
        return torn < 0 ? fail_read(r, err, torn) : fail_at(r, err, -EBADMSG, what);
    return dataset_fail(err, -ENODATA,
                        "%s: frame %llu at octet %llu (after %llu blocks): the last write was cut "
                        "short: %s",
                        r->path, (unsigned long long)r->number, (unsigned long long)r->offset,
                        (unsigned long long)r->num_blocks, what);
}

/* brings the whole of the next frame into hand: 1, 0 at the end of the file, or negative */
static int take_frame(struct dataset_reader *r, struct frame *frame, char err[DATASET_ERR_MAX])
{
    enum frame_status st = FRAME_MORE;
    for (size_t want = 1; st == FRAME_MORE; want = want < READ_LEN ? READ_LEN : 2 * want) {
        int rc = fill(r, want);
        if (rc != 0)
            return fail_read(r, err, rc);
        struct bytes in = in_hand(r);
        if (in.len == 0)
            return 0;
        st = frame_measure(frame, in);
        if (st == FRAME_MORE && in.len < want)
            return fail_frame(r, err, -ENODATA, "the file ends inside it");
        if (st == FRAME_MORE && want > FRAME_MAX)
            st = FRAME_BAD;
    }
    return st == FRAME_OK ? 1 : fail_frame(r, err, -EBADMSG, "no frame of a dataset");
}

/* unpacks a frame and tells its kind and whether it stands where it belongs; NULL, or what is wrong
 * with it. -ENOMEM is of the codec. */
static const char *unpack(struct frame_codec *codec, struct dataset_item *item, int *rc,
                          const struct frame *frame, const struct dataset_raw *raw)
{
    const uint8_t *previous;
    *item = (struct dataset_item){.offset = raw->offset, .frame_len = frame->len,
                                  .number = raw->number};
    *rc = frame_unpack(codec, &item->payload, frame, raw->octets);
    if (*rc != 0)
        return "damaged: its checksum does not fit";
    struct cbor_reader cbor = cbor_reader_of(item->payload);
    item_open(&cbor, &item->kind, &previous);
    if (cbor.bad || (item->kind == DATASET_HEADER) != (raw->number == 0) ||
        (item->kind == DATASET_INDEX) != frame->is_index)
        return "not what belongs here";
    if (raw->number > 0 && memcmp(previous, raw->previous, HASH_LEN) != 0)
        return "does not follow the frame before it: changed, lost or swapped";
    return NULL;
}

/* the next frame as it lies there; r is not moved on */
static int peek_raw(struct dataset_reader *r, struct dataset_raw *raw, struct frame *frame,
                    char err[DATASET_ERR_MAX])
{
    int rc = take_frame(r, frame, err);
    if (rc <= 0)
        return rc;
    *raw = (struct dataset_raw){.offset = r->offset, .number = r->number,
                                .octets = bytes_of(in_hand(r).data, frame->len)};
    memcpy(raw->previous, r->previous, HASH_LEN);
    return 1;
}

/* the next frame, unpacked, and its kind; its place is checked, r is not moved on */
static int peek(struct dataset_reader *r, struct dataset_item *item, char err[DATASET_ERR_MAX])
{
    struct dataset_raw raw;
    struct frame frame;
    int rc = peek_raw(r, &raw, &frame, err), why = 0;
    if (rc <= 0)
        return rc;
    const char *wrong = unpack(&r->codec, item, &why, &frame, &raw);
    if (wrong == NULL)
        return 1;
    if (why == -ENOMEM)
        return fail_read(r, err, why);
    return why != 0 ? fail_frame(r, err, -EBADMSG, wrong) : fail_at(r, err, -EBADMSG, wrong);
}

static void move_on(struct dataset_reader *r, const struct dataset_item *item)
{
    SHA256(in_hand(r).data, (size_t)item->frame_len, r->previous);
    r->offset += item->frame_len;
    r->number++;
    r->num_blocks += item->kind == DATASET_BLOCK;
    if (item->kind != DATASET_INDEX)
        r->ends_with_trailer = item->kind == DATASET_TRAILER;
}

int dataset_next(struct dataset_reader *r, struct dataset_item *item, char err[DATASET_ERR_MAX])
{
    int rc = peek(r, item, err);
    if (rc > 0)
        move_on(r, item);
    return rc;
}

int dataset_next_raw(struct dataset_reader *r, struct dataset_raw *raw, char err[DATASET_ERR_MAX])
{
    struct frame frame;
    int rc = peek_raw(r, raw, &frame, err);
    if (rc <= 0)
        return rc;
    SHA256(raw->octets.data, raw->octets.len, r->previous);
    r->offset += raw->octets.len;
    r->number++;
    return 1;
}

struct dataset_unpacker {
    struct frame_codec codec;
};

struct dataset_unpacker *dataset_unpacker_new(void)
{
    struct dataset_unpacker *u = calloc(1, sizeof *u);
    if (u != NULL)
        frame_codec_init(&u->codec);
    return u;
}

void dataset_unpacker_free(struct dataset_unpacker *u)
{
    if (u == NULL)
        return;
    frame_codec_cleanup(&u->codec);
    free(u);
}

int dataset_unpack(struct dataset_unpacker *u, struct dataset_item *item,
                   const struct dataset_raw *raw)
{
    struct frame frame;
    int rc = 0;
    if (frame_measure(&frame, raw->octets) != FRAME_OK || frame.len != raw->octets.len)
        return -EBADMSG;
    if (unpack(&u->codec, item, &rc, &frame, raw) == NULL)
        return 0;
    return rc == -ENOMEM ? -ENOMEM : -EBADMSG;
}

bool dataset_reader_finished(const struct dataset_reader *r)
{
    return r->ends_with_trailer;
}

void dataset_reader_digest(const struct dataset_reader *r, uint8_t sha256[32])
{
    memcpy(sha256, r->previous, HASH_LEN);
}

uint64_t reader_place(const struct dataset_reader *r, uint8_t previous[HASH_LEN])
{
    memcpy(previous, r->previous, HASH_LEN);
    return r->offset;
}

int reader_tail_is_torn(struct dataset_reader *r, uint64_t *len)
{
    uint64_t budget = SEARCH_BUDGET;
    enum search_found found;
    struct stat st;
    size_t at;
    int rc = fstat(r->fd, &st) == 0 ? 0 : -errno;
    uint64_t left = rc == 0 && (uint64_t)st.st_size > r->offset ? (uint64_t)st.st_size - r->offset
                                                                : 0;
    rc = rc == 0 ? fill(r, left < FRAME_MAX ? (size_t)left + 1 : FRAME_MAX + 1) : rc;
    if (rc != 0)
        return rc;
    struct bytes tail = in_hand(r);
    *len = tail.len;
    if (tail.len > FRAME_MAX)
        return 0;
    rc = search_frames(&found, &at, &budget, &r->codec, bytes_of(tail.data + 1, tail.len - 1),
                       tail.len - 1);
    return rc != 0 ? rc : found == SEARCH_NOTHING;
}

/* ---- opening and closing ---- */

static int read_header(struct dataset_reader *r, char err[DATASET_ERR_MAX])
{
    struct dataset_item item;
    char why[DATASET_ERR_MAX] = "";
    int rc = peek(r, &item, err);
    if (rc == 0)
        return dataset_fail(err, -ENODATA, "%s: empty, no dataset", r->path);
    if (rc == -EBADMSG)
        return dataset_fail(err, -EILSEQ, "%s: not a dataset of mxsweep, or its header is damaged",
                            r->path);
    if (rc < 0)
        return rc;
    rc = header_decode(&r->header, item.payload, why);
    if (rc != 0)
        return dataset_fail(err, rc, "%.200s: %.250s", r->path, why);
    move_on(r, &item);
    return 0;
}

static int open_on(struct dataset_reader **out, char err[DATASET_ERR_MAX], int fd, bool owns_fd,
                   const char *path)
{
    struct dataset_reader *r = calloc(1, sizeof *r);
    int rc = -ENOMEM;
    if (r == NULL) {
        if (owns_fd)
            close(fd);
        return dataset_fail(err, rc, "%s: no memory to read it", path);
    }
    r->fd = fd;
    r->owns_fd = owns_fd;
    r->path = strdup(path);
    frame_codec_init(&r->codec);
    if (r->path != NULL && reserve(r, READ_LEN) == 0)
        rc = read_header(r, err);
    else
        dataset_fail(err, rc, "%s: no memory to read it", path);
    if (rc != 0)
        dataset_close(r);
    else
        *out = r;
    return rc;
}

int reader_open(struct dataset_reader **out, char err[DATASET_ERR_MAX], int fd, const char *path)
{
    return open_on(out, err, fd, false, path);
}

int dataset_open(struct dataset_reader **out, char err[DATASET_ERR_MAX], const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dataset_fail(err, -errno, "%s: cannot be opened: %s", path, strerrordesc_np(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return dataset_fail(err, -EILSEQ, "%s: no regular file, so no dataset", path);
    }
    return open_on(out, err, fd, true, path);
}

void dataset_close(struct dataset_reader *r)
{
    if (r == NULL)
        return;
    if (r->owns_fd)
        close(r->fd);   /* only read from: nothing can be lost */
    frame_codec_cleanup(&r->codec);
    header_free(r->header);
    free(r->data);
    free(r->path);
    free(r);
}

const struct dataset_header *dataset_reader_header(const struct dataset_reader *r)
{
    return header_of(r->header);
}
