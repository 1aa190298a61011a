#include "tests/scanner/probe_world.h"

#include <openssl/base64.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct bytes read_cert(uint8_t **octets, const char *name)
{
    enum { CERT_MAX = 8192 };
    char path[512];
    snprintf(path, sizeof path, TEST_DATA "/certs/%s", name);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("%s: cannot be opened", path);
    *octets = malloc(CERT_MAX);
    assert_non_null(*octets);
    size_t len = fread(*octets, 1, CERT_MAX, in);
    fclose(in);
    assert_true(len > 0 && len < CERT_MAX);
    return bytes_of(*octets, len);
}

static void open_store(struct probe_world *w, const char *root)
{
    char err[TRUST_STORE_ERR_MAX];
    uint8_t *octets;
    struct bytes der = read_cert(&octets, root);
    size_t cap = 4 * der.len / 3 + 128;
    char *pem = malloc(cap);
    assert_non_null(pem);
    size_t len = (size_t)snprintf(pem, cap, "-----BEGIN CERTIFICATE-----\n");
    len += EVP_EncodeBlock((uint8_t *)pem + len, der.data, der.len);
    len += (size_t)snprintf(pem + len, cap - len, "\n-----END CERTIFICATE-----\n");
    assert_int_equal(trust_store_read(&w->store, err, bytes_of(pem, len), "roots", 0), 0);
    free(pem);
    free(octets);
    w->judge = judge_new(w->store, NULL);
    assert_non_null(w->judge);
}

void probe_world_init(struct probe_world *w, const char *root)
{
    memset(w, 0, sizeof *w);
    open_store(w, root);
    w->ehlo_name = bytes_text("probe.example.com");
    w->header.ehlo_names = &w->ehlo_name;
    w->header.num_ehlo_names = 1;
    w->header.start_us = INT64_C(1767225600000000);
}

void probe_world_cleanup(struct probe_world *w)
{
    judged_free(w->judged);
    judge_free(w->judge);
    trust_store_free(w->store);
    for (size_t i = 0; i < WORLD_CHAIN_MAX; i++)
        free(w->octets[i]);
}

void probe_world_chain(struct probe_world *w, struct record *r, const char *files)
{
    size_t num = 0;
    while (*files != '\0') {
        char name[64];
        size_t len = strcspn(files, " ");
        assert_true(num < WORLD_CHAIN_MAX && len < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)len, files);
        files += len + (files[len] == ' ');
        free(w->octets[num]);
        w->ders[num] = read_cert(&w->octets[num], name);
        SHA256(w->ders[num].data, w->ders[num].len, w->hashes[num]);
        num++;
    }
    r->chain = w->hashes;
    r->num_chain = (uint16_t)num;
}

void probe_world_view(struct probe_world *w, const struct record *r, const char *host,
                      int64_t time_s)
{
    judged_free(w->judged);
    w->judged = judged_new(w->judge, w->store, r, w->ders, host, time_s);
    assert_non_null(w->judged);
    findings_of(&w->findings, r, w->judged);
    w->view = (struct view){&w->header, r, w->judged, &w->findings, "roots.pem", true};
}

char *probe_world_text(struct probe_world *w, bool color)
{
    char *text = NULL;
    size_t len;
    struct show s = {open_memstream(&text, &len), color};
    assert_non_null(s.out);
    show_all(&s, &w->view);
    fclose(s.out);
    return text;
}
