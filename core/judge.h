/*
 * judge: what a careful verifier would say of a chain as it was sent.
 *
 * Input      a chain (DER, leaf first), a trust store, a time, and maybe a pool of certificates
 *            seen elsewhere. The verdict depends on nothing else: not on earlier calls, not on a
 *            clock.
 * Method     RFC 5280 by libcrypto's X509_verify_cert: purpose TLS server, no partial chains, no
 *            revocation, no names (core/name_match.h). All errors are collected. Of several issuers
 *            that fit, the first that is valid at that time is tried, else the one that ends last;
 *            the store's come before those sent.
 * Bounds     JUDGE_SENT_MAX certificates, JUDGE_SENT_OCTETS octets; the rest is not looked at and
 *            flagged. Hostile DER is a finding, never an error.
 * Outcome    exclusive. Precedence: that of the list, first one first. `expired` and
 *            `not-yet-valid` mean any certificate of the path, the root included.
 * Ownership  a judge borrows store and pool and belongs to one thread; verdict and path are plain
 *            values.
 * Units      times in s since 1970-01-01 UTC.
 * Errors     -ENOMEM; the outputs are then untouched.
 */
#ifndef MXSWEEP_CORE_JUDGE_H
#define MXSWEEP_CORE_JUDGE_H

#include "core/bytes.h"
#include "core/judge_pool.h"
#include "core/trust_store.h"

enum {
    JUDGE_SENT_MAX = 128,             /* certificates looked at of one chain */
    JUDGE_SENT_OCTETS = 160 << 10,    /* of all of them */
    JUDGE_PATH_MAX = 31,              /* certificates in a path, root included */
    JUDGE_ASKED_MAX = 8               /* questions to the pool */
};

/* X(code, NAME, slug, text, why it matters, how to mend it); codes are in order of precedence */
#define CHAIN_OUTCOMES(X)                                                                          \
    X(0, NONE, "none", "no certificate was sent",                                                  \
      "A client has nothing to tell the server by.",                                               \
      "Configure a certificate; without one only anonymous suites remain.")                        \
    X(1, UNPARSABLE, "unparsable", "the server's certificate cannot be read",                      \
      "Clients that check, and many that do not, will end the connection.",                        \
      "Replace the certificate by one in DER as RFC 5280 has it.")                                 \
    X(2, SELF_SIGNED, "self-signed", "the server's certificate is signed by its own key",          \
      "Nobody vouches for it: anyone could have made it, one between the two as well.",            \
      "Get a certificate from a public CA, or publish this one by DANE.")                          \
    X(3, EXPIRED, "expired", "a certificate of the path has expired",                              \
      "Clients that check refuse it, and mail to servers that must be checked stays undelivered.", \
      "Renew it, and see to it that renewal and reload of the server are automatic.")              \
    X(4, NOT_YET_VALID, "not-yet-valid", "a certificate of the path is not valid yet",             \
      "Clients that check refuse it until its time has come.",                                     \
      "Check the clocks of CA and server, or wait with the new certificate.")                      \
    X(5, INCOMPLETE, "incomplete", "the issuer of a certificate was not sent and is not trusted",  \
      "Clients that do not happen to know the missing certificate cannot verify the server.",      \
      "Configure the full chain: the server's certificate and all intermediates, in order.")       \
    X(6, UNTRUSTED_ROOT, "untrusted-root", "the path ends in a root that is not trusted",          \
      "Only clients that were given this root can verify the server.",                             \
      "Get a certificate from a CA in the trust store, or judge by one that has this root.")       \
    X(7, BAD_SIGNATURE, "bad-signature", "a signature of the path is not its issuer's",            \
      "The certificate was changed, or made by another than it says.",                             \
      "Install the certificate again as the CA gave it, with its own intermediates.")              \
    X(8, OTHER, "other", "a rule for certificates is broken; the flags say which",                 \
      "Clients that check refuse it.",                                                             \
      "Have the certificate, or the CA's that the flags name, issued again by the rules.")         \
    X(9, VALID, "valid", "the chain leads to a trusted root",                                      \
      "Clients can verify the server, if the name fits too.",                                      \
      "Nothing to mend.")

/* X(bit, NAME, slug, text, why it matters, how to mend it); of the path unless it says "sent" */
#define CHAIN_FLAGS(X)                                                                             \
    X(0, LEAF_EXPIRED, "leaf-expired", "the server's certificate has expired",                     \
      "Clients that check refuse it.", "Renew the certificate.")                                   \
    X(1, LEAF_NOT_YET_VALID, "leaf-not-yet-valid", "the server's certificate is not valid yet",    \
      "Clients that check refuse it until then.", "Check the clock, or wait with it.")             \
    X(2, OTHER_EXPIRED, "other-expired", "a CA certificate has expired",                           \
      "All that it signed is refused with it.",                                                    \
      "Send the CA's current intermediate instead.")                                               \
    X(3, OTHER_NOT_YET_VALID, "other-not-yet-valid", "a CA certificate is not valid yet",          \
      "All that it signed is refused until then.", "Send the CA's current intermediate instead.")  \
    X(4, BAD_VALIDITY, "bad-validity", "dates that cannot be read, or end before they begin",      \
      "Clients that check refuse it.", "Have the certificate issued again.")                       \
    X(5, SELF_SIGNED_LEAF, "self-signed-leaf",                                                     \
      "the server's certificate is signed by its own key",                                         \
      "Nobody else vouches for it.", "Get one from a CA, or publish this one by DANE.")            \
    X(6, INCOMPLETE, "incomplete", "an issuer was not sent and is not trusted",                    \
      "Clients that do not know it cannot verify the server.", "Configure the full chain.")        \
    X(7, COMPLETABLE, "completable", "valid with intermediates that other servers sent",           \
      "Clients that keep or fetch intermediates succeed, others fail.",                            \
      "Add the missing intermediate to the server's chain file.")                                  \
    X(8, UNTRUSTED_ROOT, "untrusted-root", "the path ends in a root that is not trusted",          \
      "Only clients that were given this root can verify.", "Use a CA in the trust store.")        \
    X(9, BAD_SIGNATURE, "bad-signature", "a signature is not its issuer's",                        \
      "The certificate was changed, or made by another than it says.",                             \
      "Install the certificate as the CA gave it.")                                                \
    X(10, UNSUPPORTED, "unsupported-algorithm", "a signature by an algorithm that is not checked", \
      "Most clients do not know it either.", "Use RSA with SHA-256, or ECDSA.")                    \
    X(11, NAME_CONSTRAINTS, "name-constraints", "a name that a CA of the path may not vouch for",  \
      "Clients that check refuse it.", "Have it issued by a CA that may.")                         \
    X(12, PATH_LENGTH, "path-length", "more CAs below a CA than it allows",                        \
      "Clients that check refuse it.", "Have the intermediate issued with a longer path.")         \
    X(13, NOT_A_CA, "not-a-ca", "an issuer that is no CA, or may not sign certificates",           \
      "Any owner of a certificate could vouch for others otherwise.",                              \
      "Use a certificate that a CA signed.")                                                       \
    X(14, EKU, "no-server-auth", "the purposes leave out TLS servers",                             \
      "Clients that check refuse it.", "Have it issued with serverAuth.")                          \
    X(15, KEY_USAGE, "key-usage", "the usage of the key leaves out what TLS servers do",           \
      "Clients that check refuse it.", "Have it issued with digitalSignature.")                    \
    X(16, CRITICAL_EXTENSION, "critical-extension", "a critical extension that is not known",      \
      "Clients must refuse what they do not understand.", "Have it issued without.")               \
    X(17, BAD_EXTENSION, "bad-extension", "an extension that cannot be read",                      \
      "Clients that check refuse it.", "Have the certificate issued again.")                       \
    X(18, PATH_TOO_LONG, "path-too-long", "more certificates in a row than are followed",          \
      "Clients give up on such chains.", "Send the chain that the CA documents.")                  \
    X(19, OLD_VERSION, "old-version", "X.509 version 1 or 2",                                      \
      "It can say neither whose names nor whether it is a CA.", "Have it issued as version 3.")    \
    X(20, WEAK_KEY, "weak-key", "RSA or DSA below 2048 bits, or a curve below 224",                \
      "Such keys can be broken at a price.", "Make a new key of 2048 bits or P-256.")              \
    X(21, WEAK_SIGNATURE, "weak-signature", "signed with MD5 or SHA-1, or older",                  \
      "Others with the same signature can be made at a price.", "Have it issued with SHA-256.")    \
    X(22, LEAF_IS_CA, "leaf-is-ca", "the server's certificate is a CA's",                          \
      "A stolen server key could sign certificates for any name.",                                 \
      "Use a certificate of its own for the server.")                                              \
    X(23, NO_SAN, "no-san", "the server's certificate has no alternative names of hosts",          \
      "Clients that follow RFC 9525 cannot match it with any name.",                               \
      "Have it issued with the host name as subjectAltName.")                                      \
    X(24, ORDER_WRONG, "order-wrong", "sent before one that it certifies",                         \
      "Clients that take the order at its word fail.", "Put the chain in order, leaf first.")      \
    X(25, ROOT_INCLUDED, "root-included", "a root was sent",                                       \
      "It costs octets and proves nothing.", "Leave the root out of the chain file.")              \
    X(26, DUPLICATE, "duplicate", "a certificate was sent more than once",                         \
      "It costs octets and confuses some clients.", "Remove it from the chain file.")              \
    X(27, SURPLUS, "surplus", "a certificate was sent that belongs to no path from the leaf",      \
      "It costs octets and confuses some clients.", "Remove it from the chain file.")              \
    X(28, UNPARSABLE, "unparsable", "a certificate that cannot be read was sent",                  \
      "Some clients end the connection.", "Replace it in the chain file.")                         \
    X(29, CUT, "cut", "more certificates or octets were sent than are looked at",                  \
      "Clients have limits too.", "Send only what leads from the leaf to the root.")

enum chain_outcome {   /* codes are shown and may be stored: append, never renumber */
#define X(code, NAME, slug, text, why, mend) CHAIN_##NAME = code,
    CHAIN_OUTCOMES(X)
#undef X
};

enum chain_flag_bit {   /* the same */
#define X(bit, NAME, slug, text, why, mend) CHAIN_FLAG_BIT_##NAME = bit,
    CHAIN_FLAGS(X)
#undef X
};

#define X(code, NAME, slug, text, why, mend) +1
enum { NUM_CHAIN_OUTCOMES = 0 CHAIN_OUTCOMES(X), NUM_CHAIN_FLAGS = 0 CHAIN_FLAGS(X) };
#undef X

#define CHAIN_FLAG(NAME) (1u << CHAIN_FLAG_BIT_##NAME)

/* the words for a code or a bit */
struct chain_words {
    const char *slug, *text, *why, *mend;
};

/* chain_outcome_words and chain_flag_words return NULL if there is no such code or bit;
 * chain_outcome_find and chain_flag_find return the code or bit of a slug, or -1. */
const struct chain_words *chain_outcome_words(unsigned code);
const struct chain_words *chain_flag_words(unsigned bit);
int chain_outcome_find(const char *slug);
int chain_flag_find(const char *slug);

struct chain_verdict {
    uint8_t outcome;          /* enum chain_outcome */
    int16_t fault_at;         /* position as sent of the certificate at fault; -1: none, or one of
                               * the store's */
    uint32_t flags;           /* CHAIN_FLAG() */
    int64_t from, until;      /* the verdict is the same at all times from <= t < until */
};

enum chain_origin { CHAIN_SENT, CHAIN_STORE, CHAIN_POOL };

struct chain_link {
    uint8_t origin;           /* enum chain_origin */
    uint32_t at;              /* position as sent; index for trust_store_der or judge_pool_der */
    uint32_t flags;           /* those of its own */
};

/* the path from the leaf upwards, as far as it goes: with the pool's certificates only if it is
 * valid with them */
struct chain_path {
    uint8_t num_links;
    int8_t fault_link;        /* index of the link at fault, -1: none */
    struct chain_link links[JUDGE_PATH_MAX];
    uint32_t sent_flags[JUDGE_SENT_MAX];   /* of each certificate as sent, in the path or not */
};

struct judge;

/* judge_new makes a judge by store, with pool if it is not NULL (sealed). NULL: no memory. */
struct judge *judge_new(const struct trust_store *store, const struct judge_pool *pool);
void judge_free(struct judge *j);   /* NULL is allowed */

/* judge_chain judges num certificates as sent at time_s. path may be NULL. */
int judge_chain(struct judge *j, struct chain_verdict *out, struct chain_path *path,
                const struct bytes *sent, size_t num, int64_t time_s);

/* judge_take and judge_at do the same for a chain that is judged at several times: what does not
 * depend on time is done once. Nothing of sent is kept. */
int judge_take(struct judge *j, const struct bytes *sent, size_t num);
int judge_at(struct judge *j, struct chain_verdict *out, struct chain_path *path, int64_t time_s);

/* judge_asked returns what the last verdict asked the pool: it is that of any pool which answers
 * the same. */
size_t judge_asked(const struct judge *j, const struct pool_question **out);

#endif
