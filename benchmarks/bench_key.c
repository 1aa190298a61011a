#include "benchmarks/bench_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "benchmarks/bench.h"

EVP_PKEY *bench_key_new(bool is_rsa)
{
    EVP_PKEY *key = EVP_PKEY_new();
    if (is_rsa) {
        BIGNUM *e = BN_new();
        RSA *rsa = RSA_new();
        if (!BN_set_word(e, RSA_F4) || !RSA_generate_key_ex(rsa, 2048, e, NULL) ||
            !EVP_PKEY_assign_RSA(key, rsa))
            bench_die("making an RSA key");
        BN_free(e);
        return key;
    }
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    if (!EC_KEY_generate_key(ec) || !EVP_PKEY_assign_EC_KEY(key, ec))
        bench_die("making an EC key");
    return key;
}
