/* place: a folder of a test's own, and what is in it. */
#ifndef MXSWEEP_TESTS_TOOLS_PLACE_H
#define MXSWEEP_TESTS_TOOLS_PLACE_H

enum { PLACE_PATH_MAX = 256 };

struct place {
    char folder[64];
};

/* set-up and tear-down of a test of cmocka: *state is a struct place */
int place_set_up(void **state);
int place_tear_down(void **state);

/* place_path writes the path of a name in the folder, and returns out. */
const char *place_path(char out[PLACE_PATH_MAX], const struct place *p, const char *name);

/* how many names there are in a folder, without "." and ".."; -2: there is no folder */
int place_num_names(const char *path);

void place_expect(const char *path, const char *expected);
void place_write(const char *path, const char *text);

#endif
