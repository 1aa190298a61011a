#include "core/dataset_salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dataset_private.h"
#include "core/dataset_search.h"

enum {
    READ_LEN = 256 << 10, /* octets read at once, at the least */
    DISK_PIECE = 4096,    /* what is passed over where the disk fails */
    SEARCH_LEN = 1 << 20, /* places searched before the window moves on */
    WINDOW = SEARCH_LEN + SEARCH_BARE_MAX + FRAME_MAX
};

struct salvage {
    int fd;
    uint64_t size; /* of the file, when it was opened */
    char *path;
    uint8_t *data; /* of the file, from data_offset on */
    size_t data_len, data_cap;
    uint64_t data_offset;
    uint64_t offset, number; /* of the next piece; of the next whole frame */
    uint8_t previous[HASH_LEN];
    bool after_loss; /* the piece before was lost: a break in the chain is told already */
    struct frame_codec codec;
    struct header_store *header;
    uint8_t *header_item;
    size_t header_item_len;
};

static int fail_read(const struct salvage *s, char err[DATASET_ERR_MAX], int rc)
{
    return dataset_fail(err, rc, "%s: cannot be read: %s", s->path, strerrordesc_np(-rc));
}

/* ---- the octets of the file ---- */

static int reserve(struct salvage *s, size_t len)
{
    if (len <= s->data_cap)
        return 0;
    uint8_t *data = realloc(s->data, len);
    if (data == NULL)
        return -ENOMEM;
    s->data = data;
    s->data_cap = len;
    return 0;
}

/* as pread; what the disk does not give is zeros */
static ssize_t read_some(const struct salvage *s, uint8_t *to, size_t len, uint64_t offset)
{
    ssize_t n = pread(s->fd, to, len, (off_t)offset);
    if (n >= 0 || errno != EIO)
        return n;
    size_t piece = DISK_PIECE - (size_t)(offset % DISK_PIECE);
    n = pread(s->fd, to, piece < len ? piece : len, (off_t)offset);
    if (n >= 0 || errno != EIO)
        return n;
    memset(to, 0, piece < len ? piece : len);
    return (ssize_t)(piece < len ? piece : len);
}

/* what the file has from offset on: want octets or more, fewer only at its end. Only what lies
 * from there on is kept. */
static int view(struct salvage *s, struct bytes *out, uint64_t offset, size_t want)
{
    if (offset < s->data_offset || offset > s->data_offset + s->data_len) {
        s->data_offset = offset;
        s->data_len = 0;
    }
    size_t used = (size_t)(offset - s->data_offset);
    if (s->data_len - used < want) {
        s->data_len -= used;
        if (s->data_len > 0)
            memmove(s->data, s->data + used, s->data_len);
        s->data_offset = offset;
        used = 0;
        uint64_t left = offset < s->size ? s->size - offset : 0; /* no room for what is not there */
        size_t room = left < want ? (size_t)left + 1 : want;
        int rc = reserve(s, room > READ_LEN ? room : READ_LEN);
        if (rc != 0)
            return rc;
    }
    while (s->data_len - used < want && s->data_len < s->data_cap) {
        ssize_t n = read_some(s, s->data + s->data_len, s->data_cap - s->data_len,
                              s->data_offset + s->data_len);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        s->data_len += n > 0 ? (size_t)n : 0;
    }
    *out = bytes_of(s->data + used, s->data_len - used);
    return 0;
}

/* measures the frame at offset, with no more of the file in memory than that takes */
static int measure(struct salvage *s, enum frame_status *st, struct frame *frame, struct bytes *in,
                   uint64_t offset)
{
    for (size_t want = READ_LEN;; want = 2 * want < FRAME_MAX ? 2 * want : FRAME_MAX) {
        int rc = view(s, in, offset, want);
        if (rc != 0)
            return rc;
        *st = frame_measure(frame, *in);
        if (*st != FRAME_MORE || in->len < want || want == FRAME_MAX)
            return 0;
    }
}

/* ---- frames ---- */

/* unpacks a frame that was measured: 1 and what it is, 0 if it is none of ours, or -ENOMEM */
static int open_frame(struct salvage *s, struct dataset_item *item, const uint8_t **previous,
                      const struct frame *frame, struct bytes in)
{
    int rc = frame_unpack(&s->codec, &item->payload, frame, bytes_of(in.data, frame->len));
    if (rc != 0)
        return rc == -ENOMEM ? rc : 0;
    struct cbor_reader cbor = cbor_reader_of(item->payload);
    item_open(&cbor, &item->kind, previous);
    item->frame_len = frame->len;
    return !cbor.bad && (item->kind == DATASET_INDEX) == frame->is_index;
}

/* the frame at offset, if it is whole: 1, 0 (measured then says its length if st is OK), or
 * negative */
struct looked {
    enum frame_status st;
    struct frame measured;
    struct bytes octets;
    struct dataset_item item;
    const uint8_t *previous;
};

static int look(struct salvage *s, struct looked *l)
{
    int rc = measure(s, &l->st, &l->measured, &l->octets, s->offset);
    if (rc != 0 || l->st != FRAME_OK)
        return rc;
    l->item = (struct dataset_item){.offset = s->offset, .number = s->number};
    rc = open_frame(s, &l->item, &l->previous, &l->measured, l->octets);
    return rc > 0 && l->item.kind == DATASET_HEADER ? 0 : rc;
}

/* ---- where it goes on after damage ---- */

/* whether frames that go on to the end of the file are listed by an index there, block by block. A
 * server cannot know where in the file its octets will lie. */
static int index_agrees(struct salvage *s, bool *agrees, const struct dataset_index_entry *list,
                        size_t num, struct bytes in, uint64_t offset)
{
    struct frame frame;
    struct dataset_item item;
    const uint8_t *previous;
    size_t entry = 0;
    while (entry < num && list[entry].offset < offset)
        entry++;
    *agrees = false;
    for (size_t at = 0; at < in.len; at += frame.len) {
        struct bytes rest = bytes_of(in.data + at, in.len - at);
        int rc = frame_measure(&frame, rest) != FRAME_OK
                     ? 0
                     : open_frame(s, &item, &previous, &frame, rest);
        if (rc <= 0)
            return rc;
        if (item.kind != DATASET_BLOCK)
            continue;
        if (entry == num || list[entry].offset != offset + at || list[entry].frame_len != frame.len)
            return 0;
        entry++;
    }
    *agrees = entry == num;
    return 0;
}

/* the index that frames end with, which go on to the end of the file; *list is the caller's */
static int last_index(struct salvage *s, struct dataset_index_entry **list, size_t *num,
                      struct bytes in)
{
    struct frame frame = {.len = 0};
    struct dataset_item item = {.kind = DATASET_HEADER};
    const uint8_t *previous;
    char err[DATASET_ERR_MAX];
    *list = NULL;
    for (size_t at = 0; at < in.len; at += frame.len) {
        struct bytes rest = bytes_of(in.data + at, in.len - at);
        int rc = frame_measure(&frame, rest) != FRAME_OK
                     ? 0
                     : open_frame(s, &item, &previous, &frame, rest);
        if (rc <= 0)
            return rc;
    }
    if (item.kind != DATASET_INDEX || dataset_index_decode(NULL, 0, num, item.payload, err) != 0)
        return 0;
    *list = calloc(*num + 1, sizeof **list);
    if (*list == NULL)
        return -ENOMEM;
    return dataset_index_decode(*list, *num, num, item.payload, err);
}

/* whether what was found is ours, and not a server's */
static int is_believable(struct salvage *s, bool *ours, enum search_found found, struct bytes in,
                         uint64_t offset)
{
    struct dataset_index_entry *list = NULL;
    size_t num = 0;
    *ours = found == SEARCH_LONG;
    if (found != SEARCH_TO_END)
        return 0;
    int rc = last_index(s, &list, &num, in);
    if (rc == 0 && list != NULL)
        rc = index_agrees(s, ours, list, num, in, offset);
    free(list);
    return rc;
}

/* searches the first `places` of in, which lie at offset: 1 and *at, 0 if it is in none of them,
 * negative */
static int search_view(struct salvage *s, size_t *at, uint64_t *budget, struct bytes in,
                       size_t places, uint64_t offset)
{
    for (size_t from = 0; from < places; from = *at + 1) {
        enum search_found found;
        bool ours = false;
        struct bytes rest = bytes_of(in.data + from, in.len - from);
        int rc = search_frames(&found, at, budget, &s->codec, rest, places - from);
        *at += from;
        if (rc != 0 || found == SEARCH_NOTHING || found == SEARCH_EXHAUSTED)
            return rc;
        rest = bytes_of(in.data + *at, in.len - *at);
        rc = is_believable(s, &ours, found, rest, offset + *at);
        if (rc != 0 || ours)
            return rc != 0 ? rc : 1;
    }
    return 0;
}

/* the next place after s->offset where a frame can be believed; the end of the file if none */
static int search(struct salvage *s, uint64_t *place)
{
    struct bytes in;
    uint64_t budget = SEARCH_BUDGET;
    for (uint64_t from = s->offset + 1;; from += SEARCH_LEN) {
        size_t at = 0;
        int rc = view(s, &in, from, WINDOW);
        if (rc != 0)
            return rc;
        bool to_end = in.len < WINDOW;
        rc = search_view(s, &at, &budget, in, to_end ? in.len : SEARCH_LEN, from);
        if (rc != 0 || to_end) {
            *place = from + (rc > 0 ? at : in.len);
            return rc < 0 ? rc : 0;
        }
    }
}

/* a frame that is not whole, of a known length, ends where another begins or the file ends */
static int end_is_sound(struct salvage *s, bool *sound, uint64_t end)
{
    struct bytes in;
    struct frame next;
    enum frame_status st;
    int rc = measure(s, &st, &next, &in, end);
    *sound = rc == 0 && (in.len == 0 || st == FRAME_OK);
    return rc;
}

/* the end of what cannot be read at s->offset */
static int end_of_damage(struct salvage *s, uint64_t *end, const struct looked *l)
{
    bool sound = false;
    *end = s->offset + l->measured.len;
    int rc = l->st == FRAME_OK ? end_is_sound(s, &sound, *end) : 0;
    return rc == 0 && !sound ? search(s, end) : rc;
}

static void lose(struct salvage *s, struct salvage_piece *out, uint64_t end)
{
    *out = (struct salvage_piece){.is_lost = true, .offset = s->offset, .len = end - s->offset};
    s->after_loss = true;
    s->offset = end;
}

static void take(struct salvage *s, struct salvage_piece *out, const struct looked *l)
{
    *out = (struct salvage_piece){.offset = s->offset, .len = l->measured.len, .item = l->item};
    SHA256(l->octets.data, l->measured.len, s->previous);
    s->after_loss = false;
    s->offset += l->measured.len;
    s->number++;
}

int salvage_next(struct salvage *s, struct salvage_piece *out, char err[DATASET_ERR_MAX])
{
    struct looked l = {.st = FRAME_BAD};
    uint64_t end = 0;
    int rc = look(s, &l);
    if (rc == 0 && l.octets.len == 0)
        return 0;
    if (rc > 0 && !s->after_loss && memcmp(l.previous, s->previous, HASH_LEN) != 0) {
        lose(s, out, s->offset);
        return 1;
    }
    if (rc > 0) {
        take(s, out, &l);
        return 1;
    }
    rc = rc == 0 ? end_of_damage(s, &end, &l) : rc;
    if (rc < 0)
        return fail_read(s, err, rc);
    lose(s, out, end);
    return 1;
}

/* ---- opening and closing ---- */

static int no_header(const struct salvage *s, char err[DATASET_ERR_MAX])
{
    return dataset_fail(
        err, -EILSEQ,
        "%s: not a dataset of mxsweep, or its header is damaged: without the header "
        "nobody can tell which targets the rest is about",
        s->path);
}

static int read_header(struct salvage *s, char err[DATASET_ERR_MAX])
{
    struct dataset_item item;
    struct frame frame;
    enum frame_status st;
    const uint8_t *previous;
    struct bytes in;
    char why[DATASET_ERR_MAX] = "";
    int rc = measure(s, &st, &frame, &in, 0);
    if (rc == 0 && st == FRAME_OK)
        rc = open_frame(s, &item, &previous, &frame, in);
    if (rc < 0)
        return fail_read(s, err, rc);
    if (rc == 0 || item.kind != DATASET_HEADER)
        return no_header(s, err);
    rc = header_decode(&s->header, item.payload, why);
    if (rc != 0)
        return dataset_fail(err, rc, "%.200s: %.250s", s->path, why);
    s->header_item = malloc(item.payload.len);
    if (s->header_item == NULL)
        return fail_read(s, err, -ENOMEM);
    memcpy(s->header_item, item.payload.data, item.payload.len);
    s->header_item_len = item.payload.len;
    SHA256(in.data, frame.len, s->previous);
    s->offset = frame.len;
    s->number = 1;
    return 0;
}

int salvage_open(struct salvage **out, char err[DATASET_ERR_MAX], const char *path)
{
    struct stat st;
    struct salvage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return dataset_fail(err, -ENOMEM, "%s: no memory to read it", path);
    frame_codec_init(&s->codec);
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    s->path = strdup(path);
    int rc = -ENOMEM;
    if (s->fd < 0)
        rc = dataset_fail(err, -errno, "%s: cannot be opened: %s", path, strerrordesc_np(errno));
    else if (fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = dataset_fail(err, -EILSEQ, "%s: no regular file, so no dataset", path);
    else if (s->path == NULL)
        dataset_fail(err, rc, "%s: no memory to read it", path);
    else {
        s->size = (uint64_t)st.st_size;
        rc = read_header(s, err);
    }
    if (rc != 0)
        salvage_close(s);
    else
        *out = s;
    return rc;
}

void salvage_close(struct salvage *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd); /* only read from: nothing can be lost */
    frame_codec_cleanup(&s->codec);
    header_free(s->header);
    free(s->header_item);
    free(s->data);
    free(s->path);
    free(s);
}

const struct dataset_header *salvage_header(const struct salvage *s)
{
    return header_of(s->header);
}

struct bytes salvage_header_item(const struct salvage *s)
{
    return bytes_of(s->header_item, s->header_item_len);
}
