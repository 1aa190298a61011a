#include "tools/mta_rules.h"

#include "tools/builtin.h"

static int open_rules(struct rules **out, char err[RULES_ERR_MAX], const char *path,
                      struct bytes builtin, const char *what)
{
    return path != NULL ? rules_load(out, err, path, what)
                        : rules_parse(out, err, builtin, what, "built-in rules");
}

int mta_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path)
{
    return open_rules(out, err, path, bytes_of(builtin_mta_rules, builtin_mta_rules_len), "mta");
}

int rejection_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path)
{
    return open_rules(out, err, path,
                      bytes_of(builtin_rejection_rules, builtin_rejection_rules_len), "rejection");
}

int certificate_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path)
{
    return open_rules(out, err, path,
                      bytes_of(builtin_certificate_rules, builtin_certificate_rules_len),
                      "certificate");
}
