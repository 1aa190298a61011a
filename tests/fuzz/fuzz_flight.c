/* The reader of flights: however the octets are split, the answer is the same, and what it says
 * hangs together. The first octet tells what was offered, and how to split. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/suite_class.h"
#include "scanner/session/flight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static enum flight_status feed(struct flight *f, uint16_t offered, const uint8_t *in, size_t in_len,
                               size_t step)
{
    enum flight_status status = FLIGHT_MORE;
    flight_init(f, offered);
    while (in_len > 0) {
        size_t part = in_len < step ? in_len : step;
        status = flight_feed(f, in, part);
        in += part;
        in_len -= part;
    }
    return status;
}

static void check_hello(const struct flight *f)
{
    unsigned bits = suite_class(f->suite);
    check(f->version >> 8 == 3);
    check(f->dh_bits == 0 || bits & (SUITE_DHE | SUITE_ANON));
    check(f->rsa_bits == 0 || bits & SUITE_STATIC_RSA);
    check(f->curve_type == FLIGHT_CURVE_NONE || bits & SUITE_CURVE);
    check((f->dh_bits == 0) == (f->dh_prime == DH_PRIME_NONE));
    check(f->sigscheme == 0 || f->version == 0x0303);
    check(f->kind != FLIGHT_RETRY || (f->complete && f->version >= 0x0304));
}

static void check_kind(const struct flight *f, uint16_t offered)
{
    check(flight_kind_slug(f->kind) != NULL && f->num_exts <= FLIGHT_EXTS_MAX);
    switch (f->kind) {
    case FLIGHT_NOTHING:      check(f->alert_level == 0 && !f->complete); break;
    case FLIGHT_SERVER_HELLO: check_hello(f); break;
    case FLIGHT_RETRY:        check_hello(f); break;
    case FLIGHT_SSL2:         check(offered == 0x0002 && f->version == 0x0002); break;
    case FLIGHT_ALERT:        check((f->alert_level != 0 || offered == 0x0002) && !f->complete); break;
    case FLIGHT_NOT_TLS:      check(f->version == 0 && f->alert_level == 0); break;
    case FLIGHT_MALFORMED:    check(!f->complete && f->dh_bits == 0 && f->sigscheme == 0); break;
    case FLIGHT_TOO_LONG:     check(!f->complete); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct flight whole, cut;
    if (len == 0)
        return 0;
    uint16_t offered = data[0] & 1 ? 0x0002 : 0x0304;
    enum flight_status a = feed(&whole, offered, data + 1, len - 1, SIZE_MAX);
    enum flight_status b = feed(&cut, offered, data + 1, len - 1, 1 + (size_t)data[0] / 2 % 16);
    check(a == b && memcmp(&whole, &cut, offsetof(struct flight, offered)) == 0);
    flight_end(&whole);
    check_kind(&whole, offered);
    check(flight_feed(&whole, data, len) == FLIGHT_DONE);
    return 0;
}
