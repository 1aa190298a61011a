#include "tests/tools/place.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int place_set_up(void **state)
{
    struct place *p = malloc(sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/mxstat-XXXXXX");
    *state = p;
    return mkdtemp(p->folder) == NULL ? -1 : 0;
}

int place_tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    int rc = system(command);
    free(p);
    return rc;
}

const char *place_path(char out[PLACE_PATH_MAX], const struct place *p, const char *name)
{
    snprintf(out, PLACE_PATH_MAX, "%s/%s", p->folder, name);
    return out;
}

int place_num_names(const char *path)
{
    int num = -2;
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        num++;
    if (dir != NULL)
        closedir(dir);
    return num;
}

void place_expect(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(expected));
    fclose(file);
    assert_string_equal(text, expected);
}

void place_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}
