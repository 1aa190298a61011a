#include "core/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    READ_LEN = 32768,
    MESSAGE_MAX = 1024,
    SHOWN_MAX = 80 /* octets of a bad item that an error shows */
};

/* copies text, escaped; returns the octets written, a NUL always behind them */
static size_t put_printable(char *out, size_t out_len, const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c < 0x7f;
        size_t need = plain ? 1 : 4;
        if (n + need >= out_len)
            break;
        if (plain)
            out[n] = (char)c;
        else
            snprintf(out + n, 5, "\\x%02X", c);
        n += need;
    }
    out[n] = '\0';
    return n;
}

int line_error(char *err, size_t err_len, int code, const char *source, uint64_t line_no,
               const char *format, ...)
{
    char message[MESSAGE_MAX];
    if (err_len == 0)
        return code;
    size_t n = put_printable(err, err_len, source);
    if (line_no > 0)
        snprintf(message, sizeof message, ":%" PRIu64 ": ", line_no);
    else
        snprintf(message, sizeof message, ": ");
    n += put_printable(err + n, err_len - n, message);

    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    put_printable(err + n, err_len - n, message);
    return code;
}

int line_range(struct addr_range *out, char *err, size_t err_len, struct bytes item,
               const char *source, uint64_t line_no)
{
    const char *text = (const char *)item.data, *why;
    char meant[ADDR_PREFIX_TEXT_MAX];
    int shown = item.len < SHOWN_MAX ? (int)item.len : SHOWN_MAX;
    if (addr_range_parse(out, &why, text, item.len))
        return 0;
    if (addr_prefix_meant(meant, text, item.len) >
        0) /* it is one, so its host bits are the trouble */
        return line_error(err, err_len, -EINVAL, source, line_no, "\"%.*s\": %s; write %s", shown,
                          text, why, meant);
    return line_error(err, err_len, -EINVAL, source, line_no, "\"%.*s\": %s", shown, text, why);
}

static int too_long(char *err, size_t err_len, const char *source, uint64_t line_no)
{
    return line_error(err, err_len, -EINVAL, source, line_no,
                      "the line is longer than %d octets; is this a list with one item a line?",
                      LINE_MAX_LEN);
}

int line_check(char *err, size_t err_len, const char *line, size_t line_len, const char *source,
               uint64_t line_no)
{
    if (line_len > 0 && line[line_len - 1] == '\r')
        line_len--;
    if (line_len > LINE_MAX_LEN)
        return too_long(err, err_len, source, line_no);
    if (line_len > 0 && memchr(line, '\0', line_len) != NULL)
        return line_error(err, err_len, -EINVAL, source, line_no,
                          "a NUL octet in the line; save the list as plain text (not UTF-16)");
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct bytes line_strip(const char *line, size_t line_len, uint64_t line_no)
{
    if (line_no <= 1 && line_len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
        line += 3;
        line_len -= 3;
    }
    for (size_t i = 0; i < line_len; i++)
        if (line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
            line_len = i;
    while (line_len > 0 && is_blank(line[line_len - 1]))
        line_len--;
    while (line_len > 0 && is_blank(*line)) {
        line++;
        line_len--;
    }
    return bytes_of(line, line_len);
}

struct loader {
    const char *source;
    uint64_t line_no;            /* of the line that is being gathered, from 1 */
    char line[LINE_MAX_LEN + 1]; /* one more for the CR */
    size_t line_len;
    line_sink *sink;
    void *ctx;
    char *err;
    size_t err_len;
};

static int end_line(struct loader *l)
{
    int rc = line_check(l->err, l->err_len, l->line, l->line_len, l->source, l->line_no);
    if (rc == 0)
        rc = l->sink(l->ctx, l->err, l->err_len, l->line, l->line_len, l->source, l->line_no);
    l->line_len = 0;
    l->line_no++;
    return rc;
}

/* gathers octets into lines and gives each that ends to the sink */
static int feed(struct loader *l, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t take = end != NULL ? (size_t)(end - data) : len;
        if (take > sizeof l->line - l->line_len)
            return too_long(l->err, l->err_len, l->source, l->line_no);
        memcpy(l->line + l->line_len, data, take);
        l->line_len += take;
        if (end == NULL)
            break;
        int rc = end_line(l);
        if (rc < 0)
            return rc;
        data += take + 1;
        len -= take + 1;
    }
    return 0;
}

static int feed_file(struct loader *l, SHA256_CTX *hash, FILE *f)
{
    char data[READ_LEN];
    size_t len;
    while ((len = fread(data, 1, sizeof data, f)) > 0) {
        SHA256_Update(hash, data, len);
        int rc = feed(l, data, len);
        if (rc < 0)
            return rc;
    }
    if (ferror(f)) {
        int code = errno != 0 ? -errno : -EIO;
        return line_error(l->err, l->err_len, code, l->source, 0, "cannot be read: %s",
                          strerror(-code));
    }
    return l->line_len > 0 ? end_line(l) : 0;
}

int lines_load(const char *path, uint8_t sha256[32], char *err, size_t err_len, line_sink *sink,
               void *ctx)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct loader l = {.source = is_stdin ? "standard input" : path,
                       .line_no = 1,
                       .sink = sink,
                       .ctx = ctx,
                       .err = err,
                       .err_len = err_len};
    FILE *f = is_stdin ? stdin : fopen(path, "rbe");
    if (f == NULL) {
        int code = -errno;
        return line_error(err, err_len, code, path, 0, "cannot be opened: %s", strerror(-code));
    }
    SHA256_CTX hash;
    SHA256_Init(&hash);
    int rc = feed_file(&l, &hash, f);
    if (rc == 0 && sha256 != NULL)
        SHA256_Final(sha256, &hash);
    if (!is_stdin)
        fclose(f);
    return rc;
}
