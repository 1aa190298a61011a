/* cert: facts as `openssl x509` states them, and hostile DER that costs nothing but the part it
 * spoils. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include "core/cert.h"

enum { FILE_MAX_LEN = 8192, TEXT_MAX = 4096 };

struct facts_case {
    const char *file, *serial;
    int64_t not_before, not_after;
    const char *issuer_org, *issuer_cn, *subject_org, *subject_cn;
    const char *key_type, *curve;
    uint32_t key_bits;
    const char *sig_alg, *is_ca, *sha256, *spki_sha256, *san;
};

static const struct facts_case facts_cases[] = {
#include "tests/data/certs/facts.inc"
};

static struct bytes load(uint8_t *buf, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/certs/%s", TEST_DATA, file);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("cannot open %s", path);
    size_t len = fread(buf, 1, FILE_MAX_LEN, f);
    fclose(f);
    return bytes_of(buf, len);
}

static void assert_hex(const char *want, struct bytes octets)
{
    char text[TEXT_MAX] = "";
    assert_true(octets.len < sizeof text / 2);
    for (size_t i = 0; i < octets.len; i++)
        snprintf(text + 2 * i, 3, "%02X", octets.data[i]);
    assert_string_equal(text, want);
}

static void assert_text(const char *want, struct bytes octets)
{
    if (!bytes_equal(bytes_text(want), octets))
        fail_msg("\"%.*s\", not \"%s\"", (int)octets.len, (const char *)octets.data, want);
}

/* print_serial writes a serial as openssl does: a sign, no octet for the sign alone. */
static void print_serial(char *out, struct bytes serial)
{
    bool negative = serial.len > 0 && serial.data[0] >= 0x80;
    if (negative) {
        assert_int_equal(serial.len, 1); /* enough for the case there is */
        sprintf(out, "-%02X", 0x100 - serial.data[0]);
        return;
    }
    size_t at = 0, skip = serial.len > 1 && serial.data[0] == 0;
    for (size_t i = skip; i < serial.len; i++)
        at += (size_t)sprintf(out + at, "%02X", serial.data[i]);
}

static size_t print_address(char *out, struct bytes ip)
{
    size_t at = 0;
    if (ip.len == 4)
        return (size_t)sprintf(out, "%u.%u.%u.%u", ip.data[0], ip.data[1], ip.data[2], ip.data[3]);
    assert_int_equal(ip.len, 16);
    for (size_t i = 0; i < 16; i += 2)
        at += (size_t)sprintf(out + at, "%s%X", i > 0 ? ":" : "", ip.data[i] << 8 | ip.data[i + 1]);
    return at;
}

static void print_san(char *out, struct bytes san)
{
    static const char *const labels[] = {[CERT_NAME_DNS] = "DNS:",
                                         [CERT_NAME_IP] = "IP Address:",
                                         [CERT_NAME_EMAIL] = "email:",
                                         [CERT_NAME_URI] = "URI:",
                                         [CERT_NAME_OTHER] = "other:"};
    enum cert_name_type type;
    struct bytes name;
    size_t at = 0;
    out[0] = '\0';
    while (cert_san_next(&san, &type, &name)) {
        at += (size_t)sprintf(out + at, "%s%s", at > 0 ? ", " : "", labels[type]);
        if (type == CERT_NAME_IP)
            at += print_address(out + at, name);
        else
            at += (size_t)sprintf(out + at, "%.*s", (int)name.len, (const char *)name.data);
    }
    assert_int_equal(san.len, 0);
}

static const char *key_type_text(enum cert_key_type type)
{
    switch (type) {
    case CERT_KEY_RSA: return "rsaEncryption";
    case CERT_KEY_EC: return "id-ecPublicKey";
    case CERT_KEY_ED25519: return "ED25519";
    case CERT_KEY_ED448: return "ED448";
    case CERT_KEY_DSA: return "dsaEncryption";
    case CERT_KEY_RSA_PSS: return "rsassaPss";
    case CERT_KEY_ML_DSA: return "ML-DSA";
    case CERT_KEY_UNKNOWN: break;
    }
    return "unknown";
}

/* openssl_name gives the names that openssl writes in its own way. */
static const char *openssl_name(const char *sig_alg)
{
    static const char *const names[][2] = {{"Ed25519", "ED25519"},
                                           {"Ed448", "ED448"},
                                           {"dsa-with-sha1", "dsaWithSHA1"},
                                           {"dsa-with-sha256", "dsa_with_SHA256"}};
    assert_non_null(sig_alg);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(sig_alg, names[i][0]) == 0)
            return names[i][1];
    return sig_alg;
}

static void assert_facts(const struct facts_case *want, const struct cert_facts *f)
{
    char text[TEXT_MAX];
    print_serial(text, f->serial);
    assert_string_equal(text, want->serial);
    assert_true(f->has_validity);
    assert_int_equal(f->not_before, want->not_before);
    assert_int_equal(f->not_after, want->not_after);
    assert_text(want->issuer_org, f->issuer_org);
    assert_text(want->issuer_cn, f->issuer_cn);
    assert_text(want->subject_org, f->subject_org);
    assert_text(want->subject_cn, f->subject_cn);
    assert_string_equal(key_type_text(f->key_type), want->key_type);
    assert_string_equal(f->curve != NULL ? f->curve : "", want->curve);
    assert_int_equal(f->key_bits, want->key_bits);
    assert_string_equal(openssl_name(f->sig_alg), want->sig_alg);
    assert_int_equal(f->has_basic_constraints, want->is_ca[0] != '\0');
    assert_int_equal(f->is_ca, strcmp(want->is_ca, "TRUE") == 0);
    assert_int_equal(f->self_issued, bytes_equal(f->issuer, f->subject));
    assert_hex(want->sha256, bytes_of(f->sha256, 32));
    assert_hex(want->spki_sha256, bytes_of(f->spki_sha256, 32));
    print_san(text, f->san);
    assert_string_equal(text, want->san);
}

static void facts_are_openssls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof facts_cases / sizeof *facts_cases; i++) {
        uint8_t buf[FILE_MAX_LEN];
        struct cert_facts f;
        print_message("%s\n", facts_cases[i].file);
        assert_true(cert_parse(&f, load(buf, facts_cases[i].file)));
        assert_facts(&facts_cases[i], &f);
    }
}

static void self_issued(void **state)
{
    (void)state;
    uint8_t buf[FILE_MAX_LEN];
    struct cert_facts f;
    assert_true(cert_parse(&f, load(buf, "ca.der")) && f.self_issued);
    assert_true(cert_parse(&f, load(buf, "sub-ca.der")) && !f.self_issued);
}

/* A minimal certificate, in which a case replaces one part by DER of its own; NULL keeps the part.
 */
struct crafted {
    const char *serial, *algorithm, *issuer, *validity, *subject, *spki, *extensions;
    size_t serial_len, algorithm_len, issuer_len, validity_len, subject_len, spki_len,
        extensions_len;
};

#define DER(part, literal) .part = (literal), .part##_len = sizeof(literal) - 1

#define ED25519   "\x30\x05\x06\x03\x2b\x65\x70"
#define CN(text)  "\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03" text /* three characters */
#define ORG(text) "\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" text
#define UTC(text) "\x17\x0d" text
#define DNS(text) "\x82\x03" text
/* an extension with a SubjectAltName of one such name */
#define SAN "\x30\x0e\x06\x03\x55\x1d\x11\x04\x07\x30\x05"

static void add(CBB *cbb, const char *part, size_t len, const char *otherwise, size_t otherwise_len)
{
    const char *data = part != NULL ? part : otherwise;
    assert_true(CBB_add_bytes(cbb, (const uint8_t *)data, part != NULL ? len : otherwise_len));
}

#define ADD(cbb, c, part, literal)                                                                 \
    add(cbb, (c)->part, (c)->part##_len, literal, sizeof(literal) - 1)

static struct bytes craft(uint8_t *buf, const struct crafted *c)
{
    CBB cbb, certificate, tbs;
    uint8_t *der;
    size_t len;
    assert_true(CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &certificate, CBS_ASN1_SEQUENCE) &&
                CBB_add_asn1(&certificate, &tbs, CBS_ASN1_SEQUENCE));
    ADD(&tbs, c, serial, "\xa0\x03\x02\x01\x02\x02\x01\x07"); /* with the version before it */
    ADD(&tbs, c, algorithm, ED25519);
    ADD(&tbs, c, issuer, "\x30\x0e" CN("iss"));
    ADD(&tbs, c, validity, "\x30\x1e" UTC("240101000000Z") UTC("340101000000Z"));
    ADD(&tbs, c, subject, "\x30\x0e" CN("sub"));
    ADD(&tbs, c, spki, "\x30\x0b" ED25519 "\x03\x02\x00\x01");
    ADD(&tbs, c, extensions, "");
    ADD(&certificate, c, algorithm, ED25519);
    assert_true(CBB_add_bytes(&certificate, (const uint8_t *)"\x03\x02\x00\x01", 4));
    assert_true(CBB_finish(&cbb, &der, &len) && len <= FILE_MAX_LEN);
    memcpy(buf, der, len);
    OPENSSL_free(der);
    return bytes_of(buf, len);
}

enum { SERIAL = 1, ISSUER = 2, VALIDITY = 4, SUBJECT = 8, SPKI = 16, ALT_NAME = 32, ALL = 31 };

static unsigned parts_of(const struct cert_facts *f)
{
    return (f->serial.len > 0 ? SERIAL : 0u) |
           (f->issuer.len > 0 && f->issuer_cn.len > 0 ? ISSUER : 0u) |
           (f->has_validity ? VALIDITY : 0u) |
           (f->subject.len > 0 && f->subject_cn.len > 0 ? SUBJECT : 0u) |
           (f->spki.len > 0 ? SPKI : 0u) | (f->san.len > 0 ? ALT_NAME : 0u);
}

static void parts_spoil_only_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct crafted in;
        unsigned has;
        enum cert_key_type key;
    } cases[] = {
        {"nothing", {0}, ALL, CERT_KEY_ED25519},
        {"no version", {DER(serial, "\x02\x01\x07")}, ALL, CERT_KEY_ED25519},
        {"serial is text", {DER(serial, "\x0c\x01\x07")}, ALL & ~SERIAL, CERT_KEY_ED25519},
        {"empty serial", {DER(serial, "\x02\x00")}, ALL & ~SERIAL, CERT_KEY_ED25519},
        {"issuer is a SET", {DER(issuer, "\x31\x00")}, ALL & ~ISSUER, CERT_KEY_ED25519},
        {"bad month",
         {DER(validity, "\x30\x1e" UTC("241301000000Z") UTC("340101000000Z"))},
         ALL & ~VALIDITY,
         CERT_KEY_ED25519},
        {"no end",
         {DER(validity, "\x30\x0f" UTC("240101000000Z"))},
         ALL & ~VALIDITY,
         CERT_KEY_ED25519},
        {"text for a time",
         {DER(validity, "\x30\x1e"
                        "\x0c\x0d"
                        "240101000000Z" UTC("340101000000Z"))},
         ALL & ~VALIDITY,
         CERT_KEY_ED25519},
        {"validity is NULL", {DER(validity, "\x05\x00")}, ALL & ~VALIDITY, CERT_KEY_ED25519},
        {"subject is text", {DER(subject, "\x0c\x00")}, ALL & ~SUBJECT, CERT_KEY_ED25519},
        {"empty spki", {DER(spki, "\x30\x00")}, ALL, CERT_KEY_UNKNOWN},
        {"unknown key",
         {DER(spki, "\x30\x09\x30\x03\x06\x01\x2a\x03\x02\x00\x01")},
         ALL,
         CERT_KEY_UNKNOWN},
        {"garbage in spki", {DER(spki, "\x30\x03\x30\x7f\x00")}, ALL, CERT_KEY_UNKNOWN},
        {"ML-DSA-65",
         {DER(spki, "\x30\x11\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12"
                    "\x03\x02\x00\x01")},
         ALL,
         CERT_KEY_ML_DSA},
        {"spki is text", {DER(spki, "\x0c\x00")}, ALL & ~SPKI, CERT_KEY_UNKNOWN},
        {"no spki", {DER(spki, "")}, ALL & ~SPKI, CERT_KEY_UNKNOWN},
        {"spki too long", {DER(spki, "\x30\x7f")}, ALL & ~SPKI, CERT_KEY_UNKNOWN},
        {"SAN",
         {DER(extensions, "\xa3\x12\x30\x10" SAN DNS("one"))},
         ALL | ALT_NAME,
         CERT_KEY_ED25519},
        {"SAN after ids",
         {DER(extensions, "\x81\x02\x00\x01\xa3\x12\x30\x10" SAN DNS("one"))},
         ALL | ALT_NAME,
         CERT_KEY_ED25519},
        {"extensions are NULL", {DER(extensions, "\xa3\x02\x05\x00")}, ALL, CERT_KEY_ED25519},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t buf[FILE_MAX_LEN];
        struct cert_facts f;
        print_message("%s\n", cases[i].what);
        bool ok = cert_parse(&f, craft(buf, &cases[i].in));
        assert_int_equal(ok, (cases[i].has & SPKI) != 0);
        assert_int_equal(parts_of(&f), cases[i].has);
        assert_int_equal(f.key_type, cases[i].key);
        assert_string_equal(f.sig_alg, "Ed25519");
    }
}

static void unknown_signature_keeps_its_oid(void **state)
{
    (void)state;
    uint8_t buf[FILE_MAX_LEN];
    struct cert_facts f;
    struct crafted other = {DER(algorithm, "\x30\x04\x06\x02\x2a\x03")};
    assert_true(cert_parse(&f, craft(buf, &other)));
    assert_null(f.sig_alg);
    assert_hex("2A03", f.sig_alg_oid);
    struct crafted none = {DER(algorithm, "\x30\x02\x05\x00")};
    assert_true(cert_parse(&f, craft(buf, &none)));
    assert_null(f.sig_alg);
    assert_int_equal(f.sig_alg_oid.len, 0);
}

static void last_attribute_counts(void **state)
{
    (void)state;
    uint8_t buf[FILE_MAX_LEN];
    struct cert_facts f;
    struct crafted in = {DER(subject, "\x30\x38" CN("one") ORG("org") CN("two") ORG("gro")),
                         DER(issuer,
                             "\x30\x1c" CN("bad") "\x31\x0c\x30\x7f\x06\x03\x55\x04\x03\x0c\x03"
                                                  "end")};
    assert_true(cert_parse(&f, craft(buf, &in)));
    assert_text("two", f.subject_cn);
    assert_text("gro", f.subject_org);
    assert_text("bad", f.issuer_cn);
    assert_text("", f.issuer_org);
}

static void first_extension_counts(void **state)
{
    (void)state;
    uint8_t buf[FILE_MAX_LEN];
    char text[TEXT_MAX];
    struct cert_facts f;
    struct crafted twice = {DER(extensions, "\xa3\x22\x30\x20" SAN DNS("one") SAN DNS("two"))};
    assert_true(cert_parse(&f, craft(buf, &twice)));
    print_san(text, f.san);
    assert_string_equal(text, "DNS:one");
    struct crafted bad_first = {DER(extensions,
                                    "\xa3\x1b\x30\x19"
                                    "\x30\x07\x06\x03\x55\x1d\x11\x04\x00" SAN DNS("two"))};
    assert_true(cert_parse(&f, craft(buf, &bad_first)));
    assert_int_equal(f.san.len, 0);
#define BASIC(der) "\x06\x03\x55\x1d\x13" der
    struct crafted ca_twice = {DER(
        extensions, "\xa3\x21\x30\x1f"
                    "\x30\x0f" BASIC("\x01\x01\xff\x04\x05\x30\x03\x01\x01\x01") "\x30\x0c" BASIC(
                        "\x04\x05\x30\x03\x01\x01\x00"))};
    assert_true(cert_parse(&f, craft(buf, &ca_twice)));
    assert_true(f.has_basic_constraints && f.is_ca); /* BER's true of 1 */
}

static void malformed_san_ends_there(void **state)
{
    (void)state;
    struct bytes san = bytes_text(DNS("one") "\xa0\x02\x05");
    enum cert_name_type type;
    struct bytes name;
    assert_true(cert_san_next(&san, &type, &name));
    assert_int_equal(type, CERT_NAME_DNS);
    assert_text("one", name);
    assert_false(cert_san_next(&san, &type, &name));
    assert_int_equal(san.len, 3);
    assert_text("one", name);
    san = bytes_text("\x0c\x01x\xa2\x01x\x87\x01x");
    assert_true(cert_san_next(&san, &type, &name) && type == CERT_NAME_OTHER);
    assert_true(cert_san_next(&san, &type, &name) && type == CERT_NAME_OTHER);
    assert_true(cert_san_next(&san, &type, &name) && type == CERT_NAME_IP && name.len == 1);
    assert_false(cert_san_next(&san, &type, &name));
    assert_int_equal(san.len, 0);
}

static void modulus_bits(void **state)
{
    (void)state;
    static const struct {
        struct crafted in;
        uint32_t bits;
    } cases[] = {
#define RSA(len, key_len, seq_len, num_len, modulus)                                               \
    {DER(spki,                                                                                     \
         "\x30" len "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03" key_len     \
         "\x00\x30" seq_len "\x02" num_len modulus)}
        {RSA("\x18", "\x07", "\x04", "\x02", "\x7f\xff"), 15},
        {RSA("\x19", "\x08", "\x05", "\x03", "\x00\x80\x00"), 16},
        {RSA("\x18", "\x07", "\x04", "\x02", "\x80\x00"), 16}, /* negative by mistake */
        {RSA("\x19", "\x08", "\x05", "\x03", "\x00\x00\x01"), 1},
        {RSA("\x17", "\x06", "\x03", "\x01", "\x00"), 0},
        {RSA("\x16", "\x05", "\x02", "\x00", ""), 0},
        {RSA("\x17", "\x06", "\x03", "\x7f", "\x01"), 0}, /* longer than there is */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t buf[FILE_MAX_LEN];
        struct cert_facts f;
        assert_true(cert_parse(&f, craft(buf, &cases[i].in)));
        assert_int_equal(f.key_type, CERT_KEY_RSA);
        if (f.key_bits != cases[i].bits)
            fail_msg("case %zu: %u bits, not %u", i, f.key_bits, cases[i].bits);
    }
}

static void assert_inside(struct bytes der, struct bytes view)
{
    if (view.len > 0)
        assert_true(view.data >= der.data && view.len <= der.len - (size_t)(view.data - der.data));
}

/* parse_hostile parses a copy of exactly its size and checks that every view lies in it. */
static bool parse_hostile(struct bytes in)
{
    uint8_t *copy = malloc(in.len > 0 ? in.len : 1);
    assert_non_null(copy);
    memcpy(copy, in.data, in.len);
    struct bytes der = bytes_of(copy, in.len), name;
    struct cert_facts f;
    enum cert_name_type type;
    bool ok = cert_parse(&f, der);
    const struct bytes views[] = {f.serial,    f.issuer,      f.subject,    f.issuer_org,
                                  f.issuer_cn, f.subject_org, f.subject_cn, f.sig_alg_oid,
                                  f.spki,      f.san};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        assert_inside(der, views[i]);
    while (cert_san_next(&f.san, &type, &name))
        assert_inside(der, name);
    free(copy);
    return ok;
}

static const char *const hostile_files[] = {"p-256.der",          "san-kinds.der",   "rsa1024.der",
                                            "several.der",        "year9999.der",    "v1.der",
                                            "rsa-pss-signed.der", "ec-explicit.der", "dsa.der"};

enum { NUM_HOSTILE = sizeof hostile_files / sizeof *hostile_files };

static void every_truncation_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        uint8_t buf[FILE_MAX_LEN];
        struct bytes der = load(buf, hostile_files[i]);
        for (size_t len = 0; len < der.len; len++)
            assert_false(parse_hostile(bytes_of(buf, len)));
        assert_true(parse_hostile(der));
    }
}

static void every_changed_octet_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_HOSTILE; i++) {
        uint8_t buf[FILE_MAX_LEN];
        struct bytes der = load(buf, hostile_files[i]);
        for (size_t at = 0; at < der.len; at++) {
            uint8_t was = buf[at];
            for (unsigned value = 0; value <= UINT8_MAX; value++) {
                buf[at] = (uint8_t)value;
                parse_hostile(der);
            }
            buf[at] = was;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_openssls),
        cmocka_unit_test(self_issued),
        cmocka_unit_test(modulus_bits),
        cmocka_unit_test(parts_spoil_only_themselves),
        cmocka_unit_test(unknown_signature_keeps_its_oid),
        cmocka_unit_test(last_attribute_counts),
        cmocka_unit_test(first_extension_counts),
        cmocka_unit_test(malformed_san_ends_there),
        cmocka_unit_test(every_truncation_fails),
        cmocka_unit_test(every_changed_octet_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
