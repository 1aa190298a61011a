/*
 * json: writes JSON text (RFC 8259) into a growing buffer; always valid whatever octets come in.
 *
 * Escaping   json_octets writes octets from the network as a JSON string that is reversible: what
 *            is valid UTF-8 stays, but NUL, C0 controls other than those JSON has short forms for,
 *            DEL, C1 controls and octets that are no UTF-8 become \xHH (two upper-case hex
 *            digits), a backslash becomes \\ ; that text is then escaped as JSON requires. So a
 *            JSON parser gives back text in which "\xHH" and "\\" stand for octets; json_unescape
 *            turns it back into the server's octets (doc/export.md). Bidirectional controls and
 *            U+2028, U+2029 are written as \uXXXX: a parser gives them back, a terminal that shows
 *            the line does not act on them.
 * Ownership  text belongs to the struct; json_cleanup frees it, json_reset keeps it for the next
 *            use.
 * Errors     sticky: after an allocation failed `bad` is set and nothing more is written.
 */
#ifndef MXSWEEP_CORE_JSON_H
#define MXSWEEP_CORE_JSON_H

#include "core/bytes.h"

struct json {
    char *text;         /* not NUL-terminated */
    size_t len, cap;
    bool bad;
    bool comma;         /* a comma is due before the next value */
};

void json_init(struct json *j);
void json_cleanup(struct json *j);
void json_reset(struct json *j);        /* empties, keeps the memory */

void json_object(struct json *j);       /* { */
void json_object_end(struct json *j);   /* } */
void json_array(struct json *j);
void json_array_end(struct json *j);
/* json_key takes a constant of ours that needs no escaping. */
void json_key(struct json *j, const char *name);
/* json_string writes text of ours, UTF-8, escaped as JSON requires; what is no UTF-8 becomes
 * U+FFFD. */
void json_string(struct json *j, const char *text);
/* json_octets writes text of others, see above; json_octets_key the same as a key. */
void json_octets(struct json *j, struct bytes octets);
void json_octets_key(struct json *j, struct bytes octets);
/* json_text writes text of others as json_string does: readable, not reversible. */
void json_text(struct json *j, struct bytes text);
/* json_raw writes a value that is JSON already; json_raw_key a key, its quotes included. */
void json_raw(struct json *j, struct bytes value);
void json_raw_key(struct json *j, struct bytes key);
/* json_room begins such a value of len octets, which the caller writes to where it points, before
 * anything else is written; NULL without memory. */
char *json_room(struct json *j, size_t len);
void json_uint(struct json *j, uint64_t value);
void json_int(struct json *j, int64_t value);
/* json_fixed writes value with so many decimals (0 to 17); what is not finite becomes null. */
void json_fixed(struct json *j, double value, int decimals);
void json_bool(struct json *j, bool value);
void json_null(struct json *j);
void json_hex(struct json *j, const uint8_t *octets, size_t len);   /* lower-case hex string */
void json_base64(struct json *j, struct bytes octets);              /* RFC 4648, 4: padded */
/* json_add_* write a member of an object: key, a constant of ours, and value. A text that is NULL
 * and octets of which there are none are absent, key and all. */
void json_add_string(struct json *j, const char *key, const char *text);
void json_add_octets(struct json *j, const char *key, struct bytes octets);
void json_add_text(struct json *j, const char *key, struct bytes text);
void json_add_hex(struct json *j, const char *key, struct bytes octets);
void json_add_base64(struct json *j, const char *key, struct bytes octets);
void json_add_uint(struct json *j, const char *key, uint64_t value);
void json_add_bool(struct json *j, const char *key, bool value);

void json_newline(struct json *j);      /* a bare \n between values of JSON Lines */

/* json_unescape writes the octets behind an escaped text (as a JSON parser returned it) and
 * returns their number; out needs text.len octets. SIZE_MAX if json_octets could not have written
 * the text. */
size_t json_unescape(uint8_t *out, struct bytes text);

/* text_for_terminal writes octets of others as one printable line into out (NUL-terminated, cut
 * between characters with "..." if too long) and returns its length: the same escapes, and also
 * CR, LF, TAB, the bidirectional controls and U+2028, U+2029, so that nothing reaches a terminal
 * raw. */
size_t text_for_terminal(char *out, size_t out_len, struct bytes octets);

#endif
