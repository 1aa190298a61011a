/* make_golden FILE: writes the golden dataset. Once committed, a golden file is never written
 * again. */
#include "tests/core/golden.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char err[DATASET_ERR_MAX] = "usage: make_golden FILE";
    struct golden g;
    golden_init(&g);
    int rc = argc == 2 ? golden_write(&g, argv[1], err) : -1;
    if (rc != 0)
        fprintf(stderr, "make_golden: %s\n", err);
    char *text = rc == 0 ? dump_dataset(argv[1], &rc) : NULL;
    if (text != NULL)
        fputs(text, stdout);
    free(text);
    golden_cleanup(&g);
    return rc == 0 ? 0 : 1;
}
