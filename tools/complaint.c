#include "tools/complaint.h"

#include "core/json.h"
#include "tools/args.h"

enum { SHOWN_MAX = 4 * COMMAND_ERR_MAX + 1 }; /* each octet as \xHH */

void complaint_print(FILE *out, const char *text)
{
    char shown[SHOWN_MAX];
    while (*text != '\0') {
        size_t len = strcspn(text, "\\\n");
        text_for_terminal(shown, sizeof shown, bytes_of(text, len));
        fputs(shown, out);
        text += len;
        if (*text != '\0')
            fputc(*text++, out);
    }
    fputc('\n', out);
}
