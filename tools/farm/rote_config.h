/*
 * rote_config: what a server that shakes hands by rote accepts, and how it is written down.
 *
 * Shape      a spec is `rote:KEY=VALUE;KEY;...`, lists are joined by +; see doc/farm.md.
 * Promise    a spec that is taken names at least one version, and a suite for each of them.
 * Ownership  plain values.
 * Errors     rote_config_parse returns false with err written: what is wrong and how to mend it;
 *            the output is then undefined.
 */
#ifndef MXSWEEP_TOOLS_FARM_ROTE_CONFIG_H
#define MXSWEEP_TOOLS_FARM_ROTE_CONFIG_H

#include "core/bytes.h"

enum {
    ROTE_SUITES_MAX = 128, /* of one version */
    ROTE_GROUPS_MAX = 32,
    ROTE_KINDS_MAX = 10, /* cipher kinds of SSLv2 */
    ROTE_NAME_MAX = 40,
    ROTE_LIMIT_DEFAULT = 1400 /* octets of a ClientHello above which it is large */
};

enum rote_version {
    ROTE_SSL2,
    ROTE_SSL3,
    ROTE_TLS10,
    ROTE_TLS11,
    ROTE_TLS12,
    ROTE_TLS13,
    NUM_ROTE_VERSIONS
};

/* how a hello is turned down */
enum rote_manner {
    ROTE_BEAR, /* it is not */
    ROTE_ALERT,
    ROTE_CLOSE,
    ROTE_RESET,
    ROTE_SILENCE,
    NUM_ROTE_MANNERS
};

enum rote_sni {
    ROTE_SNI_ANY,
    ROTE_SNI_REQUIRED,    /* a hello without a name is turned down */
    ROTE_SNI_KNOWN,       /* a hello with a name that is not the server's is turned down */
    ROTE_SNI_CERTIFICATE, /* the server's certificate is for who names it, others get another */
    NUM_ROTE_SNIS
};

struct rote_list {
    uint16_t items[ROTE_SUITES_MAX];
    uint8_t num;
};

struct rote_config {
    char name[ROTE_NAME_MAX + 1];               /* "": none given */
    uint8_t versions;                           /* bits 1 << enum rote_version */
    struct rote_list suites[NUM_ROTE_VERSIONS]; /* in order of preference; SSLv2: none */
    struct rote_list groups;                    /* likewise */
    uint32_t kinds[ROTE_KINDS_MAX];             /* SSLv2 */
    uint8_t num_kinds;
    bool client_order;              /* suites and groups are chosen in the client's order */
    const struct rote_prime *prime; /* of finite-field Diffie-Hellman */
    uint8_t large, split, refuse;   /* enum rote_manner: of large hellos, of those that come in
                                       more than one piece, of all that cannot be served */
    uint16_t limit;                 /* a hello with more octets is large */
    uint8_t alert;                  /* the alert when a hello is turned down; 0: the fitting one */
    uint8_t sni;                    /* enum rote_sni */
    uint16_t sigscheme;             /* of ServerKeyExchange; 0: one that the client offers */
    bool compression, scsv, ticket, sentinel, alpn;
    bool no_ems, no_renegotiation;
    bool complete; /* what BoringSSL can serve is served by it */
};

#define ROTE_PREFIX "rote:"

bool rote_config_parse(struct rote_config *out, char *err, size_t err_len, const char *spec);

/* "TLSv1.2"; as the scanner's export has it */
const char *rote_version_name(enum rote_version version);
/* 0x0303 */
uint16_t rote_version_code(enum rote_version version);
/* "reset" */
const char *rote_manner_name(enum rote_manner manner);
const char *rote_sni_name(enum rote_sni sni);

bool rote_has_version(const struct rote_config *c, enum rote_version version);
bool rote_list_has(const struct rote_list *list, uint16_t item);
/* rote_highest returns the highest version of at most `most`, or NUM_ROTE_VERSIONS. */
enum rote_version rote_highest(const struct rote_config *c, enum rote_version most);

#endif
