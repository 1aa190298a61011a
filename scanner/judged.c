#include "scanner/judged.h"

#include <stdlib.h>

static struct bytes link_der(const struct judged *judged, size_t i)
{
    const struct chain_link *l = &judged->path.links[i];
    if (l->origin == CHAIN_STORE)
        return trust_store_der(judged->store, l->at);
    return l->origin == CHAIN_SENT && l->at < judged->num_sent ? judged->sent[l->at].der
                                                               : bytes_of(NULL, 0);
}

static void judge_staple(struct judged *judged, const struct record *r)
{
    struct bytes issuer = judged->path.num_links > 1 ? link_der(judged, 1) : bytes_of(NULL, 0);
    ocsp_judge(&judged->ocsp, r->text[TEXT_OCSP], judged->sent[0].der, issuer, judged->time_s);
}

static void judge_name(struct judged *judged, const char *host)
{
    judged->has_name = host != NULL && name_ref_parse(&judged->name, bytes_text(host));
    if (judged->has_name)
        judged->match = name_match(&judged->name, &judged->matched, &judged->sent[0].facts);
}

static bool judge_all(struct judged *judged, struct judge *judge, const struct record *r,
                      const struct bytes *ders, const char *host)
{
    judged->sent = calloc(r->num_chain, sizeof judged->sent[0]);
    if (judged->sent == NULL)
        return false;
    judged->num_sent = r->num_chain;
    for (size_t i = 0; i < judged->num_sent; i++) {
        judged->sent[i].der = ders[i];
        judged->sent[i].parsed = cert_parse(&judged->sent[i].facts, ders[i]);
    }
    if (judge_chain(judge, &judged->verdict, &judged->path, ders, judged->num_sent,
                    judged->time_s) != 0)
        return false;
    judge_name(judged, host);
    judge_staple(judged, r);
    return true;
}

struct judged *judged_new(struct judge *judge, const struct trust_store *store,
                          const struct record *r, const struct bytes *ders, const char *host,
                          int64_t time_s)
{
    struct judged *judged = calloc(1, sizeof *judged);
    if (judged == NULL)
        return NULL;
    judged->time_s = time_s;
    judged->store = store;
    judged->has_audit =
        r->text[TEXT_AUDIT].len > 0 && audit_decode(&judged->audit, r->text[TEXT_AUDIT]);
    if (r->num_chain == 0 || judge_all(judged, judge, r, ders, host))
        return judged;
    judged_free(judged);
    return NULL;
}

void judged_free(struct judged *judged)
{
    if (judged != NULL)
        free(judged->sent);
    free(judged);
}

bool judged_link(struct cert_facts *out, const struct judged *judged, size_t i)
{
    return i < judged->path.num_links && cert_parse(out, link_der(judged, i));
}
