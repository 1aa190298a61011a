/*
 * dialogue: plays one conversation of a session with a scripted peer, in memory, cut in any way.
 *
 * A script is a list of turns: what the peer says when it is connected, then after each command of
 * ours. TURN_TLS says that the hello is answered by a TLS server; the turns after it are said
 * inside TLS.
 */
#ifndef MXSWEEP_TESTS_SESSION_DIALOGUE_H
#define MXSWEEP_TESTS_SESSION_DIALOGUE_H

#include "scanner/session/session.h"
#include "tests/session/peer.h"

enum turn_kind {
    TURN_SAY,            /* octets: as they are before TLS, as data inside */
    TURN_TLS,            /* a handshake; text: said inside TLS at once when it is complete */
    TURN_RAW,            /* octets as they are, even inside TLS */
    TURN_CLOSE_NOTIFY,   /* text: said before it */
    TURN_ALERT           /* a fatal alert, number in text[0] */
};

struct turn {
    enum turn_kind kind;
    const void *text;
    size_t len;
};
#define SAY(text) {TURN_SAY, text, sizeof(text) - 1}
#define RAW(text) {TURN_RAW, text, sizeof(text) - 1}
#define TLS_SAYING(text) {TURN_TLS, text, sizeof(text) - 1}
#define TLS {TURN_TLS, "", 0}
#define CLOSE_NOTIFY {TURN_CLOSE_NOTIFY, "", 0}
#define ALERT(number) {TURN_ALERT, number, 1}

/* what happens when the peer has no more to say */
enum last_event {
    END_EOF,
    END_RESET,
    END_TIMEOUT,
    END_NOTHING /* the session must have ended by itself */
};

enum { TURNS_MAX = 9 };

struct script {
    struct turn turns[TURNS_MAX];   /* up to the first without text */
    enum last_event end;
    bool wrong_usage; /* the leaf's key usage becomes keyCertSign on its way (TLS 1.2: it is not
                         protected) */
};

/* how the octets of the peer arrive */
enum { CUT_NONE = -1, CUT_ALL = -2 };   /* else: one cut after so many octets */

struct dialogue {
    struct session session;
    struct outbuf out;
    struct peer peer;
    bool in_tls;                  /* the peer speaks TLS */
    bool wrong_usage;
    char said[64]; /* what we said: E(HLO) H(ELO) S(TARTTLS) * (hello) ! (alert in plaintext) Q(UIT)
                    */
    size_t num_said;
    size_t received;              /* octets of the peer's that the session was given */
    uint64_t now_ns;
    unsigned serials;             /* new deadlines */
};

/* dialogue_run plays the script; peer_ctx may be NULL where no turn is TURN_TLS. dialogue_cleanup
 * when done with the session. */
void dialogue_run(struct dialogue *d, const struct session_config *config, const char *host,
                  SSL_CTX *peer_ctx, const struct script *script, int cut);
void dialogue_cleanup(struct dialogue *d);

#endif
