/*
 * keys: the RSA keys of the farm's authorities and servers, fixed so that signatures are.
 *
 * Ownership  constants.
 */
#ifndef MXSWEEP_TOOLS_FARM_KEYS_H
#define MXSWEEP_TOOLS_FARM_KEYS_H

enum farm_key {
    FARM_KEY_ROOT,
    FARM_KEY_CA1,
    FARM_KEY_CA2,
    FARM_KEY_CA3,
    FARM_KEY_LEAF_A,
    FARM_KEY_LEAF_B,
    FARM_KEY_LEAF_4096,
    NUM_FARM_KEYS
};

/* farm_key_base64 returns the RSAPrivateKey (RFC 8017, A.1.2) in base64, NUL-terminated. */
const char *farm_key_base64(enum farm_key key);

#endif
