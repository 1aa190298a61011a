#include "tools/share.h"

#include <stdio.h>

static const char *write_share(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of, int decimals)
{
    double step = decimals == 2 ? 0.01 : 0.1,
           percent = of > 0 ? 100 * (double)count / (double)of : 0;
    if (of == 0)
        snprintf(out, SHARE_TEXT_MAX, "-");
    else if (count > 0 && percent < step / 2)
        snprintf(out, SHARE_TEXT_MAX, "<%g %%", step);
    else if (count < of && percent >= 100 - step / 2)
        snprintf(out, SHARE_TEXT_MAX, ">%.*f %%", decimals, 100 - step);
    else
        snprintf(out, SHARE_TEXT_MAX, "%.*f %%", decimals, percent);
    return out;
}

const char *share_text(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of)
{
    return write_share(out, count, of, 2);
}

const char *share_words(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of)
{
    if (of > 0 && (count == 0 || count == of))
        return write_share(out, count, of, 0);
    return write_share(out, count, of, 1);
}
