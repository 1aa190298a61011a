/* fuzz_rules: a file of rules, a NUL, and texts parted by NULs: refused with words, or matched. */
#include <stdlib.h>

#include "tools/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool good)
{
    if (!good)
        abort();
}

static struct bytes take(struct bytes *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;
    struct bytes part = bytes_of(rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len);
    size_t used = end != NULL ? part.len + 1 : part.len;
    *rest = bytes_of(used > 0 ? rest->data + used : rest->data, rest->len - used);
    return part;
}

static void require_within(struct bytes part, const uint8_t *data, size_t len)
{
    require(part.len == 0 || (part.data >= data && part.data + part.len <= data + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes rest = bytes_of(data, len), file = take(&rest), texts[NUM_RULE_FIELDS];
    char err[RULES_ERR_MAX] = "";
    struct rules *r = NULL;
    struct rule_match m;
    for (size_t i = 0; i < NUM_RULE_FIELDS; i++)
        texts[i] = take(&rest);
    int rc = rules_parse(&r, err, file, "mta", "fuzz");
    require((rc == 0) == (err[0] == '\0') && (rc == 0) == (r != NULL));
    for (const char *c = err; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
    if (rc == 0 && rules_match(r, &m, texts)) {
        require(m.name < rules_num_names(r) && rules_name(r, m.name)[0] != '\0');
        require_within(m.version, data, len);
        for (size_t i = 0; i < m.version.len; i++)
            require(m.version.data[i] == '.' ||
                    (m.version.data[i] >= '0' && m.version.data[i] <= '9'));
    }
    rules_free(r);
    return 0;
}
