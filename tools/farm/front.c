#include "tools/farm/front.h"

#include "core/outcome.h"
#include "tools/farm/units.h"

/* what is behind decides what a scanner records: stage and cause say nothing */
static const struct behaviour front_row = {
    .name = "front",
    .text = "speaks SMTP for the server behind it",
    .stage = STAGE_DONE,
    .cause = CAUSE_OK,
    .code = 250,
};

const struct behaviour *front_behaviour(void)
{
    return &front_row;
}

static bool parse_host(struct front *out, const char *text)
{
    const char *colon = strrchr(text, ':'), *rest;
    uint64_t port;
    if (colon == NULL || !unit_number(&port, &rest, colon + 1) || *rest != '\0' || port == 0 ||
        port > 65535)
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (!addr_parse(&out->host, bracketed ? text + 1 : text, bracketed ? len - 2 : len) ||
        bracketed == addr_is_v4(out->host))
        return false;
    out->port = (uint16_t)port;
    return true;
}

bool front_parse(struct front *out, const char *text)
{
    struct front front;
    const char *equals = strchr(text, '=');
    if (equals == NULL || !addr_parse(&front.addr, text, (size_t)(equals - text)) ||
        !parse_host(&front, equals + 1))
        return false;
    *out = front;
    return true;
}

const struct front *front_find(const struct fronts *fronts, struct addr a)
{
    for (size_t i = 0; i < fronts->num; i++)
        if (addr_cmp(fronts->items[i].addr, a) == 0)
            return &fronts->items[i];
    return NULL;
}
