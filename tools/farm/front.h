/*
 * front: addresses behind which another server of TLS stands: the farm speaks SMTP up to the 220 to
 * STARTTLS, and what follows goes to and fro between client and server.
 *
 * Promise    a direction holds at most FRONT_BUFFER octets; a side that says FIN still hears the
 *            other; an error of one side ends both.
 * Errors     front_parse returns false and leaves the output untouched.
 */
#ifndef MXSWEEP_TOOLS_FARM_FRONT_H
#define MXSWEEP_TOOLS_FARM_FRONT_H

#include "core/addr.h"
#include "tools/farm/behaviour.h"

enum { FRONTS_MAX = 256, FRONT_BUFFER = 65536 };

struct front {
    struct addr addr; /* of the farm's */
    struct addr host; /* of the server behind it */
    uint16_t port;
};

struct fronts {
    struct front items[FRONTS_MAX];
    size_t num;
};

/* front_parse reads ADDR=HOST:PORT, an IPv6 HOST in brackets. */
bool front_parse(struct front *out, const char *text);

/* front_find returns the front at a, or NULL. */
const struct front *front_find(const struct fronts *fronts, struct addr a);

/* front_behaviour says how a front speaks up to the 220; it is not of the table. */
const struct behaviour *front_behaviour(void);

#endif
