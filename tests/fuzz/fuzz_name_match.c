/*
 * fuzz_name_match: a match is of a name that is there, and only of one that is the reference, or
 * stands for it.
 *
 * Input      a reference and a common name, each behind its length in an octet; the rest are the
 *            alternative names.
 */
#include <stdlib.h>
#include <strings.h>

#include "core/name_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct bytes take(struct bytes *in)
{
    size_t len = in->len > 0 ? in->data[0] : 0;
    if (in->len == 0)
        return *in;
    *in = bytes_of(in->data + 1, in->len - 1);
    struct bytes taken = bytes_of(in->data, len < in->len ? len : in->len);
    *in = bytes_of(in->data + taken.len, in->len - taken.len);
    return taken;
}

static bool same(struct bytes name, const char *host)
{
    return name.len == strlen(host) && strncasecmp((const char *)name.data, host, name.len) == 0;
}

static void check(const struct name_ref *ref, enum name_match match, struct bytes which,
                  const struct cert_facts *facts)
{
    uint8_t octets[16];
    bool is_cn = facts->subject_cn.len > 0 && which.data == facts->subject_cn.data;
    switch (match) {
    case NAME_MATCH_NO_NAMES:
    case NAME_MATCH_NO: must(which.len == 0); break;
    case NAME_MATCH_CN_ONLY: must(is_cn && !ref->is_addr && same(which, ref->host)); break;
    case NAME_MATCH_WILDCARD:
        must(!ref->is_addr && which.data[0] == '*' && strchr(ref->host, '.') != NULL);
        must(same(bytes_of(which.data + 1, which.len - 1), strchr(ref->host, '.')));
        break;
    case NAME_MATCH_EXACT:
        if (ref->is_addr)
            must(bytes_equal(which, bytes_of(octets, addr_to_bytes(octets, ref->addr))));
        else
            must(same(which, ref->host));
        break;
    }
    must(which.len == 0 || is_cn ||
         (which.data >= facts->san.data &&
          which.data + which.len <= facts->san.data + facts->san.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes in = bytes_of(data, len), reference = take(&in), cn = take(&in), which;
    const struct cert_facts facts = {.san = in, .subject_cn = cn};
    struct name_ref ref;
    if (!name_ref_parse(&ref, reference))
        return 0;
    must(ref.is_addr || (ref.len > 0 && ref.len == strlen(ref.host) && ref.len <= NAME_REF_MAX));
    enum name_match match = name_match(&ref, &which, &facts);
    check(&ref, match, which, &facts);
    return 0;
}
