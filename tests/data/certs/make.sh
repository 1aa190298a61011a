#!/bin/sh
# Makes the certificates of this folder with the openssl command line, and facts.inc from what
# `openssl x509` says of them. Keys are new each time and thrown away. Needs OpenSSL 3, GNU date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
touch index.txt
cat >ca.cnf <<'EOF'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
serial = serial
policy = policy
default_md = sha256
unique_subject = no
email_in_dn = yes
preserve = yes
[policy]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
emailAddress = optional
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
EOF

# key NAME GENPKEY-OPTIONS...
key() {
    name=$1; shift
    openssl genpkey "$@" -out "$name.key" 2>/dev/null
}

# cert NAME KEY SUBJECT START END EXTENSIONS [SIGNER [CA-OPTIONS...]]: SIGNER "self" signs with KEY
cert() {
    name=$1 key=$2 subject=$3 start=$4 end=$5 extensions=$6 signer=${7:-ca}
    shift 6; [ $# -eq 0 ] || shift
    openssl req -new -utf8 -config ca.cnf -key "$key.key" -subj "$subject" -out "$name.csr"
    openssl rand -hex 16 | sed 's/^./5/' >serial
    printf '%b' "$extensions" >ext.cnf
    if [ "$signer" = self ]; then
        set -- -selfsign -keyfile "$key.key" "$@"
    else
        set -- -cert "$signer.pem" -keyfile "$signer.key" "$@"
    fi
    if [ -n "$extensions" ]; then set -- -extfile ext.cnf "$@"; fi
    openssl ca -batch -notext -utf8 -config ca.cnf -in "$name.csr" \
        -startdate "$start" -enddate "$end" \
        -out "$name.pem" "$@" 2>err.txt || { cat err.txt >&2; exit 1; }
    openssl x509 -in "$name.pem" -outform DER -out "$here/$name.der"
}

from=20240101000000Z until=20340101000000Z
leaf='basicConstraints=CA:FALSE\nsubjectAltName=DNS:mx.example.test'
rm -f "$here"/*.der

key ca -algorithm EC -pkeyopt ec_paramgen_curve:P-256
cert ca ca "/C=XX/O=Example Trust/CN=Example Root" $from $until 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign' self
for bits in 1024 2048 4096; do
    key rsa$bits -algorithm RSA -pkeyopt rsa_keygen_bits:$bits
    cert rsa$bits rsa$bits "/CN=rsa$bits.example.test" $from $until "$leaf"
done
for digest in md5 sha1 sha224 sha384 sha512; do
    cert rsa-$digest rsa2048 "/CN=$digest.example.test" $from $until "$leaf" self -md $digest
done
cert rsa-pss-signed rsa2048 "/CN=pss.example.test" $from $until "$leaf" self -sigopt rsa_padding_mode:pss
key rsapss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
cert rsa-pss-key rsapss "/CN=psskey.example.test" $from $until "$leaf"
for curve in P-224 P-256 P-384 P-521 secp256k1 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1; do
    key $curve -algorithm EC -pkeyopt ec_paramgen_curve:$curve
    cert "$(echo $curve | tr 'A-Z' 'a-z')" $curve "/CN=$curve.example.test" $from $until "$leaf" self
done
for digest in sha1 sha384 sha512; do
    cert ecdsa-$digest P-256 "/CN=$digest.example.test" $from $until "$leaf" ca -md $digest
done
key explicit -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
cert ec-explicit explicit "/CN=explicit.example.test" $from $until "$leaf"
for type in ed25519 ed448; do
    key $type -algorithm $type
    cert $type $type "/CN=$type.example.test" $from $until "$leaf" self -md default
done
openssl dsaparam -out dsa.param 2048 2>/dev/null
openssl genpkey -paramfile dsa.param -out dsa.key 2>/dev/null
cert dsa dsa "/CN=dsa.example.test" $from $until "$leaf" self
cert dsa-sha1 dsa "/CN=dsa1.example.test" $from $until "$leaf" self -md sha1

cert v1 P-256 "/O=Old & Sons/CN=v1.example.test" $from $until ''
cert no-san P-256 "/CN=nosan.example.test" $from $until 'basicConstraints=CA:FALSE'
names=$(seq -f 'DNS:mx%g.example.test' -s, 1 100)
cert san100 P-256 "/CN=mx1.example.test" $from $until "subjectAltName=$names"
cert san-kinds P-256 "/CN=kinds.example.test" $from $until \
    'subjectAltName=DNS:kinds.example.test,IP:192.0.2.25,IP:2001:db8::25,email:post@example.test,URI:smtp://example.test'
cert wildcard P-256 "/CN=*.example.test" $from $until 'subjectAltName=DNS:*.example.test,DNS:example.test'
cert idna P-256 "/O=Bücher GmbH/CN=bücher.example" $from $until 'subjectAltName=DNS:xn--bcher-kva.example'
cert several P-256 "/O=First/O=Last/OU=Mail/CN=first.example.test/CN=last.example.test" $from $until "$leaf"
cert no-subject P-256 "/" $from $until "$leaf"
cert expired P-256 "/CN=expired.example.test" 20100101000000Z 20110101000000Z "$leaf"
cert future P-256 "/CN=future.example.test" 20900228235959Z 21000301000000Z "$leaf"
cert year9999 P-256 "/CN=forever.example.test" 20491231235959Z 99991231235959Z "$leaf"
cert year1950 P-256 "/CN=1950.example.test" 500101000000Z 491231235959Z "$leaf"
cert sub-ca P-384 "/O=Example Trust/CN=Example Sub" $from $until 'basicConstraints=critical,CA:TRUE,pathlen:0'
openssl x509 -req -in v1.csr -CA ca.pem -CAkey ca.key -set_serial -5 -days 30 -outform DER \
    -out "$here/negative-serial.der" 2>/dev/null

# field FILE SED-SCRIPT: the last line of the certificate's text that the script prints
field() {
    openssl x509 -in "$1" -noout -text -nameopt multiline,utf8,-esc_msb | sed -n "$2" | tail -n 1
}

# name FILE OPTION ATTRIBUTE: the value of the last such attribute
name() {
    openssl x509 -in "$1" -noout "$2" -nameopt multiline,utf8,-esc_msb | sed -n "s/^ *$3 *= //p" | tail -n 1
}

# seconds FILE OPTION
seconds() {
    date -u -d "$(openssl x509 -in "$1" -noout "$2" -dateopt iso_8601 | sed 's/^[^=]*=//')" +%s
}

{
    echo "/* What \`openssl x509\` says of these certificates. Written by make.sh. */"
    for file in "$here"/*.der; do
        curve=$(field "$file" 's/^ *NIST CURVE: //p')
        [ -n "$curve" ] || curve=$(field "$file" '/Subject Public Key/,/X509v3/s/^ *ASN1 OID: //p')
        printf '{"%s", "%s", %sll, %sll,\n' "$(basename "$file")" \
            "$(openssl x509 -in "$file" -noout -serial | sed 's/.*=//')" \
            "$(seconds "$file" -startdate)" "$(seconds "$file" -enddate)"
        printf ' "%s", "%s", "%s", "%s",\n' "$(name "$file" -issuer organizationName)" \
            "$(name "$file" -issuer commonName)" "$(name "$file" -subject organizationName)" \
            "$(name "$file" -subject commonName)"
        bits=$(field "$file" 's/^ *Public-Key: (\([0-9]*\) bit.*/\1/p')
        printf ' "%s", "%s", %s, "%s", "%s",\n' "$(field "$file" 's/^ *Public Key Algorithm: //p')" \
            "$curve" "${bits:-0}" "$(field "$file" 's/^ *Signature Algorithm: //p')" \
            "$(field "$file" 's/^ *CA:\([A-Z]*\).*/\1/p')"
        printf ' "%s",\n "%s",\n "%s"},\n' \
            "$(openssl x509 -in "$file" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')" \
            "$(openssl x509 -in "$file" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum |
                cut -d' ' -f1 | tr a-f A-F)" \
            "$(openssl x509 -in "$file" -noout -ext subjectAltName 2>/dev/null | sed '1d; s/^ *//; s/, *$//')"
    done
} >"$here/facts.inc"
