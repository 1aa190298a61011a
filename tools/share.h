/*
 * share: a part of a whole, rounded for people.
 *
 * Promise    what is not all is never 100 %, and what is not nothing never 0 %; "-" of nothing.
 */
#ifndef MXSWEEP_TOOLS_SHARE_H
#define MXSWEEP_TOOLS_SHARE_H

#include <stdint.h>

enum { SHARE_TEXT_MAX = 16 };

/* share_text writes per cent with two decimals: "62.50 %", "<0.01 %", ">99.99 %". */
const char *share_text(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of);

/* share_words the same with one decimal, for a sentence: "62.5 %", "<0.1 %"; all is "100 %",
 * nothing "0 %". */
const char *share_words(char out[SHARE_TEXT_MAX], uint64_t count, uint64_t of);

#endif
