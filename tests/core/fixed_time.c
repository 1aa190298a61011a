/* fixed_time: preloaded, it makes time() the FIXED_TIME of the environment, in seconds since 1970:
 * so the openssl command line makes and judges responses of any day. */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *out)
{
    const char *text = getenv("FIXED_TIME");
    time_t now = text != NULL ? (time_t)strtoll(text, NULL, 10) : (time_t)-1;
    if (out != NULL)
        *out = now;
    return now;
}
