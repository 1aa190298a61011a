#include "scanner/disk_wait.h"

#include <errno.h>
#include <stddef.h>

#define STEP_NS UINT64_C(1000000000)

void disk_wait_init(struct disk_wait *d, uint64_t wait_ns)
{
    *d = (struct disk_wait){.wait_ns = wait_ns};
}

bool disk_wait_may_pass(int rc)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (rc == -errors[i])
            return true;
    return false;
}

enum disk_verdict disk_wait_note(struct disk_wait *d, uint64_t *again_ns, int rc, uint64_t now_ns)
{
    if (rc == 0) {
        d->waiting = false;
        return DISK_FINE;
    }
    if (!disk_wait_may_pass(rc))
        return DISK_GIVE_UP;
    if (!d->waiting) {
        d->waiting = true;
        d->since_ns = now_ns;
    }
    uint64_t waited_ns = now_ns - d->since_ns;
    if (waited_ns >= d->wait_ns)
        return DISK_GIVE_UP;
    uint64_t left_ns = d->wait_ns - waited_ns;
    *again_ns = now_ns + (left_ns < STEP_NS ? left_ns : STEP_NS);
    return DISK_TRY_AGAIN;
}
