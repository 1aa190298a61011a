/* make_golden FILE 1|2|2-stream|3: writes a golden dataset, and prints what it says. Once committed, a
 * golden file is never written again. */
#include "tests/core/golden2.h"
#include "tests/core/golden3.h"

#include <stdio.h>
#include <stdlib.h>

static int write_one(const char *path, char err[DATASET_ERR_MAX])
{
    struct golden g;
    golden_init(&g);
    int rc = golden_write(&g, path, err);
    golden_cleanup(&g);
    return rc;
}

static int write_two(const char *path, bool streamed, char err[DATASET_ERR_MAX])
{
    struct golden2 g;
    golden2_init(&g, streamed);
    int rc = golden2_write(&g, path, err);
    golden2_cleanup(&g);
    return rc;
}

int main(int argc, char **argv)
{
    char err[DATASET_ERR_MAX] = "usage: make_golden FILE 1|2|2-stream|3";
    int rc = -1;
    if (argc == 3 && strcmp(argv[2], "1") == 0)
        rc = write_one(argv[1], err);
    else if (argc == 3 && argv[2][0] == '2')
        rc = write_two(argv[1], argv[2][1] != '\0', err);
    else if (argc == 3 && strcmp(argv[2], "3") == 0)
        rc = golden3_write(argv[1], err);
    if (rc != 0)
        fprintf(stderr, "make_golden: %s\n", err);
    char *text = rc == 0 ? dump_dataset(argv[1], &rc) : NULL;
    if (text != NULL)
        fputs(text, stdout);
    free(text);
    return rc == 0 ? 0 : 1;
}
