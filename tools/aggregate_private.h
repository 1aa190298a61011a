/*
 * aggregate_private: one block being added, and one target of it.
 *
 * Private to aggregate*.c: aggregate.c goes through blocks, _texts.c resolves their tables,
 * _shapes.c counts what follows from a shape alone, _smtp.c a session up to STARTTLS, _tls.c what
 * is behind it, _certs.c chains and names.
 */
#ifndef MXSWEEP_TOOLS_AGGREGATE_PRIVATE_H
#define MXSWEEP_TOOLS_AGGREGATE_PRIVATE_H

#include "tools/aggregate.h"

/* what a block's tables say, resolved when a record first asks; what it is depends on what the text
 * was said for */
enum text_role {
    ROLE_CODE = 1,
    ROLE_GREETING = 2,
    ROLE_EHLO = 4,
    ROLE_REFUSAL = 8,
    ROLE_NAME = 16,
    ROLE_TEMPLATE = 32
};

struct text_facts {
    uint8_t read; /* enum text_role: what is resolved */
    uint8_t greeting_name;
    uint16_t code;
    uint32_t enhanced, refusal, anomalies;
    uint32_t class;            /* of a reply to EHLO; EHLO_NONE: code is not 250 */
    uint64_t domain;           /* hash */
    uint64_t greeting;         /* cluster_greeting() of the template */
    struct name_question name; /* by which the server calls itself in the first line */
    uint64_t audited;          /* targets with these findings of an audit */
};

struct chain_facts {
    uint32_t leaf;  /* of the certificate table; CERT_NONE: none */
    uint32_t chain; /* of the chain table; CHAIN_NONE_KNOWN: not in the catalog */
    uint32_t length, octets;
    uint32_t first_span; /* of its judgement */
};

enum { SHAPE_CELLS_MAX = 7 };

/* what follows from a shape alone: counted once for all targets of a block that have it */
struct shape_facts {
    uint64_t targets;
    uint32_t sets; /* 1 << enum funnel */
    uint16_t tls_known, tls_flags;
    uint8_t num_cells;               /* at least one, once it is read */
    uint64_t cells[SHAPE_CELLS_MAX]; /* enum aggregate_tally << CELL_BITS | key */
};

struct block_scratch {
    struct text_facts *texts;
    struct chain_facts *chains;
    struct shape_facts *shapes;
    size_t texts_cap, chains_cap, shapes_cap;
    uint32_t named; /* the text whose first word was read last: a server says its name twice */
    struct bytes named_word; /* empty: none */
    struct rules_memo *mta;  /* NULL: none, which is only slower */
    uint64_t pq_hellos;      /* bit i: hello i of the header offers a hybrid group */
    struct audit audit;
};

struct adding {
    struct aggregate *a;
    const struct dataset_header *header;
    const struct block *block;
    unsigned needs; /* enum need */
};

enum { CELLS_MAX = 96 }; /* of a target: at most one for each grouped tally and anomaly, fewer */

/* what is asked of a target more than once */
struct visit {
    const struct record *r;
    const struct joined *joined;
    uint64_t weight;
    int64_t start_s;
    uint16_t greeting_code, ehlo_code;
    uint32_t ehlo_class; /* of E; else EHLO_NONE */
    uint32_t mta;        /* as TALLY_MTA has it */
    uint64_t domain;     /* as TALLY_DOMAIN has it */
    enum answer offered;
    bool replied; /* R */
    struct name_question names[NUM_IDENTITIES];
    uint64_t trusted; /* as TALLY_TRUSTED_S has it */
    bool grouped;
    uint32_t sets; /* 1 << enum funnel */
    uint64_t cells[CELLS_MAX];
    size_t num_cells;
};

/* also for the target's groups, where the tally is kept of them */
static inline void count(struct adding *add, struct visit *v, enum aggregate_tally which,
                         uint64_t key)
{
    tally_add(&add->a->tally[which], key, v->weight);
    if (v->grouped && aggregate_is_grouped(which) && v->num_cells < CELLS_MAX)
        v->cells[v->num_cells++] = (uint64_t)which << CELL_BITS | key;
}

static inline void enter(struct adding *add, struct visit *v, enum funnel set)
{
    add->a->funnel[set] += v->weight;
    v->sets |= 1U << set;
}

/* a phase is over when its reply, whatever it said, was whole */
static inline bool phase_over(const struct record *r, enum stage stage, enum timing timing)
{
    return r->stage > stage || r->timing_us[timing] != TIMING_ABSENT;
}

/* the tables of a block begin anew; false: no memory */
bool tables_clear(struct block_scratch *s, const struct block *block);

/* shapes_enter counts a target to its shape: sets and cells that follow from it are the visit's.
 * shapes_end adds what the block's shapes say. */
void shapes_enter(struct adding *add, struct visit *v);
void shapes_end(struct adding *add);

/* texts; NULL: there is none */
struct text_facts *text_of(struct adding *add, uint32_t id);
uint16_t code_of(struct adding *add, uint32_t text_id);
const struct text_facts *greeting_of(struct adding *add, uint32_t text_id);
const struct text_facts *ehlo_of(struct adding *add, uint32_t text_id);
const struct text_facts *template_of(struct adding *add, uint32_t text_id);
const struct text_facts *refusal_of(struct adding *add, uint32_t text_id);
const struct name_question *name_of(struct adding *add, uint32_t text_id);
void resolve_chains(struct adding *add);
/* chain_near brings near what a record with that chain will look at: first 0, a while later 1 */
void chain_near(struct adding *add, uint32_t chain_id, unsigned near);
const struct chain_facts *chain_of(struct adding *add, const struct record *r);

/* words: what a text says */
struct bytes first_word(struct bytes reply);
enum greeting_name classify_name(uint64_t *domain, const struct name_ref *ref);
uint32_t enhanced_of(struct bytes reply);
enum not_smtp not_smtp_of(const struct record *r, bool greeted);

void add_greeted(struct adding *add, struct visit *v); /* of G */
void add_tls(struct adding *add, struct visit *v);     /* of R */
void add_certs(struct adding *add, struct visit *v);   /* of R */

/* groups_count adds what was counted of a target to its groups, and its timings */
void groups_count(struct adding *add, const struct visit *v);
int groups_counts_new(struct aggregate *a);
void groups_counts_free(struct aggregate *a);
/* ehlo_renumber puts the numbers that another part's classes have here into a key of a tally of
 * replies to EHLO; false: it is none of those. */
bool ehlo_renumber(uint64_t *key, uint64_t which, const uint32_t *classes);
void groups_counts_merge(struct aggregate *into, const struct aggregate *from,
                         const uint32_t *classes); /* into's number of from's replies to EHLO */

/* tables that grow with networks and domains: those that have no room go to the overflow */
int tables_bound(struct aggregate *a);
int tables_merge(struct aggregate *into, const struct aggregate *from);

void audits_begin(struct adding *add);
enum tri audited_hybrid(struct adding *add, const struct visit *v);
void audits_end(struct adding *add); /* adds what the block's audits found, each text once */

#endif
