/* fuzz_cert: whatever the DER, every fact lies inside it, and the names come to an end. */
#include <stdlib.h>

#include "core/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be_inside(struct bytes der, struct bytes view)
{
    must(view.len == 0 ||
         (view.data >= der.data && view.data + view.len <= der.data + der.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes der = bytes_of(data, len);
    struct cert_facts f;
    bool ok = cert_parse(&f, der);
    const struct bytes views[] = {f.serial,      f.issuer,     f.subject,     f.issuer_org,
                                  f.issuer_cn,   f.spki,       f.subject_org, f.subject_cn,
                                  f.sig_alg_oid, f.san,      f.tbs,         f.key,
                                  f.ski,         f.aki,      f.sct_list,    f.name_constraints};
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        must_be_inside(der, views[i]);
    must(!ok || f.spki.len > 0);
    must(f.sig_alg == NULL || f.sig_alg_oid.len > 0);
    must(f.curve == NULL || (f.key_type == CERT_KEY_EC && f.key_bits > 0));
    must((!f.is_ca && !f.has_path_len) || f.has_basic_constraints);
    must(f.version <= 3 && f.key_usage <= 0x1ff && f.eku <= 0x1f);
    must((f.has_key_usage || f.key_usage == 0) && (f.has_eku || f.eku == 0));
    struct bytes san = f.san, name;
    enum cert_name_type type;
    for (size_t left = san.len; cert_san_next(&san, &type, &name); left = san.len) {
        must(san.len < left && type <= CERT_NAME_OTHER);
        must_be_inside(f.san, name);
    }
    return 0;
}
