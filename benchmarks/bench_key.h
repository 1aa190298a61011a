/*
 * bench_key: keys for the certificates of benchmarks.
 *
 * Ownership  the caller's, to be freed.
 * Errors     end the program (bench.h).
 */
#ifndef MXSWEEP_BENCHMARKS_BENCH_KEY_H
#define MXSWEEP_BENCHMARKS_BENCH_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>

/* bench_key_new makes a key of RSA-2048 or P-256. */
EVP_PKEY *bench_key_new(bool is_rsa);

#endif
