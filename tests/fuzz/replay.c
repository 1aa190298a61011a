/* replay: runs a fuzz target over every file of the folders and files named, so that plain ctest replays the corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        perror(path);
        if (f != NULL)
            fclose(f);
        return -1;
    }
    size_t len = (size_t)st.st_size;
    uint8_t *data = malloc(len > 0 ? len : 1);   /* its own size: a read past the end is seen by the sanitizer */
    int rc = -1;
    if (data != NULL && fread(data, 1, len, f) == len) {
        LLVMFuzzerTestOneInput(data, len);
        rc = 0;
    }
    free(data);
    fclose(f);
    return rc;
}

static int replay(const char *path, unsigned *num)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        ++*num;
        return replay_file(path);
    }
    int rc = 0;
    for (struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        char name[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        rc = replay_file(name);
        ++*num;
    }
    closedir(dir);
    return rc;
}

int main(int argc, char **argv)
{
    unsigned num = 0;
    for (int i = 1; i < argc; i++)
        if (replay(argv[i], &num) != 0)
            return 1;
    if (num == 0) {
        fprintf(stderr, "replay: no input: an empty corpus proves nothing\n");
        return 1;
    }
    printf("replayed %u inputs\n", num);
    return 0;
}
