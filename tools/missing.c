#include "tools/missing.h"

#include <errno.h>
#include <stdlib.h>

#include "core/permutation.h"

struct finding {
    struct missing_targets *out;
    struct permutation perm;
    uint32_t num_shards;
};

static bool on_missing(void *context, struct missing run)
{
    struct finding *f = context;
    if (run.count > MISSING_MAX - f->out->num)
        return false;
    for (uint64_t i = 0; i < run.count; i++) {
        uint64_t position = run.first + i * f->num_shards;
        f->out->indexes[f->out->num++] = permutation_at(&f->perm, position);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int missing_find(struct missing_targets *out, char err[MISSING_ERR_MAX], struct coverage *c,
                 const struct dataset_header *header)
{
    struct coverage_sum sum;
    coverage_sum(c, &sum, NULL, 0);
    if (header->streamed) {
        snprintf(
            err, MISSING_ERR_MAX,
            "--missing: the targets were streamed, and the files do not hold the list: feed it "
            "again with mxsweep --resume");
        return -EINVAL;
    }
    if (sum.missing > MISSING_MAX) {
        snprintf(err, MISSING_ERR_MAX,
                 "%llu targets are missing, more than the %d that can be listed: go on with "
                 "mxsweep --resume",
                 (unsigned long long)sum.missing, MISSING_MAX);
        return -E2BIG;
    }
    struct missing_targets m = {.header = header,
                                .indexes = calloc(sum.missing + 1, sizeof m.indexes[0])};
    struct finding f = {.out = &m, .num_shards = header->num_shards};
    if (m.indexes == NULL) {
        snprintf(err, MISSING_ERR_MAX, "no memory for %llu missing targets",
                 (unsigned long long)sum.missing);
        return -ENOMEM;
    }
    permutation_init(&f.perm, header->space->count, header->seed);
    coverage_missing(c, on_missing, &f);
    qsort(m.indexes, m.num, sizeof m.indexes[0], compare);
    *out = m;
    return 0;
}

void missing_cleanup(struct missing_targets *m)
{
    free(m->indexes);
    *m = (struct missing_targets){0};
}

/* ---- lines ---- */

static void put_line(FILE *out, const struct target *first, struct addr last)
{
    char text[ADDR_TEXT_MAX];
    if (first->named) { /* TARGET is the name, and so there is no HOSTNAME */
        fprintf(out, "%.*s%s%.*s\n", (int)first->host.len, (const char *)first->host.data,
                first->tag.len > 0 ? ",," : "", (int)first->tag.len, (const char *)first->tag.data);
        return;
    }
    addr_format(text, first->addr);
    fputs(text, out);
    if (addr_cmp(first->addr, last) != 0) {
        addr_format(text, last);
        fprintf(out, "-%s", text);
    }
    if (first->host.len + first->tag.len > 0)
        fprintf(out, ",%.*s", (int)first->host.len, (const char *)first->host.data);
    if (first->tag.len > 0)
        fprintf(out, ",%.*s", (int)first->tag.len, (const char *)first->tag.data);
    fputc('\n', out);
}

/* whether b is at the address after `last`, with the same name and tag as a */
static bool goes_on(const struct target *a, struct addr last, const struct target *b)
{
    return !a->named && !b->named && addr_cmp(addr_add(last, 1), b->addr) == 0 &&
           addr_is_v4(last) == addr_is_v4(b->addr) && bytes_equal(a->host, b->host) &&
           bytes_equal(a->tag, b->tag);
}

size_t missing_write(const struct missing_targets *m, uint16_t port, FILE *out)
{
    struct target first = {0};
    struct addr last = {0, 0};
    size_t num = 0;
    for (size_t i = 0; i < m->num; i++) {
        struct target t = target_space_at(m->header->space, m->indexes[i]);
        if (t.port != port)
            continue;
        if (num > 0 && !goes_on(&first, last, &t))
            put_line(out, &first, last);
        if (num == 0 || !goes_on(&first, last, &t))
            first = t;
        last = t.addr;
        num++;
    }
    if (num > 0)
        put_line(out, &first, last);
    return num;
}
