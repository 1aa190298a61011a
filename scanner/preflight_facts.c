#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scanner/preflight.h"

enum { PORT_SMTP = 25, PATH_MAX_LEN = 512, FILE_MAX_LEN = 8192, PORTS = 65536 };

/* ---- /proc ---- */

/* the text of a file of the kernel's, cut if it is long; "" if there is none */
static void read_text(char out[FILE_MAX_LEN], const char *proc, const char *name)
{
    char path[PATH_MAX_LEN];
    out[0] = '\0';
    snprintf(path, sizeof path, "%s/%s", proc != NULL ? proc : "/proc", name);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return;
    size_t len = fread(out, 1, FILE_MAX_LEN - 1, f);
    out[len] = '\0';
    fclose(f);
}

/* the number at *at, which moves behind it */
static struct preflight_number take_number(const char **at)
{
    char *end;
    *at += strspn(*at, " \t\n");
    if (**at < '0' || **at > '9')
        return (struct preflight_number){.is_known = false};
    errno = 0;
    unsigned long long value = strtoull(*at, &end, 10);
    *at = end;
    return (struct preflight_number){.is_known = errno == 0, .value = value};
}

/* the number-th number of a file, from 0 */
static struct preflight_number read_number(const char *proc, const char *name, unsigned number)
{
    char text[FILE_MAX_LEN];
    const char *at = text;
    read_text(text, proc, name);
    struct preflight_number n = take_number(&at);
    while (number-- > 0)
        n = take_number(&at);
    return n;
}

static struct preflight_number read_memory(const char *proc)
{
    static const char key[] = "MemAvailable:";
    char text[FILE_MAX_LEN];
    read_text(text, proc, "meminfo");
    const char *at = strstr(text, key);
    struct preflight_number n = {.is_known = false};
    if (at != NULL) {
        at += sizeof key - 1;
        n = take_number(&at);
        n.value *= 1024; /* "kB" there are KiB */
    }
    return n;
}

/* how many of a list such as "1000-1010,2000" lie in [first, last] */
static uint64_t count_reserved(const char *list, uint64_t first, uint64_t last)
{
    uint64_t count = 0;
    for (const char *at = list; *at != '\0';) {
        struct preflight_number from = take_number(&at), to = from;
        if (*at == '-') {
            at++;
            to = take_number(&at);
        }
        uint64_t low = from.value > first ? from.value : first;
        uint64_t high = to.value < last ? to.value : last;
        if (from.is_known && to.is_known && low <= high)
            count += high - low + 1;
        at += strcspn(at, ",");
        at += *at == ',' ? 1 : 0;
    }
    return count;
}

static struct preflight_number read_ports(const char *proc)
{
    static const char range[] = "sys/net/ipv4/ip_local_port_range";
    char reserved[FILE_MAX_LEN];
    struct preflight_number first = read_number(proc, range, 0), last = read_number(proc, range, 1);
    struct preflight_number n = {.is_known = first.is_known && last.is_known &&
                                             first.value <= last.value && last.value < PORTS};
    if (!n.is_known)
        return n;
    read_text(reserved, proc, "sys/net/ipv4/ip_local_reserved_ports");
    uint64_t num = last.value - first.value + 1;
    uint64_t num_reserved = count_reserved(reserved, first.value, last.value);
    n.value = num > num_reserved ? num - num_reserved : 0;
    return n;
}

static void read_descriptors(struct preflight_facts *f)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    f->descriptors_soft = (struct preflight_number){true, limit.rlim_cur};
    f->descriptors_hard = (struct preflight_number){true, limit.rlim_max};
}

/* ---- addresses ---- */

union any_addr {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill_addr(union any_addr *out, struct addr a, uint16_t port)
{
    memset(out, 0, sizeof *out);
    if (addr_is_v4(a)) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        out->v4.sin_addr.s_addr = htonl((uint32_t)a.lo);
        return sizeof out->v4;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    addr_to_bytes(out->v6.sin6_addr.s6_addr, a);
    return sizeof out->v6;
}

static struct addr addr_in(const union any_addr *any)
{
    struct addr a = {0, 0};
    if (any->sa.sa_family == AF_INET)
        addr_from_bytes(&a, (const uint8_t *)&any->v4.sin_addr, 4);
    else
        addr_from_bytes(&a, any->v6.sin6_addr.s6_addr, 16);
    return a;
}

/* errno of binding to a, 0 if it can be */
static int try_bind(struct addr a)
{
    union any_addr any;
    socklen_t len = fill_addr(&any, a, 0);
    int fd = socket(any.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = bind(fd, &any.sa, len) == 0 ? 0 : errno;
    close(fd);
    return error;
}

/* the source that the route to a gives: a UDP socket is connected, which sends nothing */
static int find_source(struct addr *out, struct addr a)
{
    union any_addr any;
    socklen_t len = fill_addr(&any, a, PORT_SMTP), own_len = sizeof any;
    int fd = socket(any.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = 0;
    if (connect(fd, &any.sa, len) != 0 || getsockname(fd, &any.sa, &own_len) != 0)
        error = errno;
    close(fd);
    if (error == 0)
        *out = addr_in(&any);
    return error;
}

static void list_given(struct preflight_facts *f, const struct preflight_plan *plan)
{
    for (size_t i = 0; i < plan->num_sources; i++) {
        if (f->num_sources == PREFLIGHT_SOURCES_MAX) {
            f->num_sources_left_out++;
            continue;
        }
        const char *ehlo = NULL;
        if (plan->num_ehlo_names > 0)
            ehlo = plan->ehlo_names[i < plan->num_ehlo_names ? i : 0];
        f->sources[f->num_sources++] = (struct preflight_source){
            .addr = plan->sources[i], .ehlo = ehlo, .error = try_bind(plan->sources[i])};
    }
}

static void list_by_route(struct preflight_facts *f, const struct preflight_plan *plan)
{
    for (size_t i = 0; i < plan->num_reach; i++) {
        struct preflight_source *s = &f->sources[f->num_sources++];
        *s = (struct preflight_source){
            .addr = plan->reach[i],
            .ehlo = plan->num_ehlo_names > 0 ? plan->ehlo_names[0] : NULL,
            .by_route = true,
        };
        s->error = find_source(&s->addr, plan->reach[i]);
    }
}

int preflight_gather(struct preflight_facts *out, const struct preflight_plan *plan)
{
    const char *proc = plan->proc;
    memset(out, 0, sizeof *out);
    read_descriptors(out);
    out->num_ports = read_ports(proc);
    out->tracked_max = read_number(proc, "sys/net/netfilter/nf_conntrack_max", 0);
    out->tracked = read_number(proc, "sys/net/netfilter/nf_conntrack_count", 0);
    out->tracked_syn_s =
        read_number(proc, "sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent", 0);
    out->tracked_wait_s =
        read_number(proc, "sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait", 0);
    out->syn_linear = read_number(proc, "sys/net/ipv4/tcp_syn_linear_timeouts", 0);
    out->memory_available = read_memory(proc);
    out->tcp_pages = read_number(proc, "sys/net/ipv4/tcp_mem", 1);
    if (plan->num_sources > 0)
        list_given(out, plan);
    else
        list_by_route(out, plan);

    uv_loop_t loop;
    int rc = uv_loop_init(&loop);
    if (rc != 0)
        return rc;
    rc = preflight_names(out->sources, out->num_sources, &loop, plan);
    while (uv_loop_close(&loop) == UV_EBUSY)
        uv_run(&loop, UV_RUN_DEFAULT);
    return rc;
}
