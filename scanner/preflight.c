#include "scanner/preflight.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/json.h"
#include "scanner/dns_answer.h"
#include "scanner/syns.h"
#include "scanner/units.h"

#define NS_PER_S UINT64_C(1000000000)

enum {
    FEW_PORTS = 1024,
    SESSION_OCTETS = 6144, /* the kernel's socket and our part, while it waits */
    TRACKED_S = 120        /* the kernel's default for SYN_SENT and TIME_WAIT */
};

struct findings {
    struct preflight_finding *out;
    size_t num, max;
};

static void __attribute__((format(printf, 4, 5)))
add(struct findings *list, const char *check, enum preflight_state state, const char *format, ...)
{
    if (list->num == list->max)
        return;
    struct preflight_finding *f = &list->out[list->num++];
    va_list args;
    f->check = check;
    f->state = state;
    f->mend[0] = '\0';
    va_start(args, format);
    vsnprintf(f->found, sizeof f->found, format, args);
    va_end(args);
}

/* how what was added last is mended */
static void __attribute__((format(printf, 2, 3)))
mend(struct findings *list, const char *format, ...)
{
    if (list->num == 0)
        return;
    struct preflight_finding *f = &list->out[list->num - 1];
    va_list args;
    va_start(args, format);
    vsnprintf(f->mend, sizeof f->mend, format, args);
    va_end(args);
}

/* ---- what the sweep will do ---- */

static uint64_t saturating_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t saturating_product(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* sessions at once, as far as descriptors go; 0: not known, or none */
static uint64_t in_flight(const struct preflight_facts *f, const struct preflight_plan *plan)
{
    uint64_t room = UINT64_MAX, limit = f->descriptors_hard.value;
    if (f->descriptors_hard.is_known)
        room = limit > plan->descriptors_beside ? limit - plan->descriptors_beside : 0;
    if (plan->in_flight == 0)
        return f->descriptors_hard.is_known ? room : 0;
    return plan->in_flight < room ? plan->in_flight : room;
}

/* starts in so many seconds, if all targets are silent: the rate, or as fast as sessions end */
static uint64_t starts_within(const struct preflight_facts *f, const struct preflight_plan *plan,
                              uint64_t seconds)
{
    uint64_t ns = saturating_product(seconds, NS_PER_S);
    uint64_t by_rate = plan->rate_step_ns != 0 ? ns / plan->rate_step_ns + 1 : UINT64_MAX;
    uint64_t rounds = plan->connect_timeout_ns != 0 ? ns / plan->connect_timeout_ns + 1 : 1;
    uint64_t by_ends = saturating_product(in_flight(f, plan), rounds);
    return by_rate < by_ends ? by_rate : by_ends;
}

/* ---- this host ---- */

static void judge_descriptors(struct findings *list, const struct preflight_facts *f,
                              const struct preflight_plan *plan)
{
    static const char check[] = "descriptors";
    uint64_t hard = f->descriptors_hard.value, num = in_flight(f, plan);
    uint64_t needed = saturating_sum(plan->in_flight, plan->descriptors_beside);
    if (!f->descriptors_hard.is_known) {
        add(list, check, PREFLIGHT_UNKNOWN, "the limit of open files cannot be read");
    } else if (num == 0) {
        add(list, check, PREFLIGHT_FAIL, "no more than %" PRIu64 " may be open: no session fits",
            hard);
        mend(list, "raise the hard limit (ulimit -Hn, or LimitNOFILE= of the service)");
    } else if (num < plan->in_flight) {
        add(list, check, PREFLIGHT_WARN,
            "%" PRIu64 " may be open, %" PRIu64 " are needed for %" PRIu64 " in flight: %" PRIu64
            " will be",
            hard, needed, plan->in_flight, num);
        mend(list,
             "raise the hard limit (ulimit -Hn, or LimitNOFILE= of the service), or ask for "
             "--in-flight %" PRIu64,
             num);
    } else {
        add(list, check, PREFLIGHT_OK, "%" PRIu64 " may be open: room for %" PRIu64 " in flight",
            hard, num);
    }
}

static void judge_ports(struct findings *list, const struct preflight_facts *f)
{
    static const char check[] = "local ports";
    if (!f->num_ports.is_known) {
        add(list, check, PREFLIGHT_UNKNOWN, "net.ipv4.ip_local_port_range cannot be read");
    } else if (f->num_ports.value == 0) {
        add(list, check, PREFLIGHT_FAIL, "none: all of the range is reserved");
        mend(list, "widen net.ipv4.ip_local_port_range, or reserve less");
    } else if (f->num_ports.value < FEW_PORTS) {
        add(list, check, PREFLIGHT_WARN,
            "%" PRIu64 ": no more connections from one source to one address and port",
            f->num_ports.value);
        mend(list, "widen net.ipv4.ip_local_port_range");
    } else {
        add(list, check, PREFLIGHT_OK,
            "%" PRIu64 ": connections to different addresses share them, so that they do not "
            "limit what is in flight",
            f->num_ports.value);
    }
}

/* What is tracked lingers: a target that stays silent for the time-out of SYN_SENT, one that
 * answers for that of TIME_WAIT. */
static void judge_tracking(struct findings *list, const struct preflight_facts *f,
                           const struct preflight_plan *plan)
{
    static const char check[] = "connection tracking";
    if (!f->tracked_max.is_known) {
        add(list, check, PREFLIGHT_OK,
            "none on this host; what is between it and the Internet "
            "(NAT, a firewall) may have some");
        return;
    }
    uint64_t syn_s = f->tracked_syn_s.is_known ? f->tracked_syn_s.value : TRACKED_S;
    uint64_t wait_s = f->tracked_wait_s.is_known ? f->tracked_wait_s.value : TRACKED_S;
    uint64_t lingering = starts_within(f, plan, syn_s > wait_s ? syn_s : wait_s);
    uint64_t needed = saturating_sum(in_flight(f, plan), lingering);
    uint64_t max = f->tracked_max.value, used = f->tracked.is_known ? f->tracked.value : 0;
    bool fits = used <= max && needed <= max - used;
    add(list, check, fits ? PREFLIGHT_OK : PREFLIGHT_WARN,
        "a table of %" PRIu64 ", %" PRIu64 " in use; the sweep may add %" PRIu64, max, used,
        needed);
    if (!fits)
        mend(list,
             "a full table drops packets, and targets look silent: raise "
             "net.netfilter.nf_conntrack_max, lower nf_conntrack_tcp_timeout_syn_sent, exempt port "
             "25 (notrack), or lower --rate");
}

static void judge_syns(struct findings *list, const struct preflight_facts *f,
                       const struct preflight_plan *plan)
{
    static const char check[] = "SYNs";
    char timeout[24];
    unsigned linear = f->syn_linear.value < SYNS_MAX ? (unsigned)f->syn_linear.value : SYNS_MAX;
    uint64_t end_ns = syns_timeout_ns(plan->connect_timeout_ns, plan->max_syns, linear);
    unsigned num = syns_within(end_ns, linear);
    unit_seconds(timeout, sizeof timeout, end_ns);
    if (num <= 1) {
        add(list, check, PREFLIGHT_WARN,
            "one to a target, within %s: if it is lost, the target is "
            "taken for silent",
            timeout);
        mend(list,
             "allow a second one, which leaves after 1 s: --connect-timeout 2s or more, and no "
             "limit of one SYN");
        return;
    }
    unit_seconds(timeout, sizeof timeout, syns_time_ns(num, linear));
    add(list, check, PREFLIGHT_OK, "up to %u to a target that is silent, the last after %s", num,
        timeout);
}

static void judge_memory(struct findings *list, const struct preflight_facts *f,
                         const struct preflight_plan *plan)
{
    uint64_t num = in_flight(f, plan), needed = saturating_product(num, SESSION_OCTETS);
    uint64_t available = f->memory_available.value;
    if (!f->memory_available.is_known) {
        add(list, "memory", PREFLIGHT_UNKNOWN, "what is available cannot be read");
    } else {
        bool fits = needed <= available / 2;
        add(list, "memory", fits ? PREFLIGHT_OK : PREFLIGHT_WARN,
            "%" PRIu64 " MB available; %" PRIu64 " in flight that wait take %" PRIu64 " MB",
            available / 1000000, num, needed / 1000000);
        if (!fits)
            mend(list, "lower --in-flight: sessions in TLS take more than those that wait");
    }
    if (!f->tcp_pages.is_known) {
        add(list, "memory of TCP", PREFLIGHT_UNKNOWN, "net.ipv4.tcp_mem cannot be read");
        return;
    }
    bool fits = num <= f->tcp_pages.value;
    add(list, "memory of TCP", fits ? PREFLIGHT_OK : PREFLIGHT_WARN,
        "the kernel begins to save at %" PRIu64 " pages; each session that talks takes one or two",
        f->tcp_pages.value);
    if (!fits)
        mend(list, "raise net.ipv4.tcp_mem, or lower --in-flight");
}

/* ---- addresses and names ---- */

static bool is_within(struct addr a, const char *prefix, unsigned v4_len, unsigned v6_len)
{
    struct addr first;
    return addr_parse(&first, prefix, strlen(prefix)) && addr_is_v4(first) == addr_is_v4(a) &&
           addr_cmp(addr_network(a, v4_len, v6_len), first) == 0;
}

static bool is_loopback(struct addr a)
{
    return is_within(a, "127.0.0.0", 8, 0) || is_within(a, "::1", 0, 128);
}

bool preflight_is_public(struct addr a)
{
    return !is_loopback(a) && !is_within(a, "10.0.0.0", 8, 0) &&
           !is_within(a, "172.16.0.0", 12, 0) && !is_within(a, "192.168.0.0", 16, 0) &&
           !is_within(a, "100.64.0.0", 10, 0) && !is_within(a, "169.254.0.0", 16, 0) &&
           !is_within(a, "fc00::", 0, 7) && !is_within(a, "fe80::", 0, 10);
}

static bool has_source(const struct preflight_facts *f)
{
    for (size_t i = 0; i < f->num_sources; i++)
        if (f->sources[i].error == 0)
            return true;
    return false;
}

static void judge_source(struct findings *list, const struct preflight_facts *f,
                         const struct preflight_source *s)
{
    char addr[ADDR_TEXT_MAX];
    addr_format(addr, s->addr);
    if (s->error == 0) {
        add(list, "source", PREFLIGHT_OK, "%s%s", addr, s->by_route ? ", by the route" : "");
    } else if (!s->by_route) {
        add(list, "source", PREFLIGHT_FAIL, "%s cannot be connected from: %s", addr,
            uv_strerror(uv_translate_sys_error(s->error)));
        mend(list, "name addresses of this host with --source-ip (\"ip address\" lists them)");
    } else {
        add(list, "source", has_source(f) ? PREFLIGHT_WARN : PREFLIGHT_FAIL,
            "there is no route to %s: %s", addr, uv_strerror(uv_translate_sys_error(s->error)));
        mend(list, "no target of that family can be visited from here: leave them out, or add a "
                   "route");
    }
}

static void judge_ptr(struct findings *list, const struct preflight_source *s, const char *addr)
{
    static const char check[] = "name of the source";
    const char *wanted = s->ehlo != NULL && dns_is_host(s->ehlo) ? s->ehlo : "a name of yours";
    if (s->ptr == RESOLVED_NO_ADDRESS) {
        add(list, check, PREFLIGHT_WARN,
            "%s has none (PTR): many servers refuse or slow down such clients", addr);
        mend(list, "have whoever assigned the address set its PTR to %s", wanted);
    } else if (s->ptr != RESOLVED_OK) {
        add(list, check, PREFLIGHT_UNKNOWN, "the PTR of %s could not be asked for: %s", addr,
            s->ptr_why);
        mend(list, "see to the DNS server, and ask again");
    } else if (s->ptr_unsure) {
        add(list, check, PREFLIGHT_UNKNOWN, "%s is %s, whose addresses could not be asked for",
            addr, s->ptr_name);
        mend(list, "see to the DNS server, and ask again");
    } else if (!s->ptr_leads_back) {
        add(list, check, PREFLIGHT_WARN,
            "%s is %s, which does not have that address: servers do not trust such a name", addr,
            s->ptr_name);
        mend(list, "give %s an address record for %s", s->ptr_name, addr);
    } else if (s->ehlo != NULL && !s->ptr_is_ehlo) {
        add(list, check, PREFLIGHT_WARN, "%s is %s, and says EHLO %s", addr, s->ptr_name, s->ehlo);
        mend(list, "use --ehlo-name %s, or have the PTR changed", s->ptr_name);
    } else {
        add(list, check, PREFLIGHT_OK, "%s is %s, and back", addr, s->ptr_name);
    }
}

static void judge_ehlo(struct findings *list, const struct preflight_source *s, const char *addr)
{
    static const char check[] = "EHLO name";
    switch (s->ehlo_as) {
    case RESOLVED_OK:
        if (s->ehlo_leads_here) {
            add(list, check, PREFLIGHT_OK, "%s is %s", s->ehlo, addr);
            return;
        }
        add(list, check, PREFLIGHT_WARN, "%s is not %s", s->ehlo, addr);
        break;
    case RESOLVED_NO_ADDRESS: add(list, check, PREFLIGHT_WARN, "%s has no address", s->ehlo); break;
    case RESOLVED_FAILURE:
    case RESOLVED_OURS:
        add(list, check, PREFLIGHT_UNKNOWN, "%s could not be asked for: %s", s->ehlo, s->ehlo_why);
        mend(list, "see to the DNS server, and ask again");
        return;
    }
    mend(list, "say a name of this host with --ehlo-name, one that has the address %s", addr);
}

static void judge_names(struct findings *list, const struct preflight_source *s)
{
    char addr[ADDR_TEXT_MAX];
    if (s->error != 0 || is_loopback(s->addr))
        return;
    addr_format(addr, s->addr);
    if (!s->names_asked) {
        add(list, "name of the source", PREFLIGHT_UNKNOWN,
            "%s is private: servers see another address, which is not known here", addr);
        mend(list, "see that the public address has a PTR, and that the EHLO name leads to it");
        return;
    }
    judge_ptr(list, s, addr);
    if (s->ehlo != NULL && s->ehlo_as != 0)
        judge_ehlo(list, s, addr);
}

static void judge_control(struct findings *list, const struct preflight_control *c)
{
    static const char check[] = "port 25";
    if (c->num_asked == 0) {
        add(list, check, PREFLIGHT_UNKNOWN, "whether it is open from here is not checked");
        mend(list, "name hosts that are known to answer, with --control");
    } else if (c->num_answered == 0) {
        add(list, check, PREFLIGHT_FAIL,
            "none of %u control targets answers: the sweep would show an empty Internet",
            c->num_asked);
        mend(list, "many networks block outgoing port 25: ask yours to open it, or sweep from "
                   "another");
    } else if (c->num_answered < c->num_asked) {
        add(list, check, PREFLIGHT_WARN, "open from here; %u of %u control targets do not answer",
            c->num_asked - c->num_answered, c->num_asked);
        mend(list, "name others with --control if those are gone");
    } else {
        add(list, check, PREFLIGHT_OK, "open from here: all of %u control targets answer",
            c->num_asked);
    }
}

size_t preflight_judge(struct preflight_finding *out, size_t max, const struct preflight_facts *f,
                       const struct preflight_plan *plan)
{
    struct findings list = {.out = out, .max = max};
    judge_control(&list, &plan->control);
    judge_descriptors(&list, f, plan);
    judge_ports(&list, f);
    judge_tracking(&list, f, plan);
    judge_syns(&list, f, plan);
    judge_memory(&list, f, plan);
    for (size_t i = 0; i < f->num_sources; i++) {
        judge_source(&list, f, &f->sources[i]);
        judge_names(&list, &f->sources[i]);
    }
    if (f->num_sources_left_out > 0)
        add(&list, "source", PREFLIGHT_UNKNOWN, "%zu more were not looked at",
            f->num_sources_left_out);
    return list.num;
}

/* ---- showing ---- */

static const char *state_text(enum preflight_state state)
{
    switch (state) {
    case PREFLIGHT_OK: return "ok";
    case PREFLIGHT_WARN: return "WARN";
    case PREFLIGHT_FAIL: return "FAIL";
    case PREFLIGHT_UNKNOWN: return "unknown";
    }
    return "?";
}

static void print_text(FILE *out, const char *lead, const char *text)
{
    char shown[2 * PREFLIGHT_TEXT_MAX];
    text_for_terminal(shown, sizeof shown, bytes_text(text));
    fprintf(out, "%s%s\n", lead, shown);
}

bool preflight_print(FILE *out, const struct preflight_finding *findings, size_t num)
{
    bool worthless = false;
    for (size_t i = 0; i < num; i++) {
        fprintf(out, "%-8s%-21s", state_text(findings[i].state), findings[i].check);
        print_text(out, "", findings[i].found);
        if (findings[i].mend[0] != '\0')
            print_text(out, "                             -> ", findings[i].mend);
        worthless = worthless || findings[i].state == PREFLIGHT_FAIL;
    }
    return worthless;
}
