#include "core/record.h"

void record_init(struct record *r)
{
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        r->timing_us[i] = TIMING_ABSENT;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        r->text_id[i] = UINT32_MAX;
    r->chain_id = UINT32_MAX;
    r->shape_id = UINT32_MAX;
}

bool record_has_addr(const struct record *r)
{
    return cause_has_addr(r->cause);
}

/* the text of the reply that decided an outcome of this stage */
static const struct bytes *deciding_text(const struct record *r)
{
    switch ((enum stage)r->stage) {
    case STAGE_GREETING:  return &r->text[TEXT_GREETING];
    case STAGE_EHLO:      return &r->text[TEXT_EHLO];
    case STAGE_STARTTLS:
        return &r->text[r->text[TEXT_STARTTLS].len > 0 ? TEXT_STARTTLS : TEXT_EHLO];
    case STAGE_HANDSHAKE: return &r->text[TEXT_STARTTLS];
    case STAGE_EHLO_TLS:
    case STAGE_DONE:      return &r->text[TEXT_EHLO_TLS];
    case STAGE_NONE:
    case STAGE_CONNECT:
    case NUM_STAGES:      break;
    }
    return NULL;
}

/* takes 1 to max digits; returns how many */
static size_t digits(const uint8_t *at, size_t len, size_t max)
{
    size_t n = 0;
    while (n < len && n < max && at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

bool record_enhanced_code(char out[12], const struct record *r)
{
    const struct bytes *t = deciding_text(r);
    if (t == NULL || t->len < 9)   /* "250 2.0.0" */
        return false;
    const uint8_t *at = t->data + 4;
    size_t left = t->len - 4;
    if (at[0] != '2' && at[0] != '4' && at[0] != '5')
        return false;
    size_t len = 1;
    for (int part = 0; part < 2; part++) {   /* RFC 3463: class "." 1*3 digits "." 1*3 digits */
        if (len >= left || at[len] != '.')
            return false;
        size_t n = digits(at + len + 1, left - len - 1, 3);
        if (n == 0)
            return false;
        len += 1 + n;
    }
    if (len < left && at[len] != ' ' && at[len] != '\r' && at[len] != '\n')
        return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}
