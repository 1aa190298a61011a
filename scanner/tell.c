#include "scanner/tell.h"

#include <errno.h>

#include "scanner/sweep.h"

int tell_open(struct telling *t, const struct probe_options *o, FILE *out, bool color)
{
    char err[TRUST_STORE_ERR_MAX];
    bool given = o->trust_store != NULL;
    *t = (struct telling){.o = o, .show = {out, color}};
    t->store_name = given ? o->trust_store : TRUST_STORE_DEFAULT;
    if (trust_store_open(&t->store, err, t->store_name) != 0) {
        fprintf(stderr, "mxprobe: %s%s\n", err,
                given ? "" : "; install ca-certificates, or name roots with --trust-store FILE");
        return EXIT_USAGE;
    }
    t->judge = judge_new(t->store, NULL);
    if (t->judge != NULL)
        return EXIT_COMPLETE;
    fputs("mxprobe: no memory\n", stderr);
    return EXIT_FAULT;
}

void tell_close(struct telling *t)
{
    judge_free(t->judge);
    trust_store_free(t->store);
}

static bool tell_json(FILE *out, const struct view *v)
{
    struct json j;
    json_init(&j);
    probe_json(&j, v);
    bool good = !j.bad;
    if (good)
        fwrite(j.text, 1, j.len, out);
    json_cleanup(&j);
    return good;
}

static bool tell(struct telling *t, const struct one *one, const struct record *r)
{
    struct bytes ders[RECORD_CHAIN_MAX];
    struct findings findings;
    const struct dataset_header *header = one->header;
    int64_t time_s =
        t->o->has_time ? t->o->time_s : (header->start_us + (int64_t)r->start_us) / 1000000;
    one_chain(ders, one, r);
    struct judged *judged = judged_new(t->judge, t->store, r, ders, t->o->host, time_s);
    if (judged == NULL)
        return false;
    findings_of(&findings, r, judged);
    struct view v = {header, r, judged, &findings, t->store_name, t->o->verbose};
    bool good = true;
    if (t->o->json)
        good = tell_json(t->show.out, &v);
    else if (t->o->certs)
        probe_pem(t->show.out, &v);
    else
        show_all(&t->show, &v);
    if (finding_worse(findings_class(&findings), t->worst))
        t->worst = findings_class(&findings);
    judged_free(judged);
    return good;
}

int tell_all(struct telling *t, const struct one *one)
{
    for (size_t i = 0; i < one->num_records; i++) {
        if (i > 0 && !t->o->json && !t->o->certs)
            fputc('\n', t->show.out);
        if (!tell(t, one, &one->records[i])) {
            fputs("mxprobe: no memory\n", stderr);
            return EXIT_FAULT;
        }
    }
    if (fflush(t->show.out) == 0 && !ferror(t->show.out))
        return finding_exit_code(t->worst);
    fprintf(stderr, "mxprobe: the output could not be written: %s\n", strerror(errno));
    return EXIT_FAULT;
}
