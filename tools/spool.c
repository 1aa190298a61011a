#include "tools/spool.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* a place: where the text begins, and how long it is */
enum { LEN_BITS = 24, OFFSET_BITS = 40 };

void spool_init(struct spool *s, const char *folder)
{
    *s = (struct spool){.folder = folder, .fd = -1};
    json_init(&s->buffer);
}

void spool_cleanup(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    json_cleanup(&s->buffer);
    s->fd = -1;
}

static int flush(struct spool *s, char err[SPILL_ERR_MAX])
{
    if (s->fd < 0 && (s->fd = spill_open(err, s->folder)) < 0)
        return s->fd;
    int rc = spill_write(err, s->folder, s->fd, s->buffer.text, s->buffer.len, s->file_len);
    s->file_len += s->buffer.len;
    json_reset(&s->buffer);
    return rc;
}

int spool_add(struct spool *s, char err[SPILL_ERR_MAX], uint64_t *place, struct bytes text)
{
    uint64_t offset = s->file_len + s->buffer.len;
    if (text.len > SPOOL_TEXT_MAX || offset >> OFFSET_BITS != 0) {
        snprintf(err, SPILL_ERR_MAX, "a certificate, or all together, are too long to be kept");
        return -EFBIG;
    }
    s->buffer.comma = false;
    json_raw(&s->buffer, text);
    if (s->buffer.bad) {
        snprintf(err, SPILL_ERR_MAX, "no memory for the certificates");
        return -ENOMEM;
    }
    *place = offset << LEN_BITS | text.len;
    return s->buffer.len >= SPOOL_BUFFER_LEN ? flush(s, err) : 0;
}

int spool_put(const struct spool *s, char err[SPILL_ERR_MAX], struct json *out, uint64_t place)
{
    uint64_t offset = place >> LEN_BITS;
    size_t len = place & SPOOL_TEXT_MAX;
    if (offset >= s->file_len) {
        json_raw(out, bytes_of(s->buffer.text + (offset - s->file_len), len));
        return 0;
    }
    char *room = json_room(out, len);
    return room != NULL ? spill_read(err, s->folder, s->fd, room, len, offset) : 0;
}
