#include "core/anomalies.h"

#include "core/extensions.h"

enum {
    STARS_MIN = 8,      /* in a greeting that is masked, at least */
    FILLER_MIN = 4,     /* octets of a keyword that may be filler, at least */
    STARTTLS_LEN = 8,
    EHLO_LEN = 4
};

static const struct {
    const char *slug, *text;
} words[NUM_ANOMALIES] = {
#define X(NAME, slug, text) {slug, text},
    ANOMALIES(X)
#undef X
};

const char *anomaly_slug(enum anomaly a)
{
    return words[a].slug;
}

const char *anomaly_text(enum anomaly a)
{
    return words[a].text;
}

/* ---- greeting ---- */

/* asterisks, between which Cisco PIX leaves some digits: no word is left */
static bool is_masked(struct bytes greeting)
{
    size_t num_stars = 0;
    if (reply_code(greeting) != 220)
        return false;
    for (size_t i = 4; i < greeting.len && greeting.data[i] != '\n'; i++) {
        uint8_t c = greeting.data[i];
        if (c > ' ' && c != '*' && (c < '0' || c > '9'))
            return false;
        num_stars += c == '*';
    }
    return num_stars >= STARS_MIN;
}

/* ---- reply to EHLO ---- */

static bool is_filler_octet(uint8_t c)
{
    return c != '\0' && strchr("Xx*#-_.", c) != NULL;
}

/* one octet all along, but that the last may be a letter that numbers what was filled:
 * XXXXXXXA, XXXXXXXB (Cisco ASA) */
static bool is_filler(struct bytes word)
{
    if (word.len < FILLER_MIN || !is_filler_octet(word.data[0]))
        return false;
    for (size_t i = 1; i + 1 < word.len; i++)
        if (word.data[i] != word.data[0])
            return false;
    uint8_t last = word.data[word.len - 1];
    return last == word.data[0] || (word.data[0] == 'X' && last >= 'A' && last <= 'Z');
}

static uint32_t masked_keywords(struct bytes ehlo)
{
    struct bytes left = ehlo, word;
    struct extensions offered;
    bool any = false, as_long = false;
    if (reply_code(ehlo) != 250)
        return 0;
    for (bool first = true; reply_word_next(&left, &word); first = false) {
        bool filled = !first && is_filler(word);   /* the first names the server */
        any |= filled;
        as_long |= filled && word.len == STARTTLS_LEN;
    }
    if (!any)
        return 0;
    extensions_read(&offered, ehlo);
    bool gone = as_long && !extensions_offer(&offered, "STARTTLS");
    return 1U << ANOMALY_KEYWORD_MASKED | (gone ? 1U << ANOMALY_STARTTLS_MASKED : 0);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* whether a refusal quotes our command of that length as X, as many as it had octets */
static bool quotes_filler(struct bytes reply, size_t len)
{
    size_t run = 0;
    if (reply_code(reply) / 100 != 5)
        return false;
    for (size_t i = 4; i <= reply.len; i++) {
        uint8_t c = i < reply.len ? reply.data[i] : ' ';
        if (c == 'X') {
            run++;
            continue;
        }
        bool begins = run < i - 4 ? !is_letter(reply.data[i - run - 1]) : true;
        if (run == len && begins && !is_letter(c))
            return true;
        run = 0;
    }
    return false;
}

/* ---- behind the 220 ---- */

static bool is_silent(const struct record *r)
{
    bool ended = r->cause == CAUSE_TIMEOUT || r->cause == CAUSE_CLOSED || r->cause == CAUSE_RESET;
    return r->stage == STAGE_HANDSHAKE && ended && r->version == 0 && r->tls_in == 0 &&
           r->num_alerts == 0;
}

static bool offers_again(struct bytes ehlo_tls)
{
    struct extensions offered;
    if (reply_code(ehlo_tls) != 250)
        return false;
    extensions_read(&offered, ehlo_tls);
    return extensions_offer(&offered, "STARTTLS");
}

uint32_t anomalies_of(const struct record *r)
{
    const struct {
        enum anomaly anomaly;
        bool found;
    } findings[] = {
        {ANOMALY_EARLY_PLAINTEXT, r->early_len > 0},
        {ANOMALY_GREETING_MASKED, is_masked(r->text[TEXT_GREETING])},
        {ANOMALY_EHLO_GARBLED, quotes_filler(r->text[TEXT_EHLO], EHLO_LEN)},
        {ANOMALY_STARTTLS_GARBLED, quotes_filler(r->text[TEXT_STARTTLS], STARTTLS_LEN)},
        {ANOMALY_NO_TLS, r->not_tls_len > 0},
        {ANOMALY_TLS_SILENCE, is_silent(r)},
        {ANOMALY_STARTTLS_AGAIN, offers_again(r->text[TEXT_EHLO_TLS])},
    };
    uint32_t found = masked_keywords(r->text[TEXT_EHLO]);
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        found |= findings[i].found ? 1U << findings[i].anomaly : 0;
    return found;
}
