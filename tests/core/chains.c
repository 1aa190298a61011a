#include "tests/core/chains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/base64.h>

static void add_one(struct chains *c, const char *word)
{
    char path[512];
    size_t room = sizeof c->octets - c->num_octets;
    uint8_t *at = c->octets + c->num_octets;
    const char *name = word + (*word == '~' || *word == '/');
    snprintf(path, sizeof path, "%s/chains/%s.der", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    size_t len = fread(at, 1, room, f);
    fclose(f);
    assert_true(len > 0 && len < room && c->num < CHAINS_CERTS_MAX);
    if (*word == '~')
        at[len - 1] ^= 1;
    if (*word == '/')
        len--;
    c->certs[c->num++] = bytes_of(at, len);
    c->num_octets += len;
}

void chains_add(struct chains *c, const char *words)
{
    char copy[1024], *rest = copy;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word != '\0')
            add_one(c, word);
}

size_t chains_pem(char *out, size_t out_len, struct bytes der)
{
    uint8_t text[1 << 15];
    assert_true(der.len < sizeof text / 2);
    size_t text_len = EVP_EncodeBlock(text, der.data, der.len);
    size_t len = (size_t)snprintf(out, out_len, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < text_len; i += 64) {
        size_t part = text_len - i < 64 ? text_len - i : 64;
        len += (size_t)snprintf(out + len, out_len - len, "%.*s\n", (int)part, (char *)text + i);
    }
    len += (size_t)snprintf(out + len, out_len - len, "-----END CERTIFICATE-----\n");
    assert_true(len < out_len);
    return len;
}

struct trust_store *chains_store(const char *words)
{
    struct chains *c = calloc(1, sizeof *c);
    char *pem = malloc(CHAINS_OCTETS_MAX), err[TRUST_STORE_ERR_MAX];
    size_t len = 0;
    struct trust_store *store = NULL;
    assert_true(c != NULL && pem != NULL);
    chains_add(c, words);
    for (size_t i = 0; i < c->num; i++)
        len += chains_pem(pem + len, CHAINS_OCTETS_MAX - len, c->certs[i]);
    if (trust_store_read(&store, err, bytes_of(pem, len), "store", 0) < 0)
        fail_msg("%s", err);
    free(c);
    free(pem);
    return store;
}
