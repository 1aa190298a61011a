#include "scanner/probe_output.h"

#include "core/pem.h"
#include "core/record_json.h"
#include "core/sct.h"
#include "core/times.h"

enum { LABEL_MAX = 64 };

/* ---- small parts ---- */

static void put_time(struct json *j, const char *key, int64_t time_s)
{
    char text[TIME_TEXT_MAX];
    time_rfc3339_s(text, time_s < INT64_MAX / 1000000 ? time_s * 1000000 : INT64_MAX);
    json_add_string(j, key, text);
}

static void put_flags(struct json *j, const char *key, uint32_t flags)
{
    json_key(j, key);
    json_array(j);
    for (unsigned bit = 0; bit < NUM_CHAIN_FLAGS; bit++)
        if ((flags >> bit & 1) != 0)
            json_string(j, chain_flag_words(bit)->slug);
    json_array_end(j);
}

/* ---- the judgement ---- */

static void put_store(struct json *j, const struct view *v)
{
    const struct trust_store_facts *facts = trust_store_facts(v->judged->store);
    json_key(j, "trust_store");
    json_object(j);
    json_add_octets(j, "file", bytes_text(v->store_name));
    json_key(j, "sha256");
    json_hex(j, facts->sha256, sizeof facts->sha256);
    json_add_uint(j, "roots", facts->num_roots);
    put_time(j, "changed", facts->mtime_s);
    json_object_end(j);
}

static void put_names(struct json *j, struct bytes san)
{
    struct bytes name;
    enum cert_name_type type;
    json_key(j, "dns_names");
    json_array(j);
    while (cert_san_next(&san, &type, &name))
        if (type == CERT_NAME_DNS)
            json_octets(j, name);
    json_array_end(j);
}

static void put_cert(struct json *j, const struct judged_cert *c, uint32_t flags)
{
    json_object(j);
    json_key(j, "sha256");
    json_hex(j, c->facts.sha256, sizeof c->facts.sha256);
    json_add_octets(j, "subject_cn", c->facts.subject_cn);
    json_add_octets(j, "subject_org", c->facts.subject_org);
    json_add_octets(j, "issuer_cn", c->facts.issuer_cn);
    json_add_octets(j, "issuer_org", c->facts.issuer_org);
    if (c->facts.has_validity) {
        put_time(j, "not_before", c->facts.not_before);
        put_time(j, "not_after", c->facts.not_after);
    }
    if (c->facts.sig_alg != NULL)
        json_add_string(j, "signature_algorithm", c->facts.sig_alg);
    if (c->parsed)
        put_names(j, c->facts.san);
    put_flags(j, "flags", flags);
    json_object_end(j);
}

static void put_path(struct json *j, const struct chain_path *path)
{
    static const char *const origins[] = {
        [CHAIN_SENT] = "sent", [CHAIN_STORE] = "store", [CHAIN_POOL] = "pool"};
    json_key(j, "path");
    json_array(j);
    for (size_t i = 0; i < path->num_links; i++) {
        json_object(j);
        json_add_string(j, "from", origins[path->links[i].origin]);
        if (path->links[i].origin == CHAIN_SENT)
            json_add_uint(j, "at", path->links[i].at);
        put_flags(j, "flags", path->links[i].flags);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_chain(struct json *j, const struct judged *judged)
{
    json_key(j, "chain");
    json_object(j);
    json_add_string(j, "outcome", chain_outcome_words(judged->verdict.outcome)->slug);
    put_flags(j, "flags", judged->verdict.flags);
    if (judged->verdict.fault_at >= 0) {
        json_key(j, "fault_at");
        json_int(j, judged->verdict.fault_at);
    }
    put_path(j, &judged->path);
    json_object_end(j);
    json_key(j, "certificates");
    json_array(j);
    for (size_t i = 0; i < judged->num_sent; i++)
        put_cert(j, &judged->sent[i], i < JUDGE_SENT_MAX ? judged->path.sent_flags[i] : 0);
    json_array_end(j);
}

static void put_match(struct json *j, const struct judged *judged)
{
    if (!judged->has_name)
        return;
    json_key(j, "name");
    json_object(j);
    json_add_octets(j, "asked", bytes_text(judged->name.host));
    json_add_string(j, "match", name_match_slug(judged->match));
    json_add_octets(j, "matched", judged->matched);
    json_object_end(j);
}

static void put_scts(struct json *j, const char *key, struct bytes list)
{
    if (list.len == 0)
        return;
    json_key(j, key);
    sct_json(j, list);
}

static void put_judgement(struct json *j, const struct view *v)
{
    const struct judged *judged = v->judged;
    json_key(j, "judgement");
    json_object(j);
    put_time(j, "time", judged->time_s);
    put_store(j, v);
    if (judged->num_sent > 0) {
        put_chain(j, judged);
        put_match(j, judged);
        json_key(j, "ocsp");
        ocsp_json(j, &judged->ocsp);
        put_scts(j, "scts_in_certificate", judged->sent[0].facts.sct_list);
        put_scts(j, "scts_in_staple", judged->ocsp.sct_list);
    }
    put_scts(j, "scts_in_tls", v->record->text[TEXT_SCT]);
    json_object_end(j);
}

/* ---- the verdict ---- */

static void put_finding(struct json *j, const struct finding *f)
{
    char slug[FINDING_SLUG_MAX];
    struct chain_words words = finding_words(f);
    finding_slug(slug, f);
    json_object(j);
    json_add_string(j, "slug", slug);
    json_add_string(j, "class", verdict_class_slug(finding_class(f)));
    json_add_string(j, "what", words.text);
    if (f->detail[0] != '\0')
        json_add_string(j, "detail", f->detail);
    json_add_string(j, "why", words.why);
    if (words.mend[0] != '\0')
        json_add_string(j, "mend", words.mend);
    json_object_end(j);
}

static void put_verdict(struct json *j, const struct findings *f)
{
    enum verdict_class class = findings_class(f);
    json_key(j, "verdict");
    json_object(j);
    json_add_string(j, "class", verdict_class_slug(class));
    json_add_string(j, "text", verdict_class_text(class));
    json_key(j, "exit_code");
    json_int(j, finding_exit_code(class));
    json_key(j, "findings");
    json_array(j);
    for (size_t i = 0; i < f->num; i++)
        put_finding(j, &f->list[i]);
    json_array_end(j);
    json_object_end(j);
}

void probe_json(struct json *j, const struct view *v)
{
    json_object(j);
    record_json_members(j, v->header, v->record, 0);
    put_judgement(j, v);
    put_verdict(j, v->findings);
    json_object_end(j);
    json_newline(j);
}

/* ---- PEM ---- */

void probe_pem(FILE *out, const struct view *v)
{
    for (size_t i = 0; i < v->judged->num_sent; i++) {
        const struct judged_cert *c = &v->judged->sent[i];
        char label[LABEL_MAX];
        snprintf(label, sizeof label, "%zu of %zu", i + 1, v->judged->num_sent);
        pem_cert(out, label, c->parsed ? &c->facts : NULL, c->der);
    }
}
