/* Messages of a server, one after the other: whatever they are, what is told holds together, and
 * what is to be kept lies within the message. */
#include <stdlib.h>

#include "scanner/session/tls_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_within(struct bytes part, struct bytes message)
{
    if (part.len > 0 && (part.data < message.data ||
                         part.data + part.len > message.data + message.len))
        abort();
}

static void check(const struct tls_facts *f, const struct tls_parts *parts, struct bytes message)
{
    if ((f->flags & ~f->known) != 0 || (f->known & ~TLS_FLAGS_ALL) != 0 ||
        f->num_exts > RECORD_EXTS_MAX || (f->version == 0 && f->known != 0) ||
        (f->ticket_lifetime_s != 0 && (f->flags & TLS_FLAG_TICKET) == 0) ||
        (f->retry_group != 0 && (f->flags & TLS_FLAG_HELLO_RETRY) == 0))
        abort();
    check_within(parts->certs, message);
    check_within(parts->ocsp, message);
    check_within(parts->scts, message);
    check_within(parts->request, message);
    struct bytes left = parts->certs, cert;
    for (size_t num = 0; tls_cert_next(&left, &cert, f->version); num++) {
        check_within(cert, message);
        if (cert.len == 0 || num > message.len)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tls_facts facts = {0};
    while (len >= 4) {
        size_t body_len = (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
        size_t message_len = body_len < len - 4 ? 4 + body_len : len;   /* the last may be cut */
        uint8_t *copy = malloc(message_len);   /* of its own size: a sanitizer sees a read behind */
        struct tls_parts parts;
        if (copy == NULL)
            abort();
        memcpy(copy, data, message_len);
        tls_message_read(&facts, &parts, bytes_of(copy, message_len));
        check(&facts, &parts, bytes_of(copy, message_len));
        free(copy);
        data += message_len;
        len -= message_len;
    }
    return 0;
}
