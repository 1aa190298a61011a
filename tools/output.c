#include "tools/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool output_open(struct output *o, char err[COMMAND_ERR_MAX], const char *path)
{
    *o = (struct output){.file = stdout, .path = path};
    if (path == NULL)
        return true;
    o->file = fopen(path, "wxe");
    if (o->file != NULL)
        return true;
    snprintf(err, COMMAND_ERR_MAX, "%s: %s", path,
             errno == EEXIST ? "exists; name another file, or remove it" : strerror(errno));
    return false;
}

bool output_close(struct output *o, char err[COMMAND_ERR_MAX], bool keep)
{
    bool good = fflush(o->file) == 0 && !ferror(o->file);
    int why = errno;
    if (o->path != NULL)
        good &= fclose(o->file) == 0;
    if (!good && err[0] == '\0')
        snprintf(err, COMMAND_ERR_MAX, "%s: cannot write: %s",
                 o->path != NULL ? o->path : "standard output", strerror(why));
    if (o->path != NULL && !(good && keep))
        unlink(o->path);
    *o = (struct output){0};
    return good;
}
