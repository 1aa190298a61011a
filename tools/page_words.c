#include <math.h>

#include "core/times.h"
#include "tools/page_parts.h"
#include "tools/page_private.h"
#include "tools/scale.h"
#include "tools/share.h"
#include "tools/svg.h"

/* ---- pieces ---- */

/* the counts of some rows of a statistic together; rows that are not there have none */
static uint64_t sum_rows(const struct statistics *all, const char *id, const char *const *labels,
                         size_t num)
{
    const struct statistic *s = statistics_find(all, id);
    uint64_t sum = 0;
    for (size_t i = 0; s != NULL && i < s->num_rows; i++)
        for (size_t k = 0; k < num; k++)
            if (bytes_equal(s->rows[i].label, bytes_text(labels[k])))
                sum += s->rows[i].count;
    return sum;
}

static uint64_t count_row(const struct statistics *all, const char *id, const char *label)
{
    return sum_rows(all, id, &label, 1);
}

static uint64_t count_old_versions(const struct statistics *all)
{
    static const char *const labels[] = {"SSLv3", "TLSv1.0", "TLSv1.1"};
    return sum_rows(all, "tls_version", labels, sizeof labels / sizeof labels[0]);
}

static uint64_t count_hybrid_groups(const struct statistics *all)
{
    static const char *const labels[] = {"X25519MLKEM768", "SecP256r1MLKEM768",
                                         "SecP384r1MLKEM1024", "X25519Kyber768Draft00"};
    return sum_rows(all, "tls_group", labels, sizeof labels / sizeof labels[0]);
}

static uint64_t count_trusted(const struct statistics *all)
{
    return count_row(all, "trusted", "trusted, matching");
}

static uint64_t count_expiring(const struct statistics *all)
{
    static const char *const labels[] = {"up to 7 days left", "up to 14 days left"};
    return sum_rows(all, "expiry", labels, sizeof labels / sizeof labels[0]);
}

/* ---- tiles ---- */

static void put_trust_tile(struct html *h, const struct report *r)
{
    const struct statistics *all = &r->statistics;
    if (r->store != NULL)
        page_tile(h, count_trusted(all), all->sets[SET_H], "show a valid and matching certificate",
                  "TLS handshakes");
    else
        page_tile(h, all->sets[SET_H], all->sets[SET_R], "complete TLS", "that agreed to start it");
}

static void put_tiles(struct html *h, const struct report *r)
{
    const struct statistics *all = &r->statistics;
    const uint64_t *sets = all->sets;
    html_put(h, "<ul class=\"ti\">\n");
    page_tile(h, sets[SET_S], sets[SET_E], "offer STARTTLS", "that answered EHLO");
    put_trust_tile(h, r);
    page_tile(h, count_row(all, "tls_version", "TLSv1.3"), sets[SET_H], "use TLS 1.3",
              "TLS handshakes");
    page_tile(h, count_old_versions(all), sets[SET_H], "use TLS 1.1 or older", "TLS handshakes");
    page_tile(h, count_row(all, "expiry", "expired"), sets[SET_L], "have an expired certificate",
              "with a certificate");
    page_tile(h, count_expiring(all), sets[SET_L], "have one that expires in 14 days",
              "with a certificate");
    page_tile(h, count_hybrid_groups(all), sets[SET_H], "use a post-quantum key exchange",
              "TLS handshakes");
    page_tile(h, sets[SET_E], sets[SET_P], "are mail servers that answered EHLO", "targets probed");
    html_put(h, "</ul>\n");
}

/* ---- sentences ---- */

static void say_part(struct html *h, uint64_t count, uint64_t of, const char *words)
{
    char share[SHARE_TEXT_MAX];
    html_put(h, "<strong class=\"n\">");
    html_text(h, share_words(share, count, of));
    html_format(h, "</strong> %s", words);
}

/* what a reader who reads no more should know */
static void say_first(struct html *h, const struct report *r)
{
    const struct statistics *all = &r->statistics;
    const uint64_t *sets = all->sets;
    if (sets[SET_E] == 0)
        return;
    html_put(h, "<p class=\"ld\">Of ");
    page_say_count(h, sets[SET_E]);
    html_put(h, " mail servers that answered EHLO, ");
    say_part(h, sets[SET_S], sets[SET_E], "offer STARTTLS.");
    if (sets[SET_H] > 0 && r->store != NULL) {
        html_put(h, " Of their TLS handshakes ");
        say_part(h, count_trusted(all), sets[SET_H],
                 "showed a certificate that is valid and names the server, and ");
        say_part(h, count_old_versions(all), sets[SET_H], "used TLS 1.1 or older.");
    } else if (sets[SET_H] > 0) {
        html_put(h, " Of their TLS handshakes ");
        say_part(h, count_old_versions(all), sets[SET_H], "used TLS 1.1 or older.");
    }
    if (sets[SET_L] > 0) {
        html_put(h, " Of the certificates shown, ");
        say_part(h, count_row(all, "expiry", "expired"), sets[SET_L], "had expired and ");
        say_part(h, count_expiring(all), sets[SET_L], "expire within 14 days.");
    }
    html_put(h, "</p>\n");
}

static void say_reach(struct html *h, const uint64_t sets[NUM_SETS])
{
    html_put(h, "<p><i>Reach.</i> ");
    page_say_count(h, sets[SET_P]);
    html_put(h, sets[SET_P] == 1 ? " target was probed. " : " targets were probed. ");
    page_say_share(h, sets[SET_T], sets[SET_P], "");
    html_put(h, " accepted a TCP connection, ");
    page_say_share(h, sets[SET_G220], sets[SET_T], " of those");
    html_put(h, " greeted with code 220, and ");
    page_say_share(h, sets[SET_E], sets[SET_G220], " of these");
    html_put(h, " answered EHLO.</p>\n");
}

static void say_encryption(struct html *h, const struct statistics *all)
{
    const uint64_t *sets = all->sets;
    uint64_t old = count_old_versions(all);
    html_put(h, "<p><i>Encryption.</i> Of the ");
    page_say_count(h, sets[SET_E]);
    html_put(h, " that answered EHLO, ");
    page_say_share(h, sets[SET_S], sets[SET_E], "");
    html_put(h, " offered STARTTLS. Where STARTTLS was sent and answered with 220, ");
    page_say_share(h, sets[SET_H], sets[SET_R], "");
    html_put(h, " completed a TLS handshake: ");
    page_say_share(h, count_row(all, "tls_version", "TLSv1.3"), sets[SET_H], "");
    html_put(h, " of them with TLS 1.3, ");
    page_say_share(h, old, sets[SET_H], "");
    html_put(h, " with TLS 1.1 or older.</p>\n");
}

static void say_certificates(struct html *h, const struct statistics *all)
{
    const uint64_t *sets = all->sets;
    html_put(h, "<p><i>Certificates.</i> The ");
    page_say_count(h, sets[SET_L]);
    html_put(h, " leaf certificates that could be parsed are ");
    page_say_count(h, sets[SET_CERTS]);
    html_put(h, " distinct ones with ");
    page_say_count(h, sets[SET_KEYS]);
    html_put(h, " distinct keys. When they were visited, ");
    page_say_share(h, count_row(all, "expiry", "expired"), sets[SET_L], " of the targets");
    html_put(h, " showed one that had expired; ");
    page_say_share(h, count_expiring(all), sets[SET_L], "");
    html_put(h, " one with at most 14 days left.</p>\n");
}

static void say_trust(struct html *h, const struct report *r)
{
    const uint64_t *sets = r->statistics.sets;
    html_put(h, "<p><i>Trust.</i> ");
    if (r->store == NULL) {
        html_put(h, "Chains were not judged, for there was no trust store.</p>\n");
        return;
    }
    page_say_share(h, sets[SET_V], sets[SET_L], " of those with a certificate");
    html_put(h, " sent a chain that the trust store accepts; ");
    page_say_share(h, count_trusted(&r->statistics), sets[SET_H], " of all handshakes");
    html_put(h, " also name the server.</p>\n");
}

static void say_time(struct html *h, const struct statistics *all)
{
    const struct statistic *s = statistics_find(all, "latency");
    if (s == NULL || s->num_rows == 0 || isnan(s->rows[0].quantile_us[0]))
        return;
    char half[SCALE_TEXT_MAX], most[SCALE_TEXT_MAX];
    html_put(h, "<p><i>Time.</i> Half of the connections were established within <strong>");
    html_text(h, scale_time_text(half, s->rows[0].quantile_us[0]));
    html_put(h, "</strong>, 99 of 100 within <strong>");
    html_text(h, scale_time_text(most, s->rows[0].quantile_us[NUM_QUANTILES - 1]));
    html_put(h, "</strong>.</p>\n");
}

static void say_unknown(struct html *h, const uint64_t sets[NUM_SETS])
{
    html_put(h, "<p><i>What is not known.</i> ");
    page_say_share(h, sets[SET_P] - sets[SET_E], sets[SET_P], " of those probed");
    html_put(h, " never answered EHLO with 250: whether they would offer STARTTLS is unknown, "
                "which is not no.</p>\n");
}

/* whether the tables that sentences are made of have all their rows: one that was summed up with
 * others, being small, is not none */
static bool are_told(const struct statistics *all)
{
    static const char *const ids[] = {"tls_version", "tls_group", "expiry", "trusted"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct statistic *s = statistics_find(all, ids[i]);
        for (size_t k = 0; s != NULL && k < s->num_rows; k++)
            if (s->rows[k].kind == ROW_OTHER && s->rows[k].count > 0)
                return false;
    }
    return true;
}

void page_words(struct html *h, const struct report *r)
{
    const struct statistics *all = &r->statistics;
    if (all->sets[SET_P] == 0) {
        html_put(h, "<div class=\"wo\"><p>No target was probed.</p></div>\n");
        return;
    }
    if (r->is_part) {
        html_put(h, "<div class=\"wo\"><p>Only some statistics were asked for.</p></div>\n");
        return;
    }
    if (!are_told(all)) {
        html_put(h, "<div class=\"wo\"><p>Rows of few targets are not told apart: the tables say "
                    "what can be told.</p></div>\n");
        return;
    }
    say_first(h, r);
    put_tiles(h, r);
    html_put(h, "<div class=\"wo\">\n");
    say_encryption(h, all);
    if (all->sets[SET_L] > 0)
        say_trust(h, r);
    if (all->sets[SET_L] > 0)
        say_certificates(h, all);
    say_reach(h, all->sets);
    say_time(h, all);
    say_unknown(h, all->sets);
    html_put(h, "</div>\n");
}

/* ---- notices ---- */

void page_notices(struct html *h, const struct report *r)
{
    size_t torn = 0, sampled = 0;
    uint64_t done = r->statistics.sets[SET_D], given = r->statistics.sets[SET_A];
    for (size_t i = 0; i < r->num_files; i++) {
        torn += r->files[i].end == WALK_TORN;
        sampled += r->files[i].sample_ppm > 0;
    }
    if (torn > 0)
        page_notice(h, "A file is torn: the figures are of what is whole in it.");
    if (count_row(&r->statistics, "coverage", "not done") > 0) {
        char a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX];
        html_format(
            h,
            "<p class=\"no\">The sweep is unfinished: %s targets are done, of %s positions. "
            "All shares are of what is done.</p>\n",
            count_text(a, done), count_text(b, given));
    }
    if (sampled > 0)
        page_notice(h, "A random sample was swept: all figures are those of the sample.");
}

void page_selection(struct html *h, const struct report *r)
{
    char count[COUNT_TEXT_MAX];
    if (r->where != NULL) {
        html_put(h, "<p class=\"no\">Counted are only targets where <b>");
        html_octets(h, bytes_text(r->where), HTML_OCTETS_MAX);
        html_put(h, "</b>. Coverage is about the files all the same.</p>\n");
    }
    if (r->weights_path != NULL) {
        html_format(h, "<p class=\"no\">Targets count by the weights of %s addresses in <b>",
                    count_text(count, r->num_weights));
        html_octets(h, bytes_text(r->weights_path), HTML_OCTETS_MAX);
        html_put(h, "</b>; others count nothing.</p>\n");
    }
    if (r->sampled > 0)
        html_format(h,
                    "<p class=\"no\">The targets are a sample of %g %% of all: in small print "
                    "below each share are the bounds, in per cent, of Wilson&#39;s interval at 95 "
                    "%%.</p>\n",
                    100 * r->sampled);
    if (r->min_cell > 0)
        html_format(h,
                    "<p class=\"no\">What is about fewer than %s targets is not told apart: it is "
                    "part of other, or left out.</p>\n",
                    count_text(count, r->min_cell));
}
