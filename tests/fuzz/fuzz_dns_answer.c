/* fuzz_dns_answer: an octet for the status, then a message; what is read of it is within its bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "scanner/dns_answer.h"

enum { MAX = 8 };

static void require(int ok)
{
    if (!ok)
        abort();
}

static void read_addrs(struct bytes message, bool v4)
{
    struct addr out[MAX];
    unsigned num = 0;
    bool cut = false;
    const char *why = "";
    enum dns_verdict got = dns_read_addrs(out, &num, &cut, &why, message, v4, MAX);
    require((got == DNS_RECORDS) == (num > 0) && num <= MAX && (num == MAX || !cut));
    require((got == DNS_FAILED) == (why[0] != '\0'));
    require(num * 16 <= message.len);
    for (unsigned i = 0; v4 && i < num; i++)
        require(addr_is_v4(out[i]));
}

static void read_names(struct bytes message)
{
    char out[MAX][DNS_NAME_MAX + 1];
    unsigned num = 0;
    bool cut = false;
    const char *why = "";
    enum dns_verdict got = dns_read_names(out, &num, &cut, &why, message, MAX);
    require((got == DNS_RECORDS) == (num > 0) && num <= MAX);
    for (unsigned i = 0; i < num; i++)
        require(dns_is_host(out[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    const char *why = "";
    struct bytes message = bytes_of(data + 1, len - 1);
    enum dns_verdict verdict = dns_verdict(&why, data[0] % 32, message);
    require((verdict == DNS_FAILED) == (why[0] != '\0'));
    require(verdict != DNS_RECORDS || message.len >= 12);
    read_addrs(message, true);
    read_addrs(message, false);
    read_names(message);
    return 0;
}
