/*
 * ocsp_verdict: what core/ocsp and core/sct say of files, as JSON, for test_ocsp_openssl.py.
 *
 * usage: ocsp_verdict ocsp STAPLE LEAF ISSUER|- SECONDS-SINCE-1970
 *        ocsp_verdict sct EXTENSION-VALUE
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/ocsp.h"
#include "core/sct.h"

enum { FILE_MAX_LEN = 1 << 20 };

static struct bytes load(const char *path)
{
    uint8_t *octets = malloc(FILE_MAX_LEN);
    FILE *f = strcmp(path, "-") != 0 ? fopen(path, "rb") : NULL;
    if (octets == NULL || (f == NULL && strcmp(path, "-") != 0)) {
        fprintf(stderr, "ocsp_verdict: %s: cannot be read\n", path);
        exit(1);
    }
    size_t len = f != NULL ? fread(octets, 1, FILE_MAX_LEN, f) : 0;
    if (f != NULL)
        fclose(f);
    return bytes_of(octets, len);
}

static void discard(struct bytes loaded)
{
    free((void *)(uintptr_t)loaded.data);
}

static void judge_ocsp(struct json *j, char **paths, int64_t time_s)
{
    struct bytes staple = load(paths[0]), leaf = load(paths[1]), issuer = load(paths[2]);
    struct ocsp_judgement judgement;
    ocsp_judge(&judgement, staple, leaf, issuer, time_s);
    ocsp_json(j, &judgement);
    discard(staple);
    discard(leaf);
    discard(issuer);
}

static void read_scts(struct json *j, const char *path)
{
    struct bytes value = load(path), list = {0};
    sct_list_unwrap(&list, value);
    sct_json(j, list);
    discard(value);
}

int main(int argc, char **argv)
{
    struct json j;
    json_init(&j);
    if (argc == 6 && strcmp(argv[1], "ocsp") == 0)
        judge_ocsp(&j, argv + 2, strtoll(argv[5], NULL, 10));
    else if (argc == 3 && strcmp(argv[1], "sct") == 0)
        read_scts(&j, argv[2]);
    else
        return 2;
    printf("%.*s\n", (int)j.len, j.text);
    json_cleanup(&j);
    return 0;
}
