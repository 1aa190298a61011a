#include "scanner/stream_lines.h"

void stream_lines_init(struct stream_lines *s)
{
    *s = (struct stream_lines){0};
    SHA256_Init(&s->whole);
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* takes octets of a line that does not end in them, or not only in them */
static void begin(struct stream_lines *s, const char *data, size_t len)
{
    if (!s->is_begun)
        s->begun = s->whole;
    s->is_begun = true;
    SHA256_Update(&s->begun, data, len);
    size_t keep = min(len, sizeof s->kept - s->kept_len);
    memcpy(s->kept + s->kept_len, data, keep);
    s->kept_len += keep;
}

static struct bytes end_begun(struct stream_lines *s)
{
    struct bytes line = bytes_of(s->kept, s->kept_len);
    s->whole = s->begun;
    s->is_begun = false;
    s->kept_len = 0;
    s->num++;
    return line;
}

bool stream_lines_next(struct stream_lines *s, struct bytes *line, size_t *used, const char *data,
                       size_t len)
{
    const char *lf = len > 0 ? memchr(data, '\n', len) : NULL;
    if (lf == NULL) {
        if (len > 0)
            begin(s, data, len);
        return false;
    }
    size_t line_len = (size_t)(lf - data);
    *used = line_len + 1;
    if (!s->is_begun) {
        SHA256_Update(&s->whole, data, line_len + 1);
        s->num++;
        *line = bytes_of(data, min(line_len, STREAM_LINE_KEPT));
        return true;
    }
    begin(s, data, line_len);
    SHA256_Update(&s->begun, lf, 1);
    *line = end_begun(s);
    return true;
}

bool stream_lines_end(struct stream_lines *s, struct bytes *line)
{
    if (!s->is_begun)
        return false;
    *line = end_begun(s);
    return true;
}

void stream_lines_digest(const struct stream_lines *s, uint8_t sha256[32])
{
    SHA256_CTX hash = s->whole;
    SHA256_Final(sha256, &hash);
}
