/* fuzz_farm_rote: hellos and specs of servers by rote are read within their octets; a hello reads
 * the same however it is split; what is chosen was listed. The first octet picks the server. */
#include <stdlib.h>

#include "tools/farm/rote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static const char *const specs[] = {
    "rote:versions=ssl2+ssl3+tls10+tls11+tls12+tls13;pq;dh=1024;compression;scsv",
    "rote:versions=ssl3+tls10;suites=0x0003+0x0004+0x000a;order=client;large=reset",
    "rote:versions=tls12+tls13;order=client;sni=known;complete",
    "rote:versions=ssl2;refuse=close;split=silent",
};

static void check_choice(const struct rote_config *c, const struct rote_hello *h)
{
    struct rote_choice choice;
    rote_choose(&choice, c, h, "mx.example.com");
    if (choice.answer == ROTE_ANSWER_REFUSAL || choice.answer == ROTE_ANSWER_SSL2)
        return;
    must(rote_has_version(c, (enum rote_version)choice.version));
    must(rote_list_has(&c->suites[choice.version], choice.suite));
    must(rote_hello_offers(h, choice.suite));
    must(choice.group == 0 || rote_list_has(&c->groups, choice.group));
}

static enum rote_read feed(struct rote_reader *r, struct rote_hello *h, const uint8_t *in,
                           size_t len, size_t each)
{
    enum rote_read last = ROTE_READ_MORE;
    for (size_t at = 0; at < len && last == ROTE_READ_MORE; at += each)
        last = rote_reader_feed(r, h, in + at, each < len - at ? each : len - at);
    return last;
}

static void try_hello(const char *spec, const uint8_t *in, size_t len)
{
    char err[256];
    struct rote_config c;
    struct rote_hello h, other;
    struct rote_reader *r = calloc(2, sizeof *r);
    must(r != NULL && rote_config_parse(&c, err, sizeof err, spec));
    enum rote_read whole = feed(&r[0], &h, in, len, len + 1);
    must(feed(&r[1], &other, in, len, 3) == whole);
    if (whole == ROTE_READ_DONE) {
        must(h.version == other.version && bytes_equal(h.suites, other.suites));
        check_choice(&c, &h);
    }
    free(r);
}

static void try_spec(const uint8_t *in, size_t len)
{
    char err[256];
    struct rote_config c;
    char *text = malloc(len + sizeof ROTE_PREFIX);
    must(text != NULL);
    memcpy(text, ROTE_PREFIX, sizeof ROTE_PREFIX);
    memcpy(text + sizeof ROTE_PREFIX - 1, in, len);
    text[sizeof ROTE_PREFIX - 1 + len] = '\0';
    if (rote_config_parse(&c, err, sizeof err, text))
        must(c.versions != 0 && c.prime != NULL && c.groups.num > 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    try_hello(specs[data[0] % (sizeof specs / sizeof specs[0])], data + 1, len - 1);
    try_spec(data + 1, len - 1);
    return 0;
}
