#include "core/pem.h"

#include <openssl/base64.h>

#include "core/json.h"

enum { LINE_OCTETS = (PEM_LINE_MAX - 1) / 4 * 3, NAME_TEXT_MAX = 256 };

bool pem_line(char out[PEM_LINE_MAX], struct bytes *der)
{
    size_t len = der->len < LINE_OCTETS ? der->len : LINE_OCTETS;
    if (len == 0)
        return false;
    EVP_EncodeBlock((uint8_t *)out, der->data, len);
    *der = bytes_of(der->data + len, der->len - len);
    return true;
}

static void put_name(FILE *out, const char *what, struct bytes name)
{
    char text[NAME_TEXT_MAX];
    if (name.len == 0)
        return;
    text_for_terminal(text, sizeof text, name);
    fprintf(out, " %s=%s", what, text);
}

void pem_cert(FILE *out, const char *label, const struct cert_facts *facts, struct bytes der)
{
    char line[PEM_LINE_MAX];
    fprintf(out, "# %s", label);
    if (facts != NULL) {
        put_name(out, "CN", facts->subject_cn);
        put_name(out, "O", facts->subject_org);
    } else {
        fputs(" (cannot be parsed)", out);
    }
    fputs("\n-----BEGIN CERTIFICATE-----\n", out);
    while (pem_line(line, &der))
        fprintf(out, "%s\n", line);
    fputs("-----END CERTIFICATE-----\n", out);
}
