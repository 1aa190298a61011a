/*
 * anonymizer: names for what may not be named, by a key: whoever has the key gets the same names
 * again, and nobody else can tell what they stand for.
 *
 * Addresses  prefix-preserving (Crypto-PAn: Xu, Fan, Ammar, Moon, "Prefix-preserving IP address
 *            anonymization", 2002): two addresses have as many leading bits in common as their
 *            names have. IPv4 and IPv6 each on their own; the file's 32 octets are Crypto-PAn's
 *            key, so that other programs make the same names of it.
 * Texts      HMAC-SHA256 (RFC 2104) under a key that is derived, its first 128 bits in hex; hashes
 *            of certificates: all 256 bits.
 * Positions  a permutation of the numbers below 2^52 (which JSON's readers hold exactly): Feistel,
 *            AES as its round function.
 * Ownership  heap; anonymizer_free wipes the keys, NULL is fine.
 * Errors     anonymizer_open: NULL, and err says how a key file is made.
 */
#ifndef MXSWEEP_TOOLS_ANONYMIZER_H
#define MXSWEEP_TOOLS_ANONYMIZER_H

#include "core/addr.h"
#include "core/json.h"

enum { ANONYMIZER_KEY_LEN = 32, ANONYMIZER_TEXT_LEN = 32, ANONYMIZER_ERR_MAX = 512 };
#define ANONYMIZER_POSITIONS (UINT64_C(1) << 52)

struct anonymizer;

/* anonymizer_open reads a key file: 32 octets, or 64 hex digits and perhaps a line end. */
struct anonymizer *anonymizer_open(char err[ANONYMIZER_ERR_MAX], const char *path);
/* anonymizer_new takes the key itself; NULL: no memory. */
struct anonymizer *anonymizer_new(const uint8_t key[ANONYMIZER_KEY_LEN]);
void anonymizer_free(struct anonymizer *a);

struct addr anonymizer_addr(const struct anonymizer *a, struct addr addr);
uint64_t anonymizer_position(const struct anonymizer *a, uint64_t position); /* below 2^52 */
void anonymizer_text(const struct anonymizer *a, char out[ANONYMIZER_TEXT_LEN], struct bytes text);
void anonymizer_sha256(const struct anonymizer *a, uint8_t out[32], struct bytes hash);

/* anonymizer_line appends a line of JSON (without its end) as tools/export_fields.h says that it
 * may be published. */
void anonymizer_line(const struct anonymizer *a, struct json *out, struct bytes line);

#endif
