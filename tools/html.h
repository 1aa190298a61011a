/*
 * html: writes HTML and SVG (XML 1.0) into a growing buffer; the only place where text becomes
 * markup.
 *
 * Promise    whatever octets come in, html_text and html_octets add text and nothing but text: the
 *            five characters of markup become references. html_octets writes what is no UTF-8,
 *            control characters, bidirectional controls and U+FFFE, U+FFFF as \xHH, and a
 *            backslash as \\, as the JSON export does (core/json.h).
 * Ownership  the text belongs to the struct; html_cleanup frees it.
 * Errors     sticky: after an allocation failed `bad` is set and nothing more is written.
 */
#ifndef MXSWEEP_TOOLS_HTML_H
#define MXSWEEP_TOOLS_HTML_H

#include "core/bytes.h"

enum { HTML_OCTETS_MAX = 512 };

struct html {
    char *text; /* not NUL-terminated */
    size_t len, cap;
    bool bad;
};

void html_init(struct html *h);
void html_cleanup(struct html *h);

/* html_put and html_put_markup write markup: constants of ours. */
void html_put(struct html *h, const char *markup);
void html_put_markup(struct html *h, struct bytes markup);

/* html_format writes markup with numbers and constants of ours in it, up to 1,000 octets. */
__attribute__((format(printf, 2, 3))) void html_format(struct html *h, const char *format, ...);

/* html_text writes text of ours, UTF-8. */
void html_text(struct html *h, const char *text);

/* html_octets writes text of others: at most max octets of it as escaped (at most
 * HTML_OCTETS_MAX), then "...". */
void html_octets(struct html *h, struct bytes octets, size_t max);

#endif
