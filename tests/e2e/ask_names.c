/* ask_names: scanner/resolver as a program, for test_names.py.
 *   usage: ask_names SERVERS TIMEOUT-MS NAME...    a line "NAME HOW ADDR..." for each, in order; a NAME that is an address: its
 *   names */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/resolver.h"

struct asked {
    struct resolution res;
    struct reverse rev;
    bool is_reverse;
};

static void on_done(struct resolution *res)
{
    (void)res;
}

static void on_reverse_done(struct reverse *res)
{
    (void)res;
}

static const char *how_text(enum resolved how, bool partial)
{
    switch (how) {
    case RESOLVED_OK: return partial ? "partial" : "ok";
    case RESOLVED_NO_ADDRESS: return "no-address";
    case RESOLVED_FAILURE: return "failure";
    case RESOLVED_OURS: return "ours";
    }
    return "?";
}

static void print(const char *name, const struct asked *a)
{
    char addr[ADDR_TEXT_MAX];
    printf("%s %s", name,
           a->is_reverse ? how_text(a->rev.how, false) : how_text(a->res.how, a->res.partial));
    for (unsigned i = 0; !a->is_reverse && i < a->res.num_addrs; i++) {
        addr_format(addr, a->res.addrs[i]);
        printf(" %s", addr);
    }
    for (unsigned i = 0; a->is_reverse && i < a->rev.num_names; i++)
        printf(" %s", a->rev.names[i]);
    printf("\n");
}

static int start(struct resolver *r, struct asked *a, const char *name)
{
    struct addr addr;
    a->is_reverse = addr_parse(&addr, name, strlen(name));
    return a->is_reverse ? resolver_reverse(r, &a->rev, addr, on_reverse_done)
                         : resolver_start(r, &a->res, name, on_done);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: ask_names SERVERS TIMEOUT-MS NAME...\n");
        return 2;
    }
    char err[200];
    uv_loop_t loop;
    struct resolver *r = NULL;
    struct resolver_config config = {.servers = argv[1], .want4 = true, .want6 = true, .tries = 2};
    config.timeout_ns = strtoull(argv[2], NULL, 10) * 1000000;
    config.max_queries = (unsigned)argc;
    struct asked *asked = calloc((size_t)argc, sizeof *asked);
    if (asked == NULL || uv_loop_init(&loop) != 0 ||
        resolver_new(&r, err, sizeof err, &loop, &config) != 0)
        return 1;
    for (int i = 3; i < argc; i++)
        if (start(r, &asked[i], argv[i]) != 0)
            return 1;
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 3; i < argc; i++)
        print(argv[i], &asked[i]);
    resolver_free(r);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    free(asked);
    return 0;
}
