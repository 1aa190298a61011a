/* verdict_table: data table: one row of text for each verdict, the weightiest first: see
 * core/verdict.h. */
#ifndef MXSWEEP_CORE_VERDICT_TABLE_H
#define MXSWEEP_CORE_VERDICT_TABLE_H

/* X(NAME, class, slug, what, why, mend) */
#define VERDICTS(X)                                                                                \
    /* no connection, no SMTP */                                                                   \
    X(BLOCKED, NO_SMTP, "no-host-address", "the address can be no mail server's",                  \
      "Multicast and unspecified addresses belong to no host.",                                    \
      "Correct the address record that leads here.")                                               \
    X(NO_ADDRESS, NO_SMTP, "no-address", "the host name has no address",                           \
      "Senders find no server to talk to, and return their mail.",                                 \
      "Publish an A or AAAA record for the name, or correct the MX record that names it.")         \
    X(DNS_FAILURE, NO_SMTP, "dns-failure", "the host name could not be resolved",                  \
      "Senders keep their mail while the DNS fails, and return it after days.",                    \
      "See that the name servers of the domain answer; here, that this host's resolver does.")     \
    X(CONNECT_TIMEOUT, NO_SMTP, "connect-timeout", "nothing answers on this port",                 \
      "Senders keep their mail, and return it after days.",                                        \
      "See that the server runs and that no firewall drops the port. Many access networks "        \
      "block outgoing port 25: ask from another one too.")                                         \
    X(CONNECT_REFUSED, NO_SMTP, "connect-refused", "the host refuses connections to this port",    \
      "Senders keep their mail, and return it after days.",                                        \
      "Start the mail server, let it listen on this address, or point the MX record elsewhere.")   \
    X(CONNECT_UNREACHABLE, NO_SMTP, "unreachable", "the address cannot be reached",                \
      "Senders keep their mail, and return it after days.",                                        \
      "See that the address is routed, from here too, and that no firewall rejects it.")           \
    X(CONNECT_LOST, NO_SMTP, "connect-lost", "the connection is cut before it stands",             \
      "Senders keep their mail, and return it after days.",                                        \
      "Look for a firewall or a load balancer in between that has no server to pass it on to.")    \
    X(GREETING_SILENT, NO_SMTP, "silent", "the port is open, but no greeting comes",               \
      "Senders wait for minutes and give up; their mail comes back after days.",                   \
      "See whether the server is overloaded or waits for the DNS; a server that delays its "       \
      "greeting on purpose must not delay it for longer than senders wait.")                       \
    X(GREETING_LOST, NO_SMTP, "greeting-lost", "the connection is closed instead of a greeting",   \
      "Senders try again for days, then return their mail.",                                       \
      "Look into the server's log: access lists, connection limits and proxies end connections "   \
      "like this.")                                                                                \
    X(NOT_SMTP, NO_SMTP, "not-smtp", "what answers here does not speak SMTP",                      \
      "No sender can deliver anything here.",                                                      \
      "See which service listens on this port, and whether address and port are the right ones.")  \
    X(ENDLESS, NO_SMTP, "endless-reply", "the server's reply does not end within any limit",       \
      "No sender can deliver anything here.", "See what listens on this port.")                    \
    X(EHLO_LOST, NO_SMTP, "ehlo-lost", "the dialogue breaks off after EHLO",                       \
      "Senders try again for days, then return their mail.",                                       \
      "Look into the server's log, and for a firewall that inspects SMTP.")                        \
    /* refused or put off */                                                                       \
    X(REFUSED, UNKNOWN, "refuses-us", "the server refuses us before STARTTLS can be tried",        \
      "This is about who asks (its address, its PTR record, its EHLO name, a block list), and "    \
      "says nothing about TLS.",                                                                   \
      "Read the server's text; ask from a host that it accepts mail from.")                        \
    X(NO_EHLO, UNKNOWN, "no-ehlo", "the server refuses EHLO and takes HELO",                       \
      "Without EHLO a server cannot offer STARTTLS: mail would come in plaintext. A firewall in "  \
      "between may be the one that refuses it.",                                                   \
      "Let the server answer EHLO; switch off the inspection of SMTP in firewalls.")               \
    X(LATER, UNKNOWN, "come-back-later", "the server asks us to come back later",                  \
      "It limits connections or lists who asks as unknown; this says nothing about TLS.",          \
      "Wait for some minutes and ask again, or ask from another address.")                         \
    /* STARTTLS does not work */                                                                   \
    X(STRIPPED, BROKEN, "starttls-stripped", "STARTTLS is masked on its way",                      \
      "A firewall in between overwrites SMTP keywords: mail comes in plaintext, though the "       \
      "server may well offer TLS.",                                                                \
      "Switch off the inspection of SMTP (Cisco: no inspect esmtp, or allow-tls), at the "         \
      "server's side or at this one.")                                                             \
    X(NOT_OFFERED, BROKEN, "starttls-not-offered", "STARTTLS is not offered",                      \
      "All mail comes here in plaintext, for everyone on the way to read and to change; senders "  \
      "that insist on TLS (MTA-STS, DANE) do not deliver.",                                        \
      "Give the server a certificate and switch STARTTLS on.")                                     \
    X(STARTTLS_REFUSED, BROKEN, "starttls-refused", "STARTTLS is offered, and then refused",       \
      "Mail comes here in plaintext, or not at all.",                                              \
      "Look into the server's log: most often its key or certificate cannot be read.")             \
    X(STARTTLS_LOST, BROKEN, "starttls-lost", "STARTTLS is offered, and then not answered",        \
      "Senders lose the connection when they ask for TLS; many never try without.",                \
      "Look into the server's log, and for a firewall that inspects SMTP.")                        \
    X(STARTTLS_BAD, BROKEN, "starttls-bad-reply", "the answer to STARTTLS is no SMTP reply",       \
      "Senders cannot begin TLS.", "Look for a proxy or firewall that speaks in between.")         \
    X(INJECTED, BROKEN, "injected-and-lost",                                                       \
      "plaintext is sent between the 220 and the "                                                 \
      "handshake, and the handshake fails",                                                        \
      "Replies that are put into the plaintext belong to whoever is on the way.",                  \
      "Update the server; look for a proxy in between that sends replies of its own.")             \
    X(NOT_TLS, BROKEN, "not-tls", "the server says 220 to STARTTLS, and then speaks no TLS",       \
      "Senders that begin TLS fail; a box on the way that answers for the server does this too.",  \
      "Look into the server's log, and for a proxy or firewall in between.")                       \
    X(TLS_SILENT, BROKEN, "handshake-silent", "the TLS handshake is not answered in time",         \
      "Senders wait and give up; many never try without TLS.",                                     \
      "Look into the server's log; see whether large packets get through (path MTU).")             \
    X(TLS_LOST, BROKEN, "handshake-lost", "the connection is cut in the TLS handshake",            \
      "Senders cannot deliver with TLS; many never try without.",                                  \
      "Look into the server's log: a process that crashes, or a key that cannot be read, ends "    \
      "so; so do firewalls that dislike the hello.")                                               \
    X(TLS_NO_COMMON, BROKEN, "no-common-tls", "the server has no TLS in common with us",           \
      "It takes nothing of what we offer, TLS 1.0 to 1.3 with ECDHE or RSA: senders that offer "   \
      "no "                                                                                        \
      "more cannot deliver with TLS.",                                                             \
      "Allow TLS 1.2 and 1.3 with ECDHE and AES-GCM, and a certificate of RSA or ECDSA; "          \
      "--explain-failures shows what it would take.")                                              \
    X(TLS_ALERT, BROKEN, "handshake-alert", "the server ends the TLS handshake with an alert",     \
      "Senders cannot deliver with TLS; many never try without.",                                  \
      "Look into the server's log for what it says of the handshake at this time.")                \
    X(TLS_BAD, BROKEN, "handshake-invalid",                                                        \
      "what the server says in the TLS handshake is "                                              \
      "against the protocol",                                                                      \
      "Careful TLS libraries end the handshake there, as ours did: senders cannot deliver.",       \
      "Update the server's TLS library; see that key and certificate belong together.")            \
    X(INSIDE_LOST, BROKEN, "tls-then-lost", "TLS works, but SMTP does not go on inside it",        \
      "Senders that use TLS cannot deliver.",                                                      \
      "Look into the server's log: the process behind TLS does not answer EHLO.")                  \
    X(INSIDE_REFUSED, BROKEN, "tls-then-refused", "TLS works, but EHLO is refused inside it",      \
      "Senders that use TLS cannot deliver.", "Look into the server's log.")                       \
    /* STARTTLS works, something is wrong: the certificate */                                      \
    X(REVOKED, WRONG, "revoked", "the certificate is revoked",                                     \
      "The CA says that it must not be used any more; its key may be in other hands.",             \
      "Make a new key, and have a certificate issued for it.")                                     \
    X(CHAIN, WRONG, "chain", "the chain is at fault",                                              \
      "The words are those of core/judge.h, for its outcome.", "")                                 \
    X(CHAIN_FLAG, WRONG, "chain-flag", "a certificate is at fault",                                \
      "The words are those of core/judge.h, for its flag.", "")                                    \
    X(NAME_MISMATCH, WRONG, "name-mismatch", "the certificate is for another name",                \
      "Senders that verify certificates (MTA-STS) do not deliver to this name.",                   \
      "Have a certificate issued that has this name among its subjectAltNames, or select it by "   \
      "the name that the sender asks for (SNI).")                                                  \
    X(EXPIRES_SOON, WRONG, "expires-soon", "the certificate expires within a week",                \
      "Certificates that are renewed by a program are renewed weeks before: that it is not done "  \
      "may mean that it fails.",                                                                   \
      "Renew it now, and see that the server loads the new one.")                                  \
    X(STAPLE_BAD, WRONG, "staple-bad", "the OCSP response that the server staples does not hold",  \
      "Verifiers that look at it end the handshake; those that need it find none.",                \
      "Let the server fetch OCSP responses anew; see that it can reach the CA's responder.")       \
    X(STAPLE_MISSING, WRONG, "staple-missing",                                                     \
      "the certificate demands a stapled OCSP "                                                    \
      "response, and none comes",                                                                  \
      "Verifiers that honour this demand (must-staple) end the handshake.",                        \
      "Switch OCSP stapling on in the server, or have a certificate issued without the demand.")   \
    /* ... the protocol */                                                                         \
    X(EARLY_PLAINTEXT, WRONG, "early-plaintext",                                                   \
      "plaintext is sent between the 220 and the "                                                 \
      "handshake",                                                                                 \
      "Clients that take it for an answer inside TLS can be lied to: who stands in between can "   \
      "put replies there (response injection).",                                                   \
      "Update the server; look for a proxy in between that sends replies of its own.")             \
    X(SSL_ACCEPTED, WRONG, "ssl-accepted", "SSL 2.0 or 3.0 is accepted",                           \
      "Both are broken (DROWN, POODLE): SSL 2.0 endangers every other service with the same key.", \
      "Switch them off.")                                                                          \
    X(BROKEN_CIPHERS, WRONG, "broken-ciphers", "broken ciphers are accepted",                      \
      "NULL, export, RC4 and 3DES suites protect little or nothing from who records.",             \
      "Exclude eNULL, EXPORT, RC4, DES and 3DES from the server's list.")                          \
    X(WEAK_DH, WRONG, "weak-dh", "a Diffie-Hellman group of too few bits is accepted",             \
      "Groups of 1,024 bits and less can be, or soon can be, computed (Logjam).",                  \
      "Use groups of 2,048 bits or more (RFC 7919), or ECDHE only.")                               \
    X(OLD_VERSION, WRONG, "old-version", "TLS 1.2 and 1.3 are not spoken",                         \
      "TLS 1.0 and 1.1 are deprecated (RFC 8996): many senders do not speak them any more.",       \
      "Update the server's TLS library; allow TLS 1.2 and 1.3.")                                   \
    X(DOWNGRADED, WRONG, "downgraded", "the server speaks a newer TLS than it chose here",         \
      "It says so itself in its random (RFC 8446, 4.1.3): something in between makes connections " \
      "weaker.",                                                                                   \
      "Look for a proxy or firewall that takes part in TLS.")                                      \
    X(WEAK_SUITE, WRONG, "weak-suite", "the cipher suite that was chosen is weak",                 \
      "What is recorded today can be read once the cipher is broken.",                             \
      "Prefer ECDHE with AES-GCM or ChaCha20-Poly1305 in the server's list.")                      \
    X(COMPRESSION, WRONG, "compression", "TLS compression is accepted",                            \
      "What is compressed tells of its content by its length (CRIME).", "Switch it off.")          \
    X(UNSAFE_RENEGOTIATION, WRONG, "unsafe-renegotiation", "renegotiation is not secure",          \
      "Who stands in between can put a beginning of its own before a session (RFC 5746).",         \
      "Update the server's TLS library.")                                                          \
    X(INTOLERANT, WRONG, "hello-intolerant", "large hellos are not understood",                    \
      "Senders with post-quantum key exchange, whose hello fills two packets, fail.",              \
      "Update the server, and the box in front of it that reads hellos.")                          \
    X(ALPN_UNASKED, WRONG, "alpn-unasked", "a protocol was chosen that nobody offered (ALPN)",     \
      "TLS libraries end the handshake there.", "Update the server's TLS library.")                \
    X(STARTTLS_AGAIN, WRONG, "starttls-again", "STARTTLS is offered again inside TLS",             \
      "RFC 3207 forbids it; some senders take it up, and fail.",                                   \
      "Look for a proxy that ends TLS in front of the server; let it hide the keyword.")           \
    /* worth knowing */                                                                            \
    X(OLD_ACCEPTED, NOTE, "old-accepted", "TLS 1.0 or 1.1 is accepted besides newer versions",     \
      "They are deprecated (RFC 8996); without them old senders would fall back to plaintext.",    \
      "Switch them off once the log shows no sender of note that uses them.")                      \
    X(ANONYMOUS, NOTE, "anonymous-ciphers", "suites without a certificate are accepted",           \
      "Only senders that check no certificate offer them: for those, nothing proves who answers.", \
      "Exclude aNULL from the server's list if every sender is to see the certificate.")           \
    X(NO_FALLBACK_SCSV, NOTE, "no-fallback-scsv", "a downgrade is not refused (RFC 7507)",         \
      "The server goes on with a client that says it was made to speak an older TLS.",             \
      "Update the server's TLS library.")                                                          \
    X(NO_FORWARD_SECRECY, NOTE, "no-forward-secrecy", "the key exchange has no forward secrecy",   \
      "Who records sessions now and comes by the server's key later can read them all.",           \
      "Prefer ECDHE suites in the server's list.")                                                 \
    X(NO_EMS, NOTE, "no-extended-master-secret", "the extended master secret is not spoken",       \
      "Sessions of TLS 1.2 are not bound to their handshake (RFC 7627).",                          \
      "Update the server's TLS library.")                                                          \
    X(CHAIN_NOTE, NOTE, "chain-note", "the chain could be better",                                 \
      "The words are those of core/judge.h, for its flag.", "")                                    \
    X(CN_ONLY, NOTE, "cn-only", "the name is only in the certificate's common name",               \
      "Verifiers look at subjectAltName alone (RFC 6125, RFC 9525).",                              \
      "Have a certificate issued with the name in subjectAltName.")                                \
    X(NO_PQ, NOTE, "no-post-quantum", "no post-quantum key exchange is spoken",                    \
      "Who records sessions now may read them once there are quantum computers.",                  \
      "Update the server's TLS library to one that has X25519MLKEM768.")                           \
    X(EXPIRES_MONTH, NOTE, "expires-this-month", "the certificate expires within three weeks",     \
      "It is time to see whether its renewal works.", "")                                          \
    X(WARNING_ALERT, NOTE, "warning-alert", "the server sends a warning alert",                    \
      "Some TLS libraries end the handshake at any alert.",                                        \
      "Most often the server does not know the name that it is asked for: let it be silent "       \
      "about that (RFC 6066), or know the name.")                                                  \
    X(AUTH_PLAIN, NOTE, "auth-before-tls", "AUTH is offered before TLS",                           \
      "Clients may send passwords in plaintext.",                                                  \
      "Offer AUTH inside TLS only, or not on port 25.")                                            \
    X(NO_NAME, NOTE, "no-name-checked", "no name was checked",                                     \
      "Whether senders can verify this server depends on the name that the MX record has.",        \
      "Give it with --host.")
#endif
