#include "tools/farm/behaviour.h"

#include "core/outcome.h"
#include "tools/farm/rote_truth.h"

/* what the record says: stage, cause, SMTP code */
#define ENDS(where, why, smtp) .stage = STAGE_##where, .cause = CAUSE_##why, .code = smtp
#define OK                     ENDS(DONE, OK, 250)
/* what the server does: at a phase, an act, with octets of a constant */
#define AT(where, what) .phase = PHASE_##where, .act = ACT_##what
#define OCTETS(text)    .octets = {(const uint8_t *)(text), sizeof(text) - 1}
#define CERT(what, who) .cert = CERT_##what, .scope = SCOPE_##who
/* a handshake that is answered by rote */
#define ROTE(spec) AT(HANDSHAKE, ROTE), .key = KEY_RSA2048, .rote = "rote:" spec

/* a fatal alert in answer to the hello; the whole IANA list but close_notify */
#define ALERT(number, slug)                                                                        \
    {                                                                                              \
        "alert-" slug, "answers the hello with the fatal alert " #number, 1,                       \
            ENDS(HANDSHAKE, ALERT_RECEIVED, 220), AT(HANDSHAKE, SEND_FIN), .octets = {             \
                (const uint8_t[]){21, 3, 3, 0, 2, 2, number},                                      \
                7                                                                                  \
            }                                                                                      \
    }

static const struct behaviour behaviours[] = {
    /* ---- healthy: kinds of TLS and keys ---- */
    {"tls13-p256", "TLS 1.3, P-256, certificate of its own", 450, OK, .tls = TLS_13},
    {"any-p256", "TLS 1.0 to 1.3, P-256, certificate of its own", 250, OK},
    {"any-rsa2048", "TLS 1.0 to 1.3, RSA 2048", 250, OK, .key = KEY_RSA2048},
    {"tls13-rsa2048", "TLS 1.3, RSA 2048", 120, OK, .tls = TLS_13, .key = KEY_RSA2048},
    {"tls13-rsa4096", "TLS 1.3, RSA 4096", 30, OK, .tls = TLS_13, .key = KEY_RSA4096},
    {"tls13-p384", "TLS 1.3, P-384", 30, OK, .tls = TLS_13, .key = KEY_P384},
    {"tls13-p521", "TLS 1.3, P-521", 8, OK, .tls = TLS_13, .key = KEY_P521},
    {"tls13-ed25519", "TLS 1.3, Ed25519", 8, OK, .tls = TLS_13, .key = KEY_ED25519},
    {"group-p256", "TLS 1.3, group P-256 only: a second hello", 30, OK, .tls = TLS_13_P256},
    {"group-p384", "TLS 1.3, group P-384 only: a second hello", 20, OK, .tls = TLS_13_P384},
    {"group-p521", "TLS 1.3, group P-521 only: a second hello", 5, OK, .tls = TLS_13_P521},
    {"tls12-rsa2048", "TLS 1.2, RSA 2048, AES-GCM", 200, OK, .tls = TLS_12, .key = KEY_RSA2048},
    {"tls12-rsa4096", "TLS 1.2, RSA 4096", 30, OK, .tls = TLS_12, .key = KEY_RSA4096},
    {"tls12-p256", "TLS 1.2, P-256", 100, OK, .tls = TLS_12},
    {"tls12-p384", "TLS 1.2, P-384", 10, OK, .tls = TLS_12, .key = KEY_P384},
    {"tls12-p521", "TLS 1.2, P-521", 4, OK, .tls = TLS_12, .key = KEY_P521},
    {"tls12-ed25519", "TLS 1.2, Ed25519", 4, OK, .tls = TLS_12, .key = KEY_ED25519},
    {"tls12-group-p256", "TLS 1.2, group P-256 only", 30, OK, .tls = TLS_12_P256,
     .key = KEY_RSA2048},
    {"tls12-rsa-kx", "TLS 1.2, RSA key exchange, AES-GCM", 30, OK, .tls = TLS_12_RSA,
     .key = KEY_RSA2048},
    {"tls12-rsa-kx-cbc", "TLS 1.2, RSA key exchange, AES-CBC", 15, OK, .tls = TLS_12_RSA_CBC,
     .key = KEY_RSA2048},
    {"tls12-cbc", "TLS 1.2, ECDHE, AES-CBC", 30, OK, .tls = TLS_12_CBC, .key = KEY_RSA2048},
    {"tls12-chacha20", "TLS 1.2, ChaCha20-Poly1305", 15, OK, .tls = TLS_12_CHACHA,
     .key = KEY_RSA2048},
    {"tls11", "TLS 1.1 only", 10, OK, .tls = TLS_11, .key = KEY_RSA2048},
    {"tls10", "TLS 1.0 only", 40, OK, .tls = TLS_10, .key = KEY_RSA2048},

    /* ---- healthy: chains ---- */
    {"chain-1", "one certificate, signed by the root itself", 20, OK, .depth = 1},
    {"chain-3", "a chain of 3", 60, OK, .depth = 3},
    {"chain-4", "a chain of 4", 20, OK, .depth = 4},
    {"shared-network", "one certificate for the whole /24", 200, OK, CERT(GOOD, NETWORK)},
    {"shared-vendor", "the vendor's self-signed certificate, the same everywhere", 100, OK,
     CERT(SELF_SIGNED, FARM), .key = KEY_RSA2048},

    /* ---- healthy: texts ---- */
    {"postfix", "speaks like Postfix", 100, OK, .mta = MTA_POSTFIX, .tls = TLS_13},
    {"exim", "speaks like Exim", 100, OK, .mta = MTA_EXIM, .tls = TLS_13},
    {"sendmail", "speaks like Sendmail", 40, OK, .mta = MTA_SENDMAIL, .tls = TLS_12,
     .key = KEY_RSA2048},
    {"exchange", "speaks like Exchange", 60, OK, .mta = MTA_EXCHANGE, .tls = TLS_12,
     .key = KEY_RSA2048},
    {"qmail", "speaks like qmail", 10, OK, .mta = MTA_QMAIL},
    {"haraka", "speaks like Haraka", 10, OK, .mta = MTA_HARAKA, .tls = TLS_13},
    {"greeting-lines", "greeting of several lines", 40, OK, .flags = FLAG_LONG_GREETING},
    {"ehlo-changes", "other keywords inside TLS than before", 60, OK, .flags = FLAG_OTHER_INSIDE},
    {"pieces", "every octet in a segment or record of its own", 10, OK, .flags = FLAG_PIECES},
    {"lf-only", "lines end in LF alone", 10, OK, .flags = FLAG_LF_ONLY},
    {"nuls", "NULs in its texts", 5, OK, .flags = FLAG_NULS},
    {"eight-bit", "octets above 127 in its texts, no UTF-8", 8, OK, .flags = FLAG_EIGHT_BIT},
    {"starttls-mixed-case", "offers StartTls", 8, OK, AT(EHLO, SEND),
     OCTETS("250-mixed.example\r\n250-PIPELINING\r\n250-StartTls\r\n250 HELP\r\n")},
    {"starttls-first", "STARTTLS is the first EHLO line", 5, OK, AT(EHLO, SEND),
     OCTETS("250-STARTTLS\r\n250 SIZE 1000\r\n")},
    {"starttls-alone", "STARTTLS is the only EHLO line", 3, OK, AT(EHLO, SEND),
     OCTETS("250 STARTTLS\r\n")},
    {"starttls-argument", "STARTTLS with an argument and a blank at the end", 3, OK, AT(EHLO, SEND),
     OCTETS("250-argument.example\r\n250-STARTTLS REQUIRED \r\n250 8BITMIME\r\n")},
    {"greeting-delay-1s", "greets after 1 s", 20, OK, AT(GREETING, DELAY), .arg = 1000},
    {"greeting-delay-10s", "greets after 10 s", 5, OK, AT(GREETING, DELAY), .arg = 10000},
    {"greeting-teaser", "one greeting line at once, the rest 1 s later", 8, OK,
     AT(GREETING, TEASER), .arg = 1000, OCTETS("220-one moment\r\n")},
    {"ehlo-delay-1s", "answers EHLO after 1 s", 8, OK, AT(EHLO, DELAY), .arg = 1000},
    {"starttls-delay-1s", "answers STARTTLS after 1 s", 4, OK, AT(STARTTLS, DELAY), .arg = 1000},
    {"quit-silent", "never answers QUIT", 10, OK, AT(QUIT, SILENT)},
    {"quit-fin", "FIN in answer to QUIT", 10, OK, AT(QUIT, FIN)},
    {"quit-rst", "RST in answer to QUIT", 5, OK, AT(QUIT, RST)},
    {"early-plaintext", "a second reply right behind the 220 to STARTTLS, then a proper handshake",
     10, OK, .flags = FLAG_EARLY, OCTETS("250 2.1.0 injected\r\n")},
    {"warning-alert", "the warning unrecognized_name, then a proper handshake", 8, OK,
     AT(HANDSHAKE, WARN), OCTETS("\x15\x03\x03\x00\x02\x01\x70")},

    /* ---- a handshake completes, but the certificate is not as it should be ---- */
    {"expired", "certificate expired", 80, OK, CERT(EXPIRED, ADDRESS)},
    {"not-yet-valid", "certificate not yet valid", 10, OK, CERT(NOT_YET_VALID, ADDRESS)},
    {"expiring", "certificate expires in 3 days", 20, OK, CERT(EXPIRING, ADDRESS)},
    {"self-signed", "self-signed certificate of its own", 120, OK, CERT(SELF_SIGNED, ADDRESS),
     .key = KEY_RSA2048},
    {"wrong-name", "certificate for another name", 100, OK, CERT(WRONG_NAME, ADDRESS)},
    {"no-intermediate", "intermediate certificate left out", 60, OK,
     CERT(NO_INTERMEDIATE, ADDRESS)},
    {"wrong-order", "leaf first, the rest in the wrong order", 20, OK, CERT(WRONG_ORDER, ADDRESS)},
    {"root-included", "root certificate included", 60, OK, CERT(ROOT_INCLUDED, ADDRESS)},
    {"leaf-twice", "leaf sent twice", 8, OK, CERT(LEAF_TWICE, ADDRESS)},
    {"sixty-certificates", "60 certificates", 4, OK, CERT(SIXTY, ADDRESS)},

    /* ---- greeting ---- */
    {"greeting-554", "greets with 554", 60, ENDS(GREETING, REJECTED, 554), AT(GREETING, SEND),
     OCTETS("554-5.7.1 no service for you\r\n554 5.7.1 see the postmaster's page\r\n")},
    {"greeting-521", "greets with 521", 10, ENDS(GREETING, REJECTED, 521), AT(GREETING, SEND_FIN),
     OCTETS("521 5.3.2 this host accepts no mail\r\n")},
    {"greeting-550", "greets with 550", 10, ENDS(GREETING, REJECTED, 550), AT(GREETING, SEND),
     OCTETS("550 5.7.25 no reverse name\r\n")},
    {"greeting-421", "greets with 421", 40, ENDS(GREETING, THROTTLED, 421), AT(GREETING, SEND_FIN),
     OCTETS("421 4.7.0 too many connections, try again later\r\n")},
    {"greeting-450", "greets with 450", 20, ENDS(GREETING, THROTTLED, 450), AT(GREETING, SEND_FIN),
     OCTETS("450 4.3.2 try again later\r\n")},
    {"greeting-too-many", "greets with 554, and says that there are too many connections", 10,
     ENDS(GREETING, THROTTLED, 554), AT(GREETING, SEND_FIN),
     OCTETS("554 5.7.0 too many connections from your address\r\n")},
    {"greeting-not-smtp", "greets with text that is no reply", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("hello, who is there?\r\n")},
    {"greeting-mixed-codes", "greeting of mixed codes", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("220-mixed.example\r\n554 no, wait\r\n")},
    {"greeting-http", "greets like a web server", 8, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND_FIN), OCTETS("HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")},
    {"greeting-ssh", "greets like an SSH server", 8, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")},
    {"greeting-tls", "greets with a TLS record", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("\x16\x03\x03\x00\x04\x0e\x00\x00\x00")},
    {"greeting-tls-alert", "greets with a TLS alert", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND_FIN), OCTETS("\x15\x03\x01\x00\x02\x02\x50")},
    {"greeting-imap", "greets like an IMAP server", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")},
    {"greeting-binary", "greets with binary octets", 5, ENDS(GREETING, MALFORMED, 0),
     AT(GREETING, SEND), OCTETS("\x00\xff\xfd\x18\xff\xfd\x20\r\n\x80\x81")},
    {"silent-greeting", "never greets", 40, ENDS(GREETING, TIMEOUT, 0), AT(GREETING, SILENT)},
    {"fin-greeting", "FIN instead of a greeting", 20, ENDS(GREETING, CLOSED, 0), AT(GREETING, FIN)},
    {"rst-greeting", "RST instead of a greeting, a quarter of a second after the connection", 20,
     ENDS(GREETING, RESET, 0), AT(GREETING, RST), .arg = 250},
    {"fin-mid-greeting", "FIN in the middle of a greeting", 5, ENDS(GREETING, CLOSED, 0),
     AT(GREETING, SEND_FIN), OCTETS("220-mid.example\r\n220 go")},
    {"dribble-greeting", "greets one octet at a time, for ever", 8, ENDS(GREETING, TIMEOUT, 0),
     AT(GREETING, DRIBBLE), OCTETS("220 ")},
    {"endless-line-greeting", "greeting of one line without end", 4, ENDS(GREETING, TOO_LONG, 0),
     AT(GREETING, ENDLESS_LINE), OCTETS("220 ")},
    {"endless-reply-greeting", "greeting of lines without end", 4, ENDS(GREETING, TOO_LONG, 0),
     AT(GREETING, ENDLESS_REPLY), OCTETS("220-and another\r\n")},
    {"masked-greeting", "a firewall masks greeting and keywords", 20,
     ENDS(STARTTLS, NOT_OFFERED, 250), AT(GREETING, SEND), .flags = FLAG_MASKED,
     OCTETS("220 ****************************************\r\n")},

    /* ---- EHLO ---- */
    {"ehlo-refused", "EHLO refused, HELO accepted", 20, ENDS(EHLO, REJECTED, 502), AT(EHLO, SEND),
     .flags = FLAG_HELO_OK, OCTETS("502 5.5.2 command not recognized\r\n")},
    {"ehlo-helo-refused", "EHLO and HELO refused", 5, ENDS(EHLO, REJECTED, 500), AT(EHLO, SEND),
     OCTETS("500 5.5.2 command not recognized\r\n")},
    {"ehlo-550", "EHLO refused for its name", 10, ENDS(EHLO, REJECTED, 550), AT(EHLO, SEND),
     OCTETS("550 5.7.1 that is not your name\r\n")},
    {"ehlo-421", "421 in answer to EHLO", 10, ENDS(EHLO, THROTTLED, 421), AT(EHLO, SEND_FIN),
     OCTETS("421 4.4.2 too busy\r\n")},
    {"ehlo-450", "450 in answer to EHLO", 5, ENDS(EHLO, THROTTLED, 450), AT(EHLO, SEND),
     OCTETS("450 4.7.1 greylisted\r\n")},
    {"ehlo-not-smtp", "answer to EHLO that is no reply", 4, ENDS(EHLO, MALFORMED, 220),
     AT(EHLO, SEND), OCTETS("OK pleased to meet you\r\n")},
    {"ehlo-mixed-codes", "answer to EHLO of mixed codes", 4, ENDS(EHLO, MALFORMED, 220),
     AT(EHLO, SEND), OCTETS("250-mixed.example\r\n250-STARTTLS\r\n550 no\r\n")},
    {"silent-ehlo", "never answers EHLO", 10, ENDS(EHLO, TIMEOUT, 220), AT(EHLO, SILENT)},
    {"fin-ehlo", "FIN in answer to EHLO", 20, ENDS(EHLO, CLOSED, 220), AT(EHLO, FIN)},
    {"rst-ehlo", "RST in answer to EHLO", 10, ENDS(EHLO, RESET, 220), AT(EHLO, RST)},
    {"fin-mid-ehlo", "FIN in the middle of the answer to EHLO", 4, ENDS(EHLO, CLOSED, 220),
     AT(EHLO, SEND_FIN), OCTETS("250-mid.example\r\n250-STARTTLS\r\n")},
    {"dribble-ehlo", "answers EHLO one octet at a time, for ever", 5, ENDS(EHLO, TIMEOUT, 220),
     AT(EHLO, DRIBBLE), OCTETS("250-STARTTLS\r\n250 ")},
    {"endless-line-ehlo", "answer to EHLO of one line without end", 4, ENDS(EHLO, TOO_LONG, 220),
     AT(EHLO, ENDLESS_LINE), OCTETS("250-")},
    {"endless-reply-ehlo", "answer to EHLO of lines without end", 4, ENDS(EHLO, TOO_LONG, 220),
     AT(EHLO, ENDLESS_REPLY), OCTETS("250-X-ENDLESS\r\n")},

    /* ---- STARTTLS ---- */
    {"no-starttls", "does not offer STARTTLS", 200, ENDS(STARTTLS, NOT_OFFERED, 250),
     AT(EHLO, SEND), .flags = FLAG_NO_TLS,
     OCTETS("250-plain.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n")},
    {"no-keywords", "one EHLO line, no keywords", 10, ENDS(STARTTLS, NOT_OFFERED, 250),
     AT(EHLO, SEND), .flags = FLAG_NO_TLS, OCTETS("250 plain.example\r\n")},
    {"masked-keywords", "a firewall puts X in place of the keyword", 20,
     ENDS(STARTTLS, NOT_OFFERED, 250), AT(EHLO, SEND),
     OCTETS("250-masked.example\r\n250-XXXXXXXA\r\n250-XXXXXXXXXXXXXXXX\r\n250 8BITMIME\r\n")},
    {"starttls-in-words", "STARTTLS inside other words only", 4, ENDS(STARTTLS, NOT_OFFERED, 250),
     AT(EHLO, SEND), .flags = FLAG_NO_TLS,
     OCTETS(
         "250-words.example\r\n250-XSTARTTLS\r\n250-STARTTLSX\r\n250-NO STARTTLS\r\n250 SIZE\r\n")},
    {"starttls-454", "454 to STARTTLS", 20, ENDS(STARTTLS, REJECTED, 454), AT(STARTTLS, SEND),
     OCTETS("454 4.7.0 TLS not available due to local problem\r\n")},
    {"starttls-501", "501 to STARTTLS", 4, ENDS(STARTTLS, REJECTED, 501), AT(STARTTLS, SEND),
     OCTETS("501 5.5.4 syntax error\r\n")},
    {"starttls-502", "502 to STARTTLS", 4, ENDS(STARTTLS, REJECTED, 502), AT(STARTTLS, SEND),
     OCTETS("502 5.5.1 not implemented\r\n")},
    {"starttls-554", "554 to STARTTLS", 4, ENDS(STARTTLS, REJECTED, 554), AT(STARTTLS, SEND_FIN),
     OCTETS("554 5.7.3 unable to initialize security subsystem\r\n")},
    {"starttls-421", "421 to STARTTLS", 5, ENDS(STARTTLS, THROTTLED, 421), AT(STARTTLS, SEND_FIN),
     OCTETS("421 4.3.2 going down\r\n")},
    {"starttls-450", "450 to STARTTLS", 3, ENDS(STARTTLS, THROTTLED, 450), AT(STARTTLS, SEND),
     OCTETS("450 4.3.2 later\r\n")},
    {"starttls-not-smtp", "answer to STARTTLS that is no reply", 4, ENDS(STARTTLS, MALFORMED, 250),
     AT(STARTTLS, SEND), OCTETS("go ahead\r\n")},
    {"silent-starttls", "never answers STARTTLS", 5, ENDS(STARTTLS, TIMEOUT, 250),
     AT(STARTTLS, SILENT)},
    {"fin-starttls", "FIN in answer to STARTTLS", 10, ENDS(STARTTLS, CLOSED, 250),
     AT(STARTTLS, FIN)},
    {"rst-starttls", "RST in answer to STARTTLS", 5, ENDS(STARTTLS, RESET, 250), AT(STARTTLS, RST)},
    {"dribble-starttls", "answers STARTTLS one octet at a time, for ever", 3,
     ENDS(STARTTLS, TIMEOUT, 250), AT(STARTTLS, DRIBBLE), OCTETS("220 ")},
    {"endless-line-starttls", "answer to STARTTLS of one line without end", 2,
     ENDS(STARTTLS, TOO_LONG, 250), AT(STARTTLS, ENDLESS_LINE), OCTETS("220 ")},
    {"endless-reply-starttls", "answer to STARTTLS of lines without end", 2,
     ENDS(STARTTLS, TOO_LONG, 250), AT(STARTTLS, ENDLESS_REPLY), OCTETS("220-ready\r\n")},

    /* ---- handshake ---- */
    {"silent-handshake", "takes the hello and never answers", 10, ENDS(HANDSHAKE, TIMEOUT, 220),
     AT(HANDSHAKE, SILENT)},
    {"fin-handshake", "FIN in answer to the hello", 10, ENDS(HANDSHAKE, CLOSED, 220),
     AT(HANDSHAKE, FIN)},
    {"rst-handshake", "RST in answer to the hello", 10, ENDS(HANDSHAKE, RESET, 220),
     AT(HANDSHAKE, RST)},
    {"dribble-handshake", "answers the hello one octet at a time, for ever", 3,
     ENDS(HANDSHAKE, TIMEOUT, 220), AT(HANDSHAKE, DRIBBLE),
     OCTETS("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")},
    {"hello-garbage", "binary garbage in answer to the hello", 8, ENDS(HANDSHAKE, NOT_TLS, 220),
     AT(HANDSHAKE, SEND),
     OCTETS("\xde\xad\xbe\xef\x00\x01\x02\x03\x04\x05\x06\x07\xfe\xfd\xfc\xfb")},
    {"hello-smtp", "an SMTP reply in answer to the hello", 8, ENDS(HANDSHAKE, NOT_TLS, 220),
     AT(HANDSHAKE, SEND), OCTETS("500 5.5.2 unrecognized command\r\n")},
    {"hello-http", "a web server's error in answer to the hello, then FIN", 4,
     ENDS(HANDSHAKE, NOT_TLS, 220), AT(HANDSHAKE, SEND_FIN),
     OCTETS("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")},
    {"hello-broken", "a TLS record whose ServerHello is cut short", 4,
     ENDS(HANDSHAKE, ALERT_SENT, 220), AT(HANDSHAKE, SEND),
     OCTETS("\x16\x03\x03\x00\x08\x02\x00\x00\x04\x03\x03\x00\x00")},
    {"hello-sslv3", "a ServerHello of SSL 3.0", 4, ENDS(HANDSHAKE, ALERT_SENT, 220),
     AT(HANDSHAKE, SEND), .shown = "SSLv3",
     OCTETS("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00"
            "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00")},
    {"close-notify-handshake", "close_notify in answer to the hello, then FIN", 4,
     ENDS(HANDSHAKE, CLOSED, 220), AT(HANDSHAKE, SEND_FIN), OCTETS("\x15\x03\x03\x00\x02\x01\x00")},
    {"warning-then-fin", "the warning unrecognized_name, then FIN", 4,
     ENDS(HANDSHAKE, ALERT_RECEIVED, 220), AT(HANDSHAKE, SEND_FIN),
     OCTETS("\x15\x03\x03\x00\x02\x01\x70")},
    {"early-plaintext-fails",
     "a second reply right behind the 220 to STARTTLS, FIN in answer to the hello", 5,
     ENDS(HANDSHAKE, EARLY_PLAINTEXT, 220), AT(HANDSHAKE, FIN), .flags = FLAG_EARLY,
     OCTETS("554 5.7.0 injected\r\n")},
    {"certificate-garbage", "the leaf is no DER", 10, ENDS(HANDSHAKE, ALERT_SENT, 220),
     AT(HANDSHAKE, FLIGHT_SILENT), .shown = "TLSv1.2", CERT(GARBAGE, ADDRESS)},
    {"certificate-silent", "ServerHello and Certificate, then silence", 3,
     ENDS(HANDSHAKE, TIMEOUT, 220), AT(HANDSHAKE, FLIGHT_SILENT), .shown = "TLSv1.2"},
    {"certificate-fin", "ServerHello and Certificate, then FIN", 3, ENDS(HANDSHAKE, CLOSED, 220),
     AT(HANDSHAKE, FLIGHT_FIN), .shown = "TLSv1.2"},
    {"certificate-rst", "ServerHello and Certificate, then RST", 3, ENDS(HANDSHAKE, RESET, 220),
     AT(HANDSHAKE, FLIGHT_RST), .shown = "TLSv1.2", .arg = 250},
    {"certificate-alert", "ServerHello and Certificate, then the alert internal_error", 3,
     ENDS(HANDSHAKE, ALERT_RECEIVED, 220), AT(HANDSHAKE, FLIGHT_ALERT), .shown = "TLSv1.2",
     .arg = 80},
    {"bad-signature", "the ServerKeyExchange is not signed by the certificate's key", 3,
     ENDS(HANDSHAKE, ALERT_SENT, 220), AT(HANDSHAKE, FLIGHT_BAD_SIGNATURE), .shown = "TLSv1.2"},
    ALERT(10, "unexpected-message"),
    ALERT(20, "bad-record-mac"),
    ALERT(21, "decryption-failed"),
    ALERT(22, "record-overflow"),
    ALERT(30, "decompression-failure"),
    ALERT(40, "handshake-failure"),
    ALERT(41, "no-certificate"),
    ALERT(42, "bad-certificate"),
    ALERT(43, "unsupported-certificate"),
    ALERT(44, "certificate-revoked"),
    ALERT(45, "certificate-expired"),
    ALERT(46, "certificate-unknown"),
    ALERT(47, "illegal-parameter"),
    ALERT(48, "unknown-ca"),
    ALERT(49, "access-denied"),
    ALERT(50, "decode-error"),
    ALERT(51, "decrypt-error"),
    ALERT(52, "too-many-cids-requested"),
    ALERT(60, "export-restriction"),
    ALERT(70, "protocol-version"),
    ALERT(71, "insufficient-security"),
    ALERT(80, "internal-error"),
    ALERT(86, "inappropriate-fallback"),
    ALERT(90, "user-canceled"),
    ALERT(100, "no-renegotiation"),
    ALERT(109, "missing-extension"),
    ALERT(110, "unsupported-extension"),
    ALERT(111, "certificate-unobtainable"),
    ALERT(112, "unrecognized-name"),
    ALERT(113, "bad-certificate-status-response"),
    ALERT(114, "bad-certificate-hash-value"),
    ALERT(115, "unknown-psk-identity"),
    ALERT(116, "certificate-required"),
    ALERT(117, "general-error"),
    ALERT(120, "no-application-protocol"),
    ALERT(121, "ech-required"),

    /* ---- EHLO inside TLS ---- */
    {"ehlo-tls-refused", "EHLO inside TLS refused", 10, ENDS(EHLO_TLS, REJECTED, 502),
     AT(EHLO_TLS, SEND), OCTETS("502 5.5.2 command not recognized\r\n")},
    {"ehlo-tls-421", "421 to EHLO inside TLS", 5, ENDS(EHLO_TLS, THROTTLED, 421),
     AT(EHLO_TLS, SEND_FIN), OCTETS("421 4.4.2 timeout\r\n")},
    {"ehlo-tls-not-smtp", "answer to EHLO inside TLS that is no reply", 4,
     ENDS(EHLO_TLS, MALFORMED, 220), AT(EHLO_TLS, SEND), OCTETS("OK\r\n")},
    {"ehlo-tls-mixed-codes", "answer to EHLO inside TLS of mixed codes", 4,
     ENDS(EHLO_TLS, MALFORMED, 220), AT(EHLO_TLS, SEND), OCTETS("250-mixed.example\r\n502 no\r\n")},
    {"silent-ehlo-tls", "never answers EHLO inside TLS", 5, ENDS(EHLO_TLS, TIMEOUT, 220),
     AT(EHLO_TLS, SILENT)},
    {"fin-ehlo-tls", "FIN in answer to EHLO inside TLS", 5, ENDS(EHLO_TLS, CLOSED, 220),
     AT(EHLO_TLS, FIN)},
    {"close-notify-ehlo-tls", "close_notify and FIN in answer to EHLO inside TLS", 5,
     ENDS(EHLO_TLS, CLOSED, 220), AT(EHLO_TLS, CLOSE_NOTIFY)},
    {"rst-ehlo-tls", "RST in answer to EHLO inside TLS", 5, ENDS(EHLO_TLS, RESET, 220),
     AT(EHLO_TLS, RST)},
    {"alert-ehlo-tls", "the alert internal_error in answer to EHLO inside TLS", 3,
     ENDS(EHLO_TLS, ALERT_RECEIVED, 220), AT(EHLO_TLS, TLS_ALERT), .arg = 80},
    {"garbage-ehlo-tls", "a TLS record that cannot be decrypted in answer to EHLO", 3,
     ENDS(EHLO_TLS, ALERT_SENT, 220), AT(EHLO_TLS, RAW),
     OCTETS("\x17\x03\x03\x00\x28"
            "0123456789abcdef0123456789abcdef01234567")},
    {"dribble-ehlo-tls", "answers EHLO inside TLS one octet at a time, for ever", 3,
     ENDS(EHLO_TLS, TIMEOUT, 220), AT(EHLO_TLS, DRIBBLE), OCTETS("250 ")},
    {"endless-line-ehlo-tls", "answer to EHLO inside TLS of one line without end", 3,
     ENDS(EHLO_TLS, TOO_LONG, 220), AT(EHLO_TLS, ENDLESS_LINE), OCTETS("250-")},
    {"endless-reply-ehlo-tls", "answer to EHLO inside TLS of lines without end", 3,
     ENDS(EHLO_TLS, TOO_LONG, 220), AT(EHLO_TLS, ENDLESS_REPLY), OCTETS("250-X-ENDLESS\r\n")},

    /* ---- for benchmarks: not in the built-in population ---- */
    {"bench", "TLS 1.3, P-256, one chain of 2 and fixed texts for all", 0, OK, .tls = TLS_13,
     CERT(GOOD, FARM), .mta = MTA_BENCH},
    {"hold-handshake", "takes the hello and holds the connection", 0, ENDS(HANDSHAKE, TIMEOUT, 220),
     AT(HANDSHAKE, SILENT), .mta = MTA_BENCH},

    /* ---- features of a handshake; not in the built-in population: nor is all below ---- */
    {"tls12-ticket", "TLS 1.2, session tickets: resumption works", 0, OK, .tls = TLS_12,
     .key = KEY_RSA2048, .extras = EXTRA_TICKET},
    {"tls13-ticket", "TLS 1.3, session tickets: resumption works", 0, OK, .tls = TLS_13,
     .extras = EXTRA_TICKET},
    {"staple-good", "staples an OCSP response: good", 0, OK, .staple = STAPLE_GOOD},
    {"staple-revoked", "staples an OCSP response: revoked", 0, OK, .staple = STAPLE_REVOKED},
    {"staple-unknown", "staples an OCSP response: unknown", 0, OK, .staple = STAPLE_UNKNOWN},
    {"staple-expired", "staples an OCSP response of a month ago", 0, OK, .staple = STAPLE_EXPIRED},
    {"staple-bad-signature", "staples an OCSP response that another key has signed", 0, OK,
     .staple = STAPLE_BAD_SIGNATURE},
    {"staple-other", "staples the OCSP response of another certificate", 0, OK,
     .staple = STAPLE_OTHER},
    {"staple-try-later", "staples an OCSP error: tryLater", 0, OK, .staple = STAPLE_TRY_LATER},
    {"staple-garbage", "staples what is no DER", 0, OK, .staple = STAPLE_GARBAGE},
    {"staple-tls12", "TLS 1.2, staples an OCSP response: good", 0, OK, .tls = TLS_12,
     .key = KEY_RSA2048, .staple = STAPLE_GOOD},
    {"timestamps", "certificate timestamps in TLS", 0, OK, .extras = EXTRA_SCT},
    {"timestamps-tls12", "TLS 1.2, certificate timestamps in TLS", 0, OK, .tls = TLS_12,
     .extras = EXTRA_SCT},
    {"client-certificate", "asks for a client certificate, and does without", 0, OK,
     .extras = EXTRA_CERT_REQUEST},
    {"client-certificate-tls12", "TLS 1.2, asks for a client certificate, and does without", 0, OK,
     .tls = TLS_12, .extras = EXTRA_CERT_REQUEST},
    {"client-certificate-required", "TLS 1.3, no EHLO without a client certificate", 0,
     ENDS(EHLO_TLS, ALERT_RECEIVED, 220), .tls = TLS_13, .extras = EXTRA_CERT_REQUIRED},
    {"client-certificate-required-tls12", "TLS 1.2, no handshake without a client certificate", 0,
     ENDS(HANDSHAKE, ALERT_RECEIVED, 220), .tls = TLS_12, .shown = "TLSv1.2",
     .extras = EXTRA_CERT_REQUIRED},
    {"certificate-by-name", "its certificate for who names it, another for others", 0, OK,
     .key = KEY_RSA2048, .extras = EXTRA_SNI},
    {"starttls-inside", "offers STARTTLS again inside TLS", 0, OK, AT(EHLO_TLS, SEND),
     OCTETS("250-again.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n")},
    {"auth-inside", "offers AUTH inside TLS", 0, OK, AT(EHLO_TLS, SEND),
     OCTETS("250-auth.example\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n")},
    {"all-at-once", "tickets, staple, timestamps and a request for a client certificate", 0, OK,
     .tls = TLS_13, .extras = EXTRA_TICKET | EXTRA_SCT | EXTRA_CERT_REQUEST, .staple = STAPLE_GOOD},

    /* ---- handshakes by rote ---- */
    {"rote-ssl2", "SSLv2 only", 0, ENDS(HANDSHAKE, CLOSED, 220), ROTE("versions=ssl2")},
    {"rote-ssl3", "SSLv3 only", 0, ENDS(HANDSHAKE, ALERT_SENT, 220), .shown = "SSLv3",
     ROTE("versions=ssl3")},
    {"rote-ssl", "SSLv2 and SSLv3, and TLS 1.0", 0, OK, .shown = "TLSv1.0",
     ROTE("versions=ssl2+ssl3+tls10;complete")},
    {"rote-all-versions", "SSLv2 to TLS 1.3", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=ssl2+ssl3+tls10+tls11+tls12+tls13;complete")},
    {"rote-rc4", "RC4 only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=ssl3+tls10+tls11+tls12;suites=0x0005+0x0004+0xc011")},
    {"rote-3des", "3DES only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=ssl3+tls10+tls11+tls12;suites=0x000a+0x0016+0xc012")},
    {"rote-export", "export suites only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=ssl3+tls10;suites=0x0003+0x0006+0x0008+0x0014")},
    {"rote-null", "suites without encryption only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0001+0x0002+0x003b+0xc010")},
    {"rote-anonymous", "suites without a certificate only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0034+0x0018+0xc018;dh=1024")},
    {"rote-dhe-512", "DHE only, a prime of 512 bits", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10;suites=0x0033+0x0039;dh=512")},
    {"rote-dhe-768", "DHE only, the first Oakley group", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0033+0x0039;dh=oakley1-modp768")},
    {"rote-dhe-1024", "DHE only, a prime of 1024 bits", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0033+0x0039+0x009e;dh=1024")},
    {"rote-dhe-oakley2", "DHE only, the second Oakley group", 0,
     ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0033+0x0039+0x009e;dh=oakley2-modp1024")},
    {"rote-dhe-2048", "DHE only, ffdhe2048", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220),
     ROTE("versions=tls12;suites=0x009f+0x009e+0x0067;dh=ffdhe2048")},
    {"rote-rsa", "static RSA only", 0, ENDS(HANDSHAKE, ALERT_RECEIVED, 220), .shown = "TLSv1.2",
     ROTE("versions=tls12;suites=0x002f+0x0035")},
    {"rote-tls13", "TLS 1.3, and what nobody can decrypt after its hello", 0,
     ENDS(HANDSHAKE, ALERT_SENT, 220), .shown = "TLSv1.3", ROTE("versions=tls13")},
    {"rote-downgrade", "TLS 1.2, and a sign that it has more", 0, ENDS(HANDSHAKE, ALERT_SENT, 220),
     .shown = "TLSv1.2", ROTE("versions=tls12;sentinel")},
    {"rote-alpn", "chooses an application protocol that nobody offered", 0,
     ENDS(HANDSHAKE, ALERT_SENT, 220), .shown = "TLSv1.2", ROTE("versions=tls12;alpn")},
    {"rote-closes", "FIN to who has none of its suites", 0, ENDS(HANDSHAKE, CLOSED, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0005+0x000a;refuse=close")},
    {"rote-resets", "RST to who has none of its suites", 0, ENDS(HANDSHAKE, RESET, 220),
     ROTE("versions=tls10+tls11+tls12;suites=0x0005+0x000a;refuse=reset")},
    {"rote-legacy", "TLS 1.2, and besides all that is old", 0, OK, .shown = "TLSv1.2",
     ROTE("versions=ssl2+ssl3+tls10+tls11+tls12;suites=0xc02f+0xc013+0x009c+0x002f+0x0033+0x0005+"
          "0x0004+0x000a+0x0003+0x0001+0x0034;dh=1024;compression;scsv;complete")},
    {"rote-client-order", "TLS 1.0 to 1.2, in the client's order", 0, OK, .shown = "TLSv1.2",
     ROTE("versions=tls10+tls11+tls12;order=client;complete")},
    {"rote-scsv", "TLS 1.0 to 1.2, refuses to fall back", 0, OK, .shown = "TLSv1.2",
     ROTE("versions=tls10+tls11+tls12;scsv;complete")},
    {"rote-no-scsv", "TLS 1.0 to 1.2, falls back", 0, OK, .shown = "TLSv1.2",
     ROTE("versions=tls10+tls11+tls12;complete")},
    {"rote-compression", "TLS 1.0 to 1.2, compresses", 0, OK, .shown = "TLSv1.2",
     ROTE("versions=tls10+tls11+tls12;compression;complete")},
    {"rote-no-ems", "TLS 1.2 by rote: no extended master secret, no secure renegotiation", 0,
     ENDS(HANDSHAKE, ALERT_SENT, 220), .shown = "TLSv1.2", ROTE("versions=tls12;noems;noreneg")},
    {"rote-pq", "TLS 1.2 and 1.3, X25519MLKEM768 preferred", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls12+tls13;pq;complete")},
    {"rote-pq-all", "TLS 1.3, three hybrids with ML-KEM", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls13;groups=p384mlkem1024+x25519mlkem768+p256mlkem768+x25519+p256;complete")},
    {"rote-large-reset", "RST to a hello above 1,400 octets", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls12+tls13;large=reset;complete")},
    {"rote-large-silent", "no answer to a hello above 1,400 octets", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls12+tls13;large=silent;complete")},
    {"rote-large-alert", "handshake_failure to a hello above 1,400 octets", 0, OK,
     .shown = "TLSv1.3", ROTE("versions=tls12+tls13;large=alert;complete")},
    {"rote-large-close", "FIN to a hello above 1,400 octets", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls12+tls13;large=close;complete")},
    {"rote-split-reset", "RST to a hello that is not whole with its first octets", 0, OK,
     .shown = "TLSv1.3", ROTE("versions=tls12+tls13;split=reset;complete")},
    {"rote-sni-required", "unrecognized_name to who names nobody", 0,
     ENDS(HANDSHAKE, ALERT_RECEIVED, 220), ROTE("versions=tls12+tls13;sni=required;complete")},
    {"rote-sni-known", "unrecognized_name to who names somebody else", 0, OK, .shown = "TLSv1.3",
     ROTE("versions=tls12+tls13;sni=known;complete")},
    {"rote-sni-certificate", "its certificate for who names it, another for others", 0, OK,
     .shown = "TLSv1.3", ROTE("versions=tls12+tls13;sni=certificate;complete")},
};

const char *staple_name(enum staple staple)
{
    static const char *const names[NUM_STAPLES] = {"none",    "good",      "revoked",
                                                   "unknown", "expired",   "bad-signature",
                                                   "other",   "try-later", "garbage"};
    return names[staple];
}

size_t num_behaviours(void)
{
    return sizeof behaviours / sizeof behaviours[0];
}

const struct behaviour *behaviour_at(size_t index)
{
    return &behaviours[index];
}

size_t behaviour_find(const char *name, size_t len)
{
    size_t i = 0;
    while (i < num_behaviours() &&
           !(strlen(behaviours[i].name) == len && memcmp(behaviours[i].name, name, len) == 0))
        i++;
    return i;
}

bool behaviour_handshakes(const struct behaviour *b)
{
    return b->stage == STAGE_EHLO_TLS || b->stage == STAGE_DONE;
}

bool behaviour_shows_chain(const struct behaviour *b)
{
    struct rote_outlook outlook;
    if (b->rote != NULL)
        return rote_foresee(&outlook, b->rote) && outlook.shows_chain;
    if (b->extras & EXTRA_CERT_REQUIRED)
        return true;
    return behaviour_handshakes(b) || b->act >= ACT_FLIGHT_SILENT;
}

uint16_t behaviour_code_before(enum phase phase)
{
    switch (phase) {
    case PHASE_NONE:
    case PHASE_GREETING: return 0;
    case PHASE_STARTTLS:
    case PHASE_QUIT: return 250;
    case PHASE_EHLO:
    case PHASE_HANDSHAKE:
    case PHASE_EHLO_TLS: return 220;
    }
    return 0;
}
