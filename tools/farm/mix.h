/*
 * mix: what the farm's choices by seed and address are drawn with.
 *
 * Promise    the same on every machine, for ever: who lives where depends on it. Not cryptography.
 */
#ifndef MXSWEEP_TOOLS_FARM_MIX_H
#define MXSWEEP_TOOLS_FARM_MIX_H

#include <stdint.h>

/* mix is the finisher of splitmix64: every bit of x reaches every bit of the result. */
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
