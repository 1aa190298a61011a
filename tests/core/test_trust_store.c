/* trust_store: what is taken from a file of PEM, what is counted as bad, what is said when none is
 * left; files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/core/chains.h"

enum { PEM_MAX = 1 << 16 };

struct pem {
    char text[PEM_MAX];
    size_t len;
};

/* write expands "{root}" to the PEM of a certificate, "{root:base64}" to its lines without the
 * first and last, and copies the rest. */
static void expand(struct pem *out, const char *template)
{
    struct chains *c = calloc(1, sizeof *c);
    assert_non_null(c);
    out->len = 0;
    for (const char *at = template; *at != '\0'; at++) {
        char word[64] = "";
        if (*at != '{') {
            out->text[out->len++] = *at;
            continue;
        }
        size_t word_len = strcspn(at + 1, "}");
        memcpy(word, at + 1, word_len);
        bool is_inner = strstr(word, ":base64") != NULL;
        word[strcspn(word, ":")] = '\0';
        chains_add(c, word);
        char pem[4096], *from = pem, *to = pem + chains_pem(pem, sizeof pem, c->certs[c->num - 1]);
        if (is_inner) {
            from = strchr(pem, '\n') + 1;
            to = strstr(from, "-----END");
        }
        memcpy(out->text + out->len, from, (size_t)(to - from));
        out->len += (size_t)(to - from);
        at += word_len + 1;
    }
    free(c);
}

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

static void what_is_taken_and_what_is_bad(void **state)
{
    (void)state;
    static const struct {
        const char *what, *pem;
        int rc;
        size_t num_roots, num_bad, first_bad_line;
        const char *err; /* a part of it */
    } cases[] = {
        {"one", "{root}", 0, 1, 0, 0, NULL},
        {"two", "{root}{rsa-root}", 0, 2, 0, 0, NULL},
        {"the same twice", "{root}{root}{rsa-root}", 0, 2, 0, 0, NULL},
        {"text between", "# Root\n{root}\nsubject=x\n\n{rsa-root}end", 0, 2, 0, 0, NULL},
        {"other labels", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{root}", 0,
         1, 0, 0, NULL},
        {"no newline at the end", BEGIN "{root:base64}-----END CERTIFICATE-----", 0, 1, 0, 0, NULL},
        {"old label",
         "-----BEGIN X509 CERTIFICATE-----\n{root:base64}-----END X509 CERTIFICATE-----\n", 0, 1, 0,
         0, NULL},
        {"trusted with nothing more",
         "-----BEGIN TRUSTED CERTIFICATE-----\n{root:base64}-----END TRUSTED CERTIFICATE-----\n", 0,
         1, 0, 0, NULL},
        {"a bad one first", BEGIN "AAAA\n" END "{root}", 0, 1, 1, 1, NULL},
        {"a bad one last", "{root}" BEGIN "MAA=\n" END, 0, 1, 1, 11, NULL},
        {"no base64", "\n" BEGIN "!!!!\n" END "{root}", 0, 1, 1, 2, NULL},
        {"nothing in it", BEGIN END "{root}", 0, 1, 1, 1, NULL},
        {"cut off", "{root}" BEGIN "MIIC", 0, 1, 1, 11, NULL},
        {"no end to one", BEGIN "MIIC\n{root}", 0, 1, 1, 1, NULL},
        {"more behind it", BEGIN "{/root:base64}" END "{root}", 0, 1, 1, 1, NULL},
        {"no line of its own", "x" BEGIN "{root:base64}" END, -EINVAL, 0, 0, 0,
         "store: no certificate in it: give a file with lines -----BEGIN CERTIFICATE-----"},
        {"empty", "", -EINVAL, 0, 0, 0, "store: no certificate in it"},
        {"all bad", "\n\n" BEGIN "AAAA\n" END BEGIN "AAAA\n" END, -EINVAL, 0, 0, 0,
         "store: line 3: this entry is no certificate, nor is any other"},
    };
    static struct pem pem;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trust_store *store = NULL;
        char err[TRUST_STORE_ERR_MAX] = "";
        print_message("%s\n", cases[i].what);
        expand(&pem, cases[i].pem);
        int rc = trust_store_read(&store, err, bytes_of(pem.text, pem.len), "store", 7);
        assert_int_equal(rc, cases[i].rc);
        if (rc < 0) {
            assert_null(store);
            if (strstr(err, cases[i].err) == NULL)
                fail_msg("\"%s\" says not \"%s\"", err, cases[i].err);
            continue;
        }
        const struct trust_store_facts *f = trust_store_facts(store);
        uint8_t sha256[32];
        assert_int_equal(f->num_roots, cases[i].num_roots);
        assert_int_equal(f->num_bad, cases[i].num_bad);
        assert_int_equal(f->first_bad_line, cases[i].first_bad_line);
        assert_int_equal(f->mtime_s, 7);
        assert_memory_equal(f->sha256, SHA256((uint8_t *)pem.text, pem.len, sha256), 32);
        trust_store_free(store);
    }
}

static void line_ends_and_blanks_do_not_matter(void **state)
{
    (void)state;
    static struct pem pem, crlf;
    expand(&pem, "{root}{rsa-root}");
    crlf.len = 0;
    for (size_t i = 0; i < pem.len; i++) {
        if (pem.text[i] == '\n') {
            memcpy(crlf.text + crlf.len, " \t\r", 3);
            crlf.len += 3;
        }
        crlf.text[crlf.len++] = pem.text[i];
    }
    struct trust_store *store;
    char err[TRUST_STORE_ERR_MAX];
    assert_int_equal(trust_store_read(&store, err, bytes_of(crlf.text, crlf.len), "store", 0), 0);
    assert_int_equal(trust_store_facts(store)->num_roots, 2);
    assert_int_equal(trust_store_facts(store)->num_bad, 0);
    trust_store_free(store);
}

static void certificates_are_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct chains *c = calloc(1, sizeof *c);
    assert_non_null(c);
    chains_add(c, "rsa-root root other-root");
    struct trust_store *store = chains_store("rsa-root root other-root root");
    assert_int_equal(trust_store_facts(store)->num_roots, 3);
    for (size_t i = 0; i < 3; i++) {
        uint8_t sha256[32];
        assert_true(bytes_equal(trust_store_der(store, i), c->certs[i]));
        assert_true(trust_store_has(store, SHA256(c->certs[i].data, c->certs[i].len, sha256)));
        sha256[31] ^= 1;
        assert_false(trust_store_has(store, sha256));
    }
    trust_store_free(store);
    trust_store_free(NULL);
    free(c);
}

static void every_cut_is_survived(void **state)
{
    (void)state;
    static struct pem pem;
    expand(&pem, "{root}{rsa-root}");
    for (size_t len = 0; len < pem.len; len++) {
        struct trust_store *store = NULL;
        char err[TRUST_STORE_ERR_MAX], *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, pem.text, len);
        int rc = trust_store_read(&store, err, bytes_of(copy, len), "store", 0);
        assert_true(rc == 0 ? trust_store_facts(store)->num_roots >= 1 : rc == -EINVAL);
        trust_store_free(store);
        free(copy);
    }
}

/* ---- files ---- */

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void files_are_read_with_their_date(void **state)
{
    (void)state;
    static struct pem pem;
    char path[] = "/tmp/test_trust_store-XXXXXX", err[TRUST_STORE_ERR_MAX];
    struct trust_store *store;
    close(mkstemp(path));
    expand(&pem, "{root}{rsa-root}");
    write_file(path, pem.text, pem.len);
    const struct timespec times[2] = {{1700000000, 0}, {1700000001, 999}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(trust_store_open(&store, err, path), 0);
    assert_int_equal(trust_store_facts(store)->num_roots, 2);
    assert_int_equal(trust_store_facts(store)->mtime_s, 1700000001);
    trust_store_free(store);
    unlink(path);
}

static void assert_refused(const char *path, int rc, const char *text)
{
    struct trust_store *store = NULL;
    char err[TRUST_STORE_ERR_MAX] = "", want[TRUST_STORE_ERR_MAX];
    assert_int_equal(trust_store_open(&store, err, path), rc);
    assert_null(store);
    snprintf(want, sizeof want, "%s: %s", path, text);
    assert_string_equal(err, want);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_trust_store-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    assert_refused(folder, -EISDIR, "is a folder: give one file with all roots in PEM");
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, -ENODEV, "is no regular file: give one with all roots in PEM");
    unlink(path);
    assert_refused(path, -ENOENT,
                   "there is no such trust store: install ca-certificates, or name another");
    write_file(path, "", 0);
    assert_int_equal(truncate(path, (off_t)TRUST_STORE_FILE_MAX + 1), 0);
    assert_refused(path, -EFBIG, "longer than a trust store may be (32 MiB): is it one?");
    assert_int_equal(truncate(path, 0), 0);
    assert_refused(path, -EINVAL,
                   "no certificate in it: give a file with lines -----BEGIN CERTIFICATE-----");
    unlink(path);
    rmdir(folder);
    assert_refused("/dev/zero", -ENODEV, "is no regular file: give one with all roots in PEM");
}

static void the_systems_store_is_read(void **state)
{
    (void)state;
    struct trust_store *store;
    char err[TRUST_STORE_ERR_MAX];
    if (access(TRUST_STORE_DEFAULT, R_OK) != 0)
        skip();
    assert_int_equal(trust_store_open(&store, err, TRUST_STORE_DEFAULT), 0);
    assert_true(trust_store_facts(store)->num_roots > 10);
    assert_int_equal(trust_store_facts(store)->num_bad, 0);
    trust_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_and_what_is_bad),
        cmocka_unit_test(line_ends_and_blanks_do_not_matter),
        cmocka_unit_test(certificates_are_in_the_order_of_the_file),
        cmocka_unit_test(every_cut_is_survived),
        cmocka_unit_test(files_are_read_with_their_date),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(the_systems_store_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
