#include "tools/text_store.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_LEN = 16,
    BUFFER_LEN = 1 << 18,
    KNOWN_NUM = 1 << 16, /* texts remembered, by their digests' lower bits */
    LEN_BITS = 12        /* of a place; above them the offset */
};

struct text_store {
    const char *folder;
    int fd; /* -1: nothing is written yet */
    uint8_t key[KEY_LEN];
    uint64_t file_len;
    size_t buffer_len;
    uint8_t buffer[BUFFER_LEN]; /* what comes behind file_len */
    struct text_ref known[KNOWN_NUM];
};

struct text_store *text_store_new(const char *folder)
{
    struct text_store *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->folder = folder;
    t->fd = -1;
    RAND_bytes(t->key, sizeof t->key);
    return t;
}

void text_store_free(struct text_store *t)
{
    if (t == NULL)
        return;
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

static uint64_t digest_of(const struct text_store *t, struct bytes text)
{
    uint8_t sha256[32];
    uint64_t digest;
    SHA256_CTX hash;
    SHA256_Init(&hash);
    SHA256_Update(&hash, t->key, sizeof t->key);
    if (text.len > 0)
        SHA256_Update(&hash, text.data, text.len);
    SHA256_Final(sha256, &hash);
    memcpy(&digest, sha256, sizeof digest);
    return digest != 0 ? digest : 1;
}

static int flush(struct text_store *t, char err[SPILL_ERR_MAX])
{
    if (t->fd < 0 && (t->fd = spill_open(err, t->folder)) < 0)
        return t->fd;
    int rc = spill_write(err, t->folder, t->fd, t->buffer, t->buffer_len, t->file_len);
    if (rc == 0) {
        t->file_len += t->buffer_len;
        t->buffer_len = 0;
    }
    return rc;
}

int text_store_put(struct text_store *t, char err[SPILL_ERR_MAX], struct text_ref *out,
                   struct bytes text)
{
    uint64_t digest = digest_of(t, text);
    struct text_ref *known = &t->known[digest % KNOWN_NUM];
    size_t len = text.len < STORED_TEXT_MAX ? text.len : STORED_TEXT_MAX;
    if (known->digest == digest) {
        *out = *known;
        return 0;
    }
    int rc = BUFFER_LEN - t->buffer_len < len ? flush(t, err) : 0;
    if (rc != 0)
        return rc;
    *known = (struct text_ref){digest, (t->file_len + t->buffer_len) << LEN_BITS | len};
    if (len > 0)
        memcpy(t->buffer + t->buffer_len, text.data, len);
    t->buffer_len += len;
    *out = *known;
    return 0;
}

int text_store_get(struct text_store *t, char err[SPILL_ERR_MAX], char out[STORED_TEXT_MAX],
                   size_t *len, struct text_ref ref)
{
    uint64_t offset = ref.place >> LEN_BITS;
    size_t text_len = (size_t)(ref.place & ((1u << LEN_BITS) - 1));
    int rc = 0;
    if (offset >= t->file_len)
        memcpy(out, t->buffer + (offset - t->file_len), text_len);
    else
        rc = spill_read(err, t->folder, t->fd, out, text_len, offset);
    if (rc == 0)
        *len = text_len;
    return rc;
}
