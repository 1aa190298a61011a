/* Any octets as a CertificateRequest of each version, and as a name: what is read lies within. */
#include <stdlib.h>

#include "core/cert_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_within(struct bytes part, struct bytes all)
{
    if (part.len > 0 && (part.data < all.data || part.data + part.len > all.data + all.len))
        abort();
}

static void check_name(struct bytes name)
{
    uint8_t text[CERT_NAME_TEXT_MAX];
    size_t len = cert_name_text(text, name);
    if (len > CERT_NAME_TEXT_MAX || len > 2 * name.len + 16)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes all = bytes_of(data, len), name;
    for (uint16_t version = 0x0301; version <= 0x0304; version++) {
        struct cert_request request;
        if (!cert_request_read(&request, all, version))
            continue;
        check_within(request.ca_names, all);
        for (struct bytes left = request.ca_names; cert_request_ca_next(&left, &name);) {
            check_within(name, all);
            check_name(name);
        }
    }
    check_name(all);
    return 0;
}
