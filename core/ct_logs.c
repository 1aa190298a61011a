#include "core/ct_logs.h"

#include "core/sct.h"

#define X(id, name, operator) {id, name, operator},
static const struct ct_log logs[] = {   /* by ascending id */
#include "core/ct_logs.inc"
};
#undef X

const struct ct_log *ct_log_find(struct bytes id)
{
    size_t low = 0, num = sizeof logs / sizeof logs[0];
    if (id.len != SCT_LOG_ID_LEN)
        return NULL;
    while (num > 0) {
        const struct ct_log *middle = &logs[low + num / 2];
        int order = memcmp(middle->id, id.data, SCT_LOG_ID_LEN);
        if (order == 0)
            return middle;
        if (order < 0) {
            low += num / 2 + 1;
            num -= num / 2 + 1;
        } else {
            num /= 2;
        }
    }
    return NULL;
}

const char *ct_logs_date(void)
{
    return CT_LOGS_DATE;
}
