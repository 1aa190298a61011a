#include "scanner/resolver_servers.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "core/json.h"

enum { PORT_DNS = 53, ITEM_SHOWN_MAX = 80 };

static bool parse_port(uint16_t *out, const char *text, size_t len)
{
    unsigned value = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value == 0 || value > UINT16_MAX)
        return false;
    *out = (uint16_t)value;
    return true;
}

static bool parse_bracketed(struct resolver_server *out, const char *text, size_t len)
{
    const char *end = memchr(text, ']', len);
    if (end == NULL || !addr_parse(&out->addr, text + 1, (size_t)(end - text) - 1))
        return false;
    size_t rest = len - (size_t)(end - text) - 1;
    return rest == 0 || (end[1] == ':' && parse_port(&out->port, end + 2, rest - 1));
}

static bool parse_server(struct resolver_server *out, const char *text, size_t len)
{
    out->port = PORT_DNS;
    if (len > 0 && text[0] == '[')
        return parse_bracketed(out, text, len);
    if (addr_parse(&out->addr, text, len))
        return true;
    const char *colon = memchr(text, ':', len);
    if (colon == NULL)
        return false;
    size_t host_len = (size_t)(colon - text);
    return addr_parse(&out->addr, text, host_len) &&
           parse_port(&out->port, colon + 1, len - host_len - 1);
}

int resolver_servers_parse(struct resolver_server out[RESOLVER_SERVERS_MAX], char *err,
                           size_t err_len, const char *text)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    char shown[ITEM_SHOWN_MAX];
    int num = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        if (num == RESOLVER_SERVERS_MAX) {
            snprintf(err, err_len, "more than %d DNS servers; name fewer", RESOLVER_SERVERS_MAX);
            return UV_EINVAL;
        }
        if (!parse_server(&servers[num], at, len)) {
            text_for_terminal(shown, sizeof shown, bytes_of(at, len));
            snprintf(err, err_len,
                     "\"%s\" is no DNS server; write ADDR, ADDR:PORT or [ADDR]:PORT, with commas "
                     "between several",
                     shown);
            return UV_EINVAL;
        }
        num++;
        at += len;
        if (*at == '\0')
            break;
    }
    memcpy(out, servers, (size_t)num * sizeof out[0]);
    return num;
}

int resolver_servers_use(ares_channel channel, char *err, size_t err_len, const char *text)
{
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    struct ares_addr_port_node nodes[RESOLVER_SERVERS_MAX];
    int num = resolver_servers_parse(servers, err, err_len, text);
    if (num < 0)
        return num;
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < num; i++) {
        nodes[i].next = i + 1 < num ? &nodes[i + 1] : NULL;
        nodes[i].family = addr_is_v4(servers[i].addr) ? AF_INET : AF_INET6;
        nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
        addr_to_bytes((uint8_t *)&nodes[i].addr, servers[i].addr);
    }
    if (ares_set_servers_ports(channel, nodes) == ARES_SUCCESS)
        return 0;
    snprintf(err, err_len, "no memory for the DNS servers");
    return UV_ENOMEM;
}
