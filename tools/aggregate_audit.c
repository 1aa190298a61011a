#include "tools/aggregate_private.h"

#include <openssl/bytestring.h>

#include "core/group_class.h"

/* ---- hellos ---- */

enum { EXT_SUPPORTED_GROUPS = 10 };

/* finds the extensions of a ClientHello, the handshake message itself */
static bool find_extensions(CBS *extensions, struct bytes hello)
{
    CBS in, body, skipped;
    uint8_t type;
    CBS_init(&in, hello.data, hello.len);
    return CBS_get_u8(&in, &type) && CBS_get_u24_length_prefixed(&in, &body) &&
           CBS_skip(&body, 2 + 32) && CBS_get_u8_length_prefixed(&body, &skipped) &&
           CBS_get_u16_length_prefixed(&body, &skipped) &&
           CBS_get_u8_length_prefixed(&body, &skipped) &&
           CBS_get_u16_length_prefixed(&body, extensions);
}

static bool has_hybrid(CBS groups)
{
    uint16_t group;
    CBS list;
    if (!CBS_get_u16_length_prefixed(&groups, &list))
        return false;
    while (CBS_get_u16(&list, &group))
        if (group_class(group) & GROUP_PQ)
            return true;
    return false;
}

static bool offers_hybrid(struct bytes hello)
{
    CBS extensions, content;
    uint16_t type;
    if (!find_extensions(&extensions, hello))
        return false;
    while (CBS_get_u16(&extensions, &type) && CBS_get_u16_length_prefixed(&extensions, &content))
        if (type == EXT_SUPPORTED_GROUPS && has_hybrid(content))
            return true;
    return false;
}

void audits_begin(struct adding *add)
{
    uint64_t *found = &add->a->scratch->pq_hellos;
    *found = 0;
    for (size_t i = 0; i < add->header->num_hellos && i < 64; i++)
        if (offers_hybrid(add->header->hellos[i].body))
            *found |= UINT64_C(1) << i;
}

/* ---- findings ---- */

static bool decode(struct adding *add, uint32_t text_id)
{
    return text_id != UINT32_MAX &&
           audit_decode(&add->a->scratch->audit, block_text(add->block, text_id));
}

static enum tri any_hybrid(const struct audit *a)
{
    enum tri any = (enum tri)a->hybrid[0];
    for (size_t i = 1; i < NUM_AUDIT_HYBRIDS; i++) {
        enum tri one = (enum tri)a->hybrid[i];
        any = any == TRI_YES || one == TRI_YES           ? TRI_YES
              : any == TRI_UNKNOWN || one == TRI_UNKNOWN ? TRI_UNKNOWN
                                                         : TRI_NO;
    }
    return any;
}

enum tri audited_hybrid(struct adding *add, const struct visit *v)
{
    return decode(add, v->r->text_id[TEXT_AUDIT]) ? any_hybrid(&add->a->scratch->audit)
                                                  : TRI_UNKNOWN;
}

static void add_fact(struct aggregate *a, unsigned fact, unsigned tri, uint64_t count)
{
    tally_add(&a->tally[TALLY_AUDIT], (uint64_t)fact << 2 | tri, count);
}

static void add_facts(struct aggregate *a, const struct audit *f, uint64_t count)
{
    const uint8_t single[] = {
        [AUDIT_FACT_FALLBACK] = f->fallback,      [AUDIT_FACT_COMPRESSION] = f->compression,
        [AUDIT_FACT_LARGE] = f->large_intolerant, [AUDIT_FACT_RESUMED] = f->resumed,
        [AUDIT_FACT_OTHER_LEAF] = f->other_leaf,  [AUDIT_FACT_NAME_REFUSED] = f->name_refused,
    };
    for (unsigned i = 0; i < sizeof single / sizeof single[0]; i++)
        add_fact(a, i, single[i], count);
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++)
        add_fact(a, AUDIT_FACT_VERSION + i, f->version[i], count);
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++)
        add_fact(a, AUDIT_FACT_CLASS + i, f->class[i].accepted, count);
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        add_fact(a, AUDIT_FACT_HYBRID + i, f->hybrid[i], count);
}

static void add_versions(struct aggregate *a, const struct audit *f, uint64_t count)
{
    uint64_t taken = 0;
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++) {
        if (f->version[i] == TRI_UNKNOWN)
            return;
        taken |= f->version[i] == TRI_YES ? UINT64_C(1) << i : 0;
    }
    a->num_versions_known += count;
    tally_add(&a->tally[TALLY_AUDIT_VERSIONS], taken, count);
}

/* each value of the lists once, whatever versions it is taken with */
static void add_lists(struct tally *t, const struct audit_list *lists, size_t num, uint64_t count)
{
    for (size_t i = 0; i < num; i++)
        for (size_t k = 0; k < lists[i].num; k++) {
            bool seen = false;
            for (size_t m = 0; m < i && !seen; m++)
                for (size_t n = 0; n < lists[m].num && !seen; n++)
                    seen = lists[m].value[n] == lists[i].value[k];
            if (!seen)
                tally_add(t, lists[i].value[k], count);
        }
}

static bool all_complete(const struct audit_list *lists, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (!lists[i].complete)
            return false;
    return true;
}

static void add_findings(struct aggregate *a, const struct audit *f, uint64_t count)
{
    add_facts(a, f, count);
    add_versions(a, f, count);
    if ((f->finished & AUDIT_BIT_SUITES) && all_complete(f->suites, f->num_suites)) {
        a->num_suites_known += count;
        add_lists(&a->tally[TALLY_AUDIT_SUITES], f->suites, f->num_suites, count);
    }
    if ((f->finished & AUDIT_BIT_GROUPS) && all_complete(f->groups, f->num_groups)) {
        a->num_groups_known += count;
        add_lists(&a->tally[TALLY_AUDIT_GROUPS], f->groups, f->num_groups, count);
    }
    a->num_dh_known += f->class[AUDIT_CLASS_DHE].accepted == TRI_UNKNOWN ? 0 : count;
    for (size_t i = 0; f->class[AUDIT_CLASS_DHE].accepted != TRI_UNKNOWN && i < f->num_dh; i++)
        tally_add(&a->tally[TALLY_AUDIT_DH], (uint64_t)f->dh[i].bits << 8 | f->dh[i].prime, count);
}

void audits_end(struct adding *add)
{
    struct aggregate *a = add->a;
    size_t num = block_num_texts(add->block);
    for (size_t i = 0; i < num; i++) {
        uint64_t count = a->scratch->texts[i].audited;
        if (count > 0 && decode(add, (uint32_t)i))
            add_findings(a, &a->scratch->audit, count);
        else
            add_fact(a, NUM_AUDIT_FACTS, TRI_UNKNOWN, count); /* cannot be read */
    }
}
