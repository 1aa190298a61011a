#include "scanner/again.h"

#include <stdlib.h>
#include <uv.h>

enum { FIRST_CAP = 16 };

/* doubles the ring; what it holds is laid out from its beginning */
static int grow(struct again *again)
{
    size_t cap = again->cap == 0 ? FIRST_CAP : again->cap * 2;
    struct again_visit *ring = malloc(cap * sizeof ring[0]);
    if (ring == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; i < again->num; i++)
        ring[i] = again->ring[(again->first + i) % again->cap];
    free(again->ring);
    *again = (struct again){ring, 0, again->num, cap};
    return 0;
}

int again_put(struct again *again, const struct again_visit *visit)
{
    int rc = again->num == again->cap ? grow(again) : 0;
    if (rc == 0)
        again->ring[(again->first + again->num++) % again->cap] = *visit;
    return rc;
}

struct again_visit again_take(struct again *again)
{
    struct again_visit visit = again->ring[again->first];
    again->first = (again->first + 1) % again->cap;
    again->num--;
    return visit;
}

uint64_t again_due_ns(const struct again *again)
{
    return again->num > 0 ? again->ring[again->first].due_ns : UINT64_MAX;
}

void again_cleanup(struct again *again)
{
    free(again->ring);
    *again = (struct again){NULL, 0, 0, 0};
}
