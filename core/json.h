/*
 * json: writes JSON text (RFC 8259) into a growing buffer; always valid whatever octets come in.
 *
 * Escaping   json_octets writes octets from the network as a JSON string that is reversible: what is valid UTF-8 stays,
 *            but NUL, C0 controls other than those JSON has short forms for, DEL, C1 controls and octets that are no
 *            UTF-8 become \xHH (two upper-case hex digits), a backslash becomes \\ ; that text is then escaped as JSON
 *            requires. So a JSON parser gives back text in which "\xHH" and "\\" stand for octets; json_unescape turns
 *            it back into the server's octets. (doc/export.md)
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
void json_key(struct json *j, const char *name);              /* name: a constant of ours, no escaping needed */
void json_string(struct json *j, const char *text);           /* text of ours, UTF-8, escaped as JSON requires */
void json_octets(struct json *j, struct bytes octets);        /* text of others, see above */
void json_octets_key(struct json *j, struct bytes octets);    /* the same as a key */
void json_uint(struct json *j, uint64_t value);
void json_int(struct json *j, int64_t value);
void json_fixed(struct json *j, double value, int decimals);  /* finite numbers only; others become null */
void json_bool(struct json *j, bool value);
void json_null(struct json *j);
void json_hex(struct json *j, const uint8_t *octets, size_t len);   /* lower-case hex string */
void json_newline(struct json *j);      /* a bare \n between values of JSON Lines */

/* json_unescape writes the octets behind an escaped text (as a JSON parser returned it) and returns their number; out needs
 * text.len octets. SIZE_MAX if the text is not one that json_octets could have written. */
size_t json_unescape(uint8_t *out, struct bytes text);

/* text_for_terminal writes octets of others as one printable line into out (NUL-terminated, cut with "..." if too long):
 * the same escapes, and also CR, LF, TAB, and bidirectional controls, so nothing reaches a terminal raw. */
size_t text_for_terminal(char *out, size_t out_len, struct bytes octets);

#endif
