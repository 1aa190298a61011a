#include "tools/page_parts.h"

#include <openssl/base64.h>
#include <openssl/sha.h>

#include "core/times.h"
#include "tools/builtin.h"
#include "tools/share.h"
#include "tools/svg.h"

enum { BASE64_MAX = 48 };

/* ---- head and foot ---- */

void page_open(struct html *h, const char *title)
{
    uint8_t digest[SHA256_DIGEST_LENGTH], text[BASE64_MAX];
    SHA256(builtin_page_css, builtin_page_css_len, digest);
    size_t len = EVP_EncodeBlock(text, digest, sizeof digest);
    html_put(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html_format(h,
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'sha256-%.*s'; base-uri 'none'; form-action 'none'\">\n",
                (int)len, (const char *)text);
    html_put(h, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<title>");
    html_text(h, title);
    html_put(h, "</title>\n<style>");
    html_put_markup(h, bytes_of(builtin_page_css, builtin_page_css_len));
    html_put(h, "</style>\n</head>\n<body>\n");
    svg_hatch(h);
}

void page_close(struct html *h)
{
    html_put(h, "</main>\n<footer>Written by mxstat " MXSWEEP_VERSION
                ". This page is one file: it loads nothing and runs no script.</footer>\n"
                "</div>\n</body>\n</html>\n");
}

/* ---- words ---- */

void page_notice(struct html *h, const char *text)
{
    html_put(h, "<p class=\"no\">");
    html_text(h, text);
    html_put(h, "</p>\n");
}

void page_say_count(struct html *h, uint64_t count)
{
    char text[COUNT_TEXT_MAX];
    html_format(h, "<strong>%s</strong>", count_text(text, count));
}

void page_say_share(struct html *h, uint64_t count, uint64_t of, const char *what)
{
    char share[SHARE_TEXT_MAX];
    page_say_count(h, count);
    html_put(h, " (<span class=\"n\">");
    html_text(h, share_words(share, count, of));
    html_format(h, "</span>%s)", what);
}

/* ---- tiles ---- */

void page_tile(struct html *h, uint64_t count, uint64_t of, const char *what, const char *of_what)
{
    char share[SHARE_TEXT_MAX], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX];
    struct svg s;
    html_format(h, "<li><b%s>", of > 0 ? "" : " class=\"na\"");
    html_text(h, share_words(share, count, of));
    html_put(h, "</b>");
    svg_open(&s, h, SVG_PAGE, 5, NULL, NULL);
    svg_rect(&s, "tr", 0, 0, 1, 5);
    svg_rect(&s, "s0", 0, 0, of > 0 ? (double)count / (double)of : 0, 5);
    svg_close(&s);
    html_format(h, "<span class=\"wh\">%s</span><span class=\"of\">%s of %s %s</span></li>\n", what,
                count_text(a, count), count_text(b, of), of_what);
}
