/*
 * extensions: what the reply to EHLO offers.
 *
 * What       the first word of each line after the code, in upper case (RFC 5321, 4.1.1.1). The
 *            first line names the server; it counts only if its word is STARTTLS, as some servers
 *            begin so.
 * Promise    any octets are bounded work. A word that is no keyword (other octets than letters,
 *            digits and hyphens, or over KEYWORD_MAX) is told as such; "AUTH=..." is AUTH.
 * Ownership  plain values.
 */
#ifndef MXSWEEP_CORE_EXTENSIONS_H
#define MXSWEEP_CORE_EXTENSIONS_H

#include "core/bytes.h"

enum {
    KEYWORD_MAX = 32,    /* octets of a keyword */
    EXTENSIONS_MAX = 128 /* distinct keywords of one reply; more are not looked at */
};

struct keyword {
    uint8_t len;            /* 0: a word that is no keyword */
    char text[KEYWORD_MAX]; /* upper case, no NUL */
};

struct extensions {
    size_t num;
    struct keyword list[EXTENSIONS_MAX]; /* distinct */
};

/* extensions_read fills *out from a reply to EHLO as received. */
void extensions_read(struct extensions *out, struct bytes reply);

/* extensions_offer tells whether keyword (upper case) is among them; extensions_has the same. */
bool extensions_offer(const struct extensions *k, const char *keyword);
bool extensions_has(const struct extensions *k, struct bytes keyword);

/* reply_word_next takes a line off *reply and gives its first word behind the code, as it is; empty
 * if it has none. False at the end. The first line's word is the server's name, or its first
 * keyword. reply_words_next also gives what follows it, without blanks around. */
bool reply_word_next(struct bytes *reply, struct bytes *word);
bool reply_words_next(struct bytes *reply, struct bytes *word, struct bytes *params);

/* reply_code returns the code that a reply begins with, 100 to 999; 0 if it begins with none. */
uint16_t reply_code(struct bytes reply);

#endif
