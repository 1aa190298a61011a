/* fuzz_where: a filter: refused with words and a caret within it, or evaluated over two records. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool good)
{
    if (!good)
        abort();
}

static void evaluate(const struct where *w)
{
    struct dataset_header header = {.start_us = 1};
    struct record r;
    record_init(&r);
    struct where_row row = {.header = &header, .record = &r};
    require(where_eval(w, &row) <= ANSWER_YES);
    r.stage = STAGE_DONE;
    r.cause = CAUSE_OK;
    r.text[TEXT_GREETING] = bytes_text("220 mx.example.com ESMTP Postfix\r\n");
    r.host = bytes_text("mx.example.com");
    r.has_tls = r.handshake_done = true;
    r.version = 0x0304;
    r.suite = r.group = r.sigscheme = 0x7777;
    r.timing_us[TIMING_TOTAL] = 1000;
    row.country = bytes_text("DE");
    row.as_number = 64496;
    require(where_eval(w, &row) <= ANSWER_YES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char err[WHERE_ERR_MAX] = "";
    struct where *w = NULL;
    char *text = malloc(len + 1);
    size_t at = 0;
    require(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    int rc = where_parse(&w, err, text);
    require((rc == 0) == (err[0] == '\0') && (rc == 0) == (w != NULL));
    for (const char *c = err; *c != '\0'; c++)
        require((*c >= 0x20 && *c < 0x7f) || *c == '\n');
    if (rc == 0)
        evaluate(w);
    else
        require(sscanf(err, "--where, character %zu:", &at) == 1 && at >= 1 && at <= len + 1);
    where_free(w);
    free(text);
    return 0;
}
