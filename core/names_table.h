/*
 * names_table: a sorted table of code points and their names, and the search in it.
 *
 * Private to the tables of names.h.
 */
#ifndef MXSWEEP_CORE_NAMES_TABLE_H
#define MXSWEEP_CORE_NAMES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_name {
    uint16_t code;
    const char *name;
};

/* code_name_find returns the name of code in a table that ascends strictly, or NULL. */
static inline const char *code_name_find(const struct code_name *table, size_t num, uint16_t code)
{
    size_t low = 0;
    while (num > 0) {
        size_t half = num / 2;
        if (table[low + half].code == code)
            return table[low + half].name;
        if (table[low + half].code < code) {
            low += half + 1;
            num -= half + 1;
        } else {
            num = half;
        }
    }
    return NULL;
}

/* code_name_at gives the i-th code point of a table; false past its end. */
static inline bool code_name_at(uint16_t *code, const struct code_name *table, size_t num, size_t i)
{
    if (i >= num)
        return false;
    *code = table[i].code;
    return true;
}

#endif
