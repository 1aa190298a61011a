"""chain_maker: certificates of any shape for tests of judging, by python3-cryptography and by hand.

Keys are made once per run; all times are absolute, so that a verdict does not depend on the day.
"""
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

NOW = datetime.datetime(2026, 1, 1)
TIME = int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp())
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
ANY = ObjectIdentifier("2.5.29.37.0")
USAGES = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
          "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]


def days(n):
    return NOW + datetime.timedelta(days=n)


class Keys:
    """Keys by name: "rsa", "rsa-2", "p256-leaf": what stands before the first dash is the kind."""
    def __init__(self):
        self.made = {}

    def __getitem__(self, name):
        if name not in self.made:
            kind = name.split("-")[0]
            make = {"rsa": lambda: rsa.generate_private_key(65537, 2048),
                    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
                    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
                    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
                    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
                    "ed25519": ed25519.Ed25519PrivateKey.generate,
                    "ed448": ed448.Ed448PrivateKey.generate,
                    "p192": lambda: ec.generate_private_key(ec.SECP192R1()),
                    "dsa": lambda: dsa.generate_private_key(2048)}
            self.made[name] = make[kind]()
        return self.made[name]


KEYS = Keys()


def name(text):
    """An X.509 name with that common name; an empty text is an empty name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def alt_name(text):
    """A GeneralName of "ip:192.0.2.1", "mail:a@example.com", or a dNSName, its octets taken as they are."""
    import ipaddress
    if text.startswith("ip:"):
        return x509.IPAddress(ipaddress.ip_address(text[3:]))
    if text.startswith("mail:"):
        return x509.RFC822Name(text[5:])
    return x509.DNSName._init_without_validation(text)


class Cert:
    """A certificate: der, and what signing others with it needs."""
    def __init__(self, der, subject, key):
        self.der, self.subject, self.key = der, subject, key

    def pem(self):
        import base64
        return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(self.der) + b"-----END CERTIFICATE-----\n"


def key_id(key):
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha1(spki).digest()


def make(subject, key, issuer=None, *, start=-30, end=30, ca=None, path=None, usage=None, eku=None, san=None,
         permit=None, exclude=None, ski=True, aki=True, critical=None, junk=None, digest=hashes.SHA256(), serial=None,
         sign_with=None, issuer_name=None, other=()):
    """make: issuer None is self-signed. ca None leaves the basic constraints out. critical, junk: (oid, octets). other:
    (extension, critical)."""
    private = KEYS[key] if isinstance(key, str) else key
    signer = KEYS[sign_with] if sign_with else issuer.key if issuer else private
    subject_name = name(subject) if isinstance(subject, str) else subject
    b = x509.CertificateBuilder(subject_name=subject_name,
                                issuer_name=name(issuer_name) if issuer_name else issuer.subject if issuer else subject_name,
                                public_key=private.public_key(), serial_number=serial or x509.random_serial_number(),
                                not_valid_before=days(start), not_valid_after=days(end))
    if ca is not None:
        b = b.add_extension(x509.BasicConstraints(ca, path), True)
    if usage is not None:
        b = b.add_extension(x509.KeyUsage(*[u in usage for u in USAGES]), True)
    if eku is not None:
        b = b.add_extension(x509.ExtendedKeyUsage(eku), False)
    if san is not None:
        b = b.add_extension(x509.SubjectAlternativeName([alt_name(s) for s in san]), False)
    if permit or exclude:
        trees = lambda names: [x509.DNSName(n) if isinstance(n, str) else n for n in names] if names else None
        b = b.add_extension(x509.NameConstraints(trees(permit), trees(exclude)), True)
    if ski:
        b = b.add_extension(x509.SubjectKeyIdentifier(key_id(private)), False)
    if aki and (issuer or aki == "self"):
        b = b.add_extension(x509.AuthorityKeyIdentifier(key_id(signer if sign_with else issuer.key if issuer else private),
                                                        None, None), False)
    for extension, is_critical in ((critical, True), (junk, False)):
        if extension:
            b = b.add_extension(x509.UnrecognizedExtension(ObjectIdentifier(extension[0]), extension[1]), is_critical)
    for extension, is_critical in other:
        b = b.add_extension(extension, is_critical)
    if isinstance(signer, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        digest = None
    return Cert(b.sign(signer, digest).public_bytes(serialization.Encoding.DER), subject_name, private)


# ---- DER by hand ----

def element(tag, content):
    n = len(content)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + size + content


def split(der):
    """The elements of a SEQUENCE's content, each whole."""
    parts, at = [], 0
    while at < len(der):
        n, head = der[at + 1], 2
        if n & 0x80:
            head = 2 + (n & 0x7f)
            n = int.from_bytes(der[at + 2:at + head], "big")
        parts.append(der[at:at + head + n])
        at += head + n
    return parts


def content(der):
    return der[2 + (der[1] & 0x7f if der[1] & 0x80 else 0):]


def resign(cert, issuer_key, *, tbs_parts=None, algorithm=None, sign=None):
    """The certificate again with other parts of its TBSCertificate, or another signature algorithm."""
    tbs, old_algorithm, _ = split(content(cert.der))
    parts = tbs_parts(split(content(tbs))) if tbs_parts else split(content(tbs))
    algorithm = algorithm or old_algorithm
    parts = [algorithm if p == old_algorithm else p for p in parts]
    tbs = element(0x30, b"".join(parts))
    sign = sign or (lambda data: issuer_key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
    return Cert(element(0x30, tbs + algorithm + element(3, b"\0" + sign(tbs))), cert.subject, cert.key)


def as_version_1(cert, issuer_key):
    """Without version and extensions."""
    return resign(cert, issuer_key, tbs_parts=lambda parts: [p for p in parts if p[0] not in (0xa0, 0xa3)])


def as_pss(cert, issuer_key, salt=32):
    """Signed by RSASSA-PSS with SHA-256."""
    sha256 = element(0x30, bytes.fromhex("0609608648016503040201") + b"\x05\0")
    mgf1 = element(0x30, bytes.fromhex("06092a864886f70d010108") + sha256)
    params = element(0x30, element(0xa0, sha256) + element(0xa1, mgf1) + element(0xa2, element(2, bytes([salt]))))
    algorithm = element(0x30, bytes.fromhex("06092a864886f70d01010a") + params)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)
    return resign(cert, issuer_key, algorithm=algorithm, sign=lambda data: issuer_key.sign(data, pss, hashes.SHA256()))


def spoiled(cert):
    """With a signature that is not the issuer's: its last octet changed."""
    return Cert(cert.der[:-1] + bytes([cert.der[-1] ^ 1]), cert.subject, cert.key)
