/*
 * show: lines wrap at their width, by characters; colour is where it is wanted and nowhere else; and
 * whatever a server sent, nothing but printable text reaches the terminal, and JSON stays valid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_valid.h"
#include "tests/scanner/probe_world.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { ROUNDS = 400, TEXT_LEN_MAX = 700, LINE_COLUMNS_MAX = 100 };

/* ---- lines ---- */

static char *wrapped(const char *first, const char *text, bool color)
{
    char *out = NULL;
    size_t len;
    struct show s = {open_memstream(&out, &len), color};
    show_wrapped(&s, first, SHOW_BAD, text);
    fclose(s.out);
    return out;
}

static size_t columns(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* the widest line; each but the first must begin with so many blanks */
static size_t widest(const char *text, size_t blanks)
{
    size_t wide = 0;
    for (bool first = true; *text != '\0'; first = false) {
        size_t len = strcspn(text, "\n"), n = columns(text, len);
        assert_true(first || strspn(text, " ") >= blanks);
        wide = n > wide ? n : wide;
        text += len + 1;
    }
    return wide;
}

static void wraps(void **state)
{
    static const struct {
        const char *first, *text, *out;
    } cases[] = {
        {"  label  ", "short", "  label  short\n"},
        {"  label  ", "", "  label\n"},
        {"", "", "\n"},
        {"a ", "b c", "a b c\n"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *out = wrapped(cases[i].first, cases[i].text, false);
        assert_string_equal(out, cases[i].out);
        free(out);
    }
}

static void wraps_long(void **state)
{
    static const char *const words[] = {"word ", "w\xc3\xb6rter ", "x", "\xe2\x82\xac"};
    (void)state;
    for (size_t i = 0; i < LENGTH(words); i++)
        for (size_t num = 1; num < 300; num += 7) {
            char text[3000] = "";
            for (size_t k = 0; k < num; k++)
                strcat(text, words[i]);
            char *out = wrapped("    ", text, false);
            assert_true(widest(out, 4) <= SHOW_WIDTH);
            size_t kept = 0, want = 0;
            for (const char *c = out; *c != '\0'; c++)
                kept += *c != ' ' && *c != '\n';
            for (const char *c = text; *c != '\0'; c++)
                want += *c != ' ';
            assert_int_equal(kept, want); /* nothing is lost, nothing is split inside a character */
            free(out);
        }
}

static void colours(void **state)
{
    (void)state;
    char *out = wrapped("X ", "bad", true);
    assert_string_equal(out, "\033[1;31mX \033[0mbad\n");
    free(out);
    out = wrapped("X ", "bad", false);
    assert_string_equal(out, "X bad\n");
    free(out);
}

static void texts_are_bounded(void **state)
{
    struct show_text t = {0};
    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        show_add(&t, "%s", "abc");
        show_add_octets(&t, bytes_text("\x1b[31m"), 16);
        assert_true(t.len < sizeof t.text);
        assert_int_equal(strlen(t.text), t.len);
    }
    assert_null(strchr(t.text, '\x1b'));
}

/* ---- whatever a server says ---- */

static uint64_t random_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* octets that terminals act on, and octets at random */
static size_t fill(uint8_t *out, size_t max, uint64_t *seed)
{
    static const char *const bad[] = {"\x1b[31m",
                                      "\x1b]0;title\x07",
                                      "\xc2\x9b"
                                      "31m",
                                      "\xe2\x80\xae",
                                      "\xe2\x81\xa6",
                                      "\r",
                                      "\n",
                                      "\r\n250-",
                                      "\x07",
                                      "\x08\x08",
                                      "\x7f",
                                      "\t",
                                      "\xff\xfe",
                                      "\xe2\x80\xa8",
                                      "\x00x",
                                      "220 ",
                                      "XXXXXXXA",
                                      "STARTTLS\r\n",
                                      "\xed\xa0\x80",
                                      "\xf0\x9f\x98\x80",
                                      "\\x41",
                                      "\x9b"
                                      "5n"};
    size_t len = 0, num = random_next(seed) % 60;
    for (size_t i = 0; i < num && len + 16 < max; i++) {
        const char *piece = bad[random_next(seed) % LENGTH(bad)];
        size_t piece_len = piece[0] == '\0' ? 2 : strlen(piece);
        if (random_next(seed) % 3 != 0) {
            memcpy(out + len, piece, piece_len);
            len += piece_len;
        } else {
            out[len++] = (uint8_t)random_next(seed);
        }
    }
    return len;
}

static void check_printable(const char *text, size_t round)
{
    static const char *const banned[] = {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\xa8",
                                         "\xe2\x80\x8e", "\xc2\x9b",     "\xc2\x85"};
    for (const char *c = text; *c != '\0'; c++)
        if (((unsigned char)*c < ' ' && *c != '\n') || *c == '\x7f')
            fail_msg("round %zu: octet %02x in \"%.60s\"", round, (unsigned char)*c, c);
    for (size_t i = 0; i < LENGTH(banned); i++)
        if (strstr(text, banned[i]) != NULL)
            fail_msg("round %zu: a control character gets through", round);
    if (widest(text, 0) > LINE_COLUMNS_MAX)
        fail_msg("round %zu: a line of %zu columns", round, widest(text, 0));
}

static void check_output(struct probe_world *w, size_t round)
{
    struct json j;
    size_t at, len;
    char *text = probe_world_text(w, false), *pem = NULL;
    check_printable(text, round);
    free(text);
    json_init(&j);
    probe_json(&j, &w->view);
    assert_false(j.bad);
    const char *fault = json_fault(&at, bytes_of(j.text, j.len - 1));
    if (fault != NULL)
        fail_msg("round %zu: JSON: octet %zu: %s", round, at, fault);
    json_cleanup(&j);
    FILE *out = open_memstream(&pem, &len);
    probe_pem(out, &w->view);
    fclose(out);
    check_printable(pem, round);
    free(pem);
}

static void set_outcome(struct record *r, uint64_t *seed)
{
    r->stage = (uint8_t)(1 + random_next(seed) % (NUM_STAGES - 1));
    r->cause = (uint8_t)(1 + random_next(seed) % (NUM_CAUSES - 1));
    r->smtp_code = (uint16_t)(random_next(seed) % 600);
    r->has_tls = r->stage >= STAGE_HANDSHAKE;
    r->handshake_done = r->stage >= STAGE_EHLO_TLS;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        r->timing_us[i] = random_next(seed) % 3 == 0 ? TIMING_ABSENT : (uint32_t)random_next(seed);
    if (r->timing_us[TIMING_CONNECT] == TIMING_ABSENT && random_next(seed) % 2 == 0)
        r->timing_us[TIMING_CONNECT] = 1;
}

static void set_tls(struct record *r, uint64_t *seed)
{
    static const uint16_t versions[] = {0, 0x0300, 0x0301, 0x0303, 0x0304, 0x7f12};
    r->version = versions[random_next(seed) % LENGTH(versions)];
    r->suite = (uint16_t)random_next(seed);
    r->group = (uint16_t)random_next(seed);
    r->sigscheme = (uint16_t)random_next(seed);
    r->tls_known = (uint16_t)(random_next(seed) & TLS_FLAGS_ALL);
    r->tls_flags = (uint16_t)(random_next(seed) & TLS_FLAGS_ALL);
    r->compression = (uint8_t)random_next(seed);
    r->num_alerts = (uint8_t)(random_next(seed) % RECORD_ALERTS_MAX);
    for (size_t i = 0; i < r->num_alerts; i++)
        r->alerts[i] = (struct alert){random_next(seed) % 2 == 0, (uint8_t)random_next(seed),
                                      (uint8_t)random_next(seed), STAGE_HANDSHAKE};
    r->num_server_exts = (uint8_t)(random_next(seed) % RECORD_EXTS_MAX);
    for (size_t i = 0; i < r->num_server_exts; i++)
        r->server_exts[i] = (uint16_t)random_next(seed);
    r->tls_in = r->tls_out = (uint32_t)random_next(seed);
}

/* real certificates with octets changed, so that names hold anything */
static void set_chain(struct probe_world *w, struct record *r, uint64_t *seed)
{
    static const char *const chains[] = {"", "wildcard.der ca.der", "idna.der san100.der ca.der",
                                         "no-subject.der ca.der expired.der", "san-kinds.der"};
    probe_world_chain(w, r, chains[random_next(seed) % LENGTH(chains)]);
    for (size_t i = 0; i < r->num_chain; i++)
        for (size_t k = random_next(seed) % 6; k > 0; k--)
            w->octets[i][random_next(seed) % w->ders[i].len] = (uint8_t)random_next(seed);
}

static void hostile(void **state)
{
    struct probe_world w;
    static uint8_t texts[NUM_TEXTS][TEXT_LEN_MAX];
    uint64_t seed = 5;
    (void)state;
    probe_world_init(&w, "ca.der");
    for (size_t round = 0; round < ROUNDS; round++) {
        struct record r;
        record_init(&r);
        r.addr = addr_v4(0xc0000207);
        r.port = 25;
        set_outcome(&r, &seed);
        if (r.has_tls)
            set_tls(&r, &seed);
        for (size_t i = 0; i < NUM_TEXTS; i++)
            r.text[i] = bytes_of(texts[i], fill(texts[i], TEXT_LEN_MAX, &seed));
        r.early_len = (uint32_t)random_next(&seed) % 300;
        set_chain(&w, &r, &seed);
        probe_world_view(&w, &r, round % 2 == 0 ? "mx.example.com" : NULL,
                         (int64_t)(random_next(&seed) % 4000000000u));
        check_output(&w, round);
    }
    probe_world_cleanup(&w);
}

/* ---- what a person reads ---- */

static struct bytes text(const char *t)
{
    return bytes_text(t);
}

static void healthy(struct record *r)
{
    record_init(r);
    r->addr = addr_v4(0xc0000207);
    r->port = 25;
    r->host = text("mx.example.com");
    r->stage = STAGE_DONE;
    r->cause = CAUSE_OK;
    r->has_tls = r->handshake_done = true;
    r->version = 0x0304;
    r->suite = 0x1301;
    r->group = 29;
    r->sigscheme = 0x0403;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        r->timing_us[i] = 1500 * (uint32_t)(i + 1);
    r->text[TEXT_GREETING] = text("220 mx.example.com ESMTP\r\n");
    r->text[TEXT_EHLO] = text("250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
    r->text[TEXT_STARTTLS] = text("220 go ahead\r\n");
    r->text[TEXT_EHLO_TLS] = text("250-mx.example.com\r\n250-SIZE 1000\r\n250 REQUIRETLS\r\n");
}

static void tells(void **state)
{
    static const char *const lines[] = {
        "mx.example.com at 192.0.2.7 port 25, 2026-01-01 00:00:00 UTC\n",
        "\nDialogue, 10.5 ms in all\n",
        "  connect           1.50 ms\n",
        "  greeting          3.00 ms  220 mx.example.com ESMTP\n",
        "  EHLO              4.50 ms  250-mx.example.com (and 2 lines)\n",
        "  TLS               7.50 ms  TLSv1.3 TLS_AES_128_GCM_SHA256\n",
        "     4.50 ms  > EHLO probe.example.com\n",
        "     9.00 ms  < 250-SIZE 1000\n",
        "     9.00 ms  > STARTTLS\n",
        "  before TLS      SIZE 1000, STARTTLS\n",
        "  inside TLS      SIZE 1000, REQUIRETLS\n",
        "  gone            STARTTLS\n",
        "  new             REQUIRETLS\n",
        "  key exchange    x25519\n",
        "  signed with     ecdsa_secp256r1_sha256\n",
        "\nVerdict: all is well\n",
    };
    struct probe_world w;
    struct record r;
    (void)state;
    probe_world_init(&w, "ca.der");
    healthy(&r);
    probe_world_view(&w, &r, NULL, 1767225600);
    char *shown = probe_world_text(&w, false);
    for (size_t i = 0; i < LENGTH(lines); i++)
        if (strstr(shown, lines[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", lines[i], shown);
    free(shown);
    shown = probe_world_text(&w, true);
    assert_non_null(strstr(shown, "\033[32mVerdict: \033[0mall is well\n"));
    free(shown);
    probe_world_cleanup(&w);
}

/* the fault is drawn at the certificate, the gap where the issuer is missing */
static void draws(void **state)
{
    struct probe_world w;
    struct record r;
    (void)state;
    probe_world_init(&w, "p-256.der");
    healthy(&r);
    probe_world_chain(&w, &r, "expired.der");
    probe_world_view(&w, &r, "other.example.com", 1767225600);
    char *shown = probe_world_text(&w, false);
    const char *leaf = strstr(shown, "\n  [1] ");
    assert_non_null(leaf);
    assert_non_null(strstr(leaf, "\n   |  X the server's certificate has expired\n"));
    assert_non_null(strstr(leaf, "X the certificate has other names\n"));
    assert_non_null(strstr(leaf, "\n  [?] MISSING: "));
    assert_non_null(strstr(leaf, " ago, on "));
    assert_non_null(strstr(leaf, "other.example.com is not among its names"));
    free(shown);
    probe_world_cleanup(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wraps),   cmocka_unit_test(wraps_long),
        cmocka_unit_test(colours), cmocka_unit_test(texts_are_bounded),
        cmocka_unit_test(hostile), cmocka_unit_test(tells),
        cmocka_unit_test(draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
