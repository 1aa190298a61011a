/*
 * builtin: the data files of tools/data, as they were when the program was built.
 *
 * Private to whoever reads them; cmake/Embed.cmake writes the arrays.
 */
#ifndef MXSWEEP_TOOLS_BUILTIN_H
#define MXSWEEP_TOOLS_BUILTIN_H

#include <stddef.h>

extern const unsigned char builtin_mta_rules[], builtin_rejection_rules[],
    builtin_certificate_rules[];
extern const size_t builtin_mta_rules_len, builtin_rejection_rules_len,
    builtin_certificate_rules_len;

extern const unsigned char builtin_world[];
extern const size_t builtin_world_len;

extern const unsigned char builtin_page_css[], builtin_paper_css[];
extern const size_t builtin_page_css_len, builtin_paper_css_len;

#endif
