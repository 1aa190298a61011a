#include "tools/export_fields.h"

static const struct export_field fields[] = {
    {"position", HIDE_POSITION},
    {"addr", HIDE_ADDR},
    {"port", HIDE_NOT},
    {"host", HIDE_TEXT},
    {"tag", HIDE_TEXT},
    {"source", HIDE_DROP},
    {"start", HIDE_DAY},
    {"attempts", HIDE_NOT},
    {"attempts.*", HIDE_NOT},
    {"attempts.*.start", HIDE_DAY},
    {"attempts.*.stage", HIDE_NOT},
    {"attempts.*.cause", HIDE_NOT},
    {"attempts.*.smtp_code", HIDE_NOT},
    {"stage", HIDE_NOT},
    {"cause", HIDE_NOT},
    {"smtp_code", HIDE_NOT},
    {"enhanced_code", HIDE_NOT},
    {"errno", HIDE_NOT},
    {"greeting", HIDE_TEXT},
    {"ehlo", HIDE_NOT},
    {"ehlo.*", HIDE_TEXT},
    {"ehlo_raw", HIDE_TEXT},
    {"helo", HIDE_TEXT},
    {"starttls_reply", HIDE_TEXT},
    {"early_plaintext", HIDE_TEXT},
    {"early_plaintext_len", HIDE_NOT},
    {"not_tls", HIDE_TEXT},
    {"not_tls_len", HIDE_NOT},
    {"tls", HIDE_NOT},
    {"tls.handshake_done", HIDE_NOT},
    {"tls.version", HIDE_NOT},
    {"tls.suite", HIDE_NOT},
    {"tls.group", HIDE_NOT},
    {"tls.sigscheme", HIDE_NOT},
    {"tls.hello", HIDE_NOT},
    {"tls.alerts", HIDE_NOT},
    {"tls.alerts.*", HIDE_NOT},
    {"tls.alerts.*.dir", HIDE_NOT},
    {"tls.alerts.*.level", HIDE_NOT},
    {"tls.alerts.*.number", HIDE_NOT},
    {"tls.alerts.*.name", HIDE_NOT},
    {"tls.alerts.*.during", HIDE_NOT},
    {"tls.ems", HIDE_NOT},
    {"tls.secure_renegotiation", HIDE_NOT},
    {"tls.session_ticket", HIDE_NOT},
    {"tls.ocsp_stapled", HIDE_NOT},
    {"tls.sct_sent", HIDE_NOT},
    {"tls.certificate_requested", HIDE_NOT},
    {"tls.hello_retry", HIDE_NOT},
    {"tls.downgrade_tls12", HIDE_NOT},
    {"tls.downgrade_tls11", HIDE_NOT},
    {"tls.alpn_unasked", HIDE_NOT},
    {"tls.compressed", HIDE_NOT},
    {"tls.resumed", HIDE_NOT},
    {"tls.ticket_lifetime_s", HIDE_NOT},
    {"tls.retry_group", HIDE_NOT},
    {"tls.compression", HIDE_NOT},
    {"tls.server_extensions", HIDE_NOT},
    {"tls.server_extensions.*", HIDE_NOT},
    {"tls.fingerprint", HIDE_NOT},
    /* both name the certificate; a log of certificates says whose it is */
    {"tls.ocsp_staple", HIDE_DROP},
    {"tls.sct_list", HIDE_DROP},
    {"tls.certificate_request", HIDE_NOT},
    {"tls.certificate_request.body", HIDE_DROP},
    {"tls.certificate_request.ca_names", HIDE_NOT},
    {"tls.certificate_request.ca_names.*", HIDE_DROP},
    {"tls.certificate_request.num_ca_names", HIDE_DROP},
    {"tls.certificate_request.cut", HIDE_DROP},
    {"tls.flights", HIDE_NOT},
    /* the lengths of a chain's certificates are nearly a name of it */
    {"tls.octets", HIDE_NOT},
    {"tls.octets.in", HIDE_DROP},
    {"tls.octets.out", HIDE_DROP},
    {"ehlo_tls", HIDE_NOT},
    {"ehlo_tls.*", HIDE_TEXT},
    {"ehlo_tls_raw", HIDE_TEXT},
    {"starttls_again", HIDE_NOT},
    {"keywords_added", HIDE_NOT},
    {"keywords_added.*", HIDE_DROP},
    {"keywords_removed", HIDE_NOT},
    {"keywords_removed.*", HIDE_DROP},
    {"anomalies", HIDE_NOT},
    {"anomalies.*", HIDE_NOT},
    {"chain", HIDE_NOT},
    {"chain.*", HIDE_SHA256},
    {"chain_cut", HIDE_NOT},
    {"audit", HIDE_NOT},
    {"audit.asked", HIDE_NOT},
    {"audit.asked.*", HIDE_NOT},
    {"audit.finished", HIDE_NOT},
    {"audit.finished.*", HIDE_NOT},
    {"audit.connections", HIDE_NOT},
    {"audit.malformed", HIDE_NOT},
    {"audit.stopped", HIDE_NOT},
    {"audit.stopped.stage", HIDE_NOT},
    {"audit.stopped.cause", HIDE_NOT},
    {"audit.versions", HIDE_NOT},
    {"audit.versions.ssl2", HIDE_NOT},
    {"audit.versions.ssl3", HIDE_NOT},
    {"audit.versions.tls1_0", HIDE_NOT},
    {"audit.versions.tls1_1", HIDE_NOT},
    {"audit.versions.tls1_2", HIDE_NOT},
    {"audit.versions.tls1_3", HIDE_NOT},
    {"audit.fallback_scsv", HIDE_NOT},
    {"audit.compression", HIDE_NOT},
    {"audit.ssl2_kinds", HIDE_NOT},
    {"audit.ssl2_kinds.*", HIDE_NOT},
    {"audit.legacy", HIDE_NOT},
    {"audit.legacy.export", HIDE_NOT},
    {"audit.legacy.export.accepted", HIDE_NOT},
    {"audit.legacy.export.version", HIDE_NOT},
    {"audit.legacy.export.suite", HIDE_NOT},
    {"audit.legacy.rc4", HIDE_NOT},
    {"audit.legacy.rc4.accepted", HIDE_NOT},
    {"audit.legacy.rc4.version", HIDE_NOT},
    {"audit.legacy.rc4.suite", HIDE_NOT},
    {"audit.legacy.3des", HIDE_NOT},
    {"audit.legacy.3des.accepted", HIDE_NOT},
    {"audit.legacy.3des.version", HIDE_NOT},
    {"audit.legacy.3des.suite", HIDE_NOT},
    {"audit.legacy.null", HIDE_NOT},
    {"audit.legacy.null.accepted", HIDE_NOT},
    {"audit.legacy.null.version", HIDE_NOT},
    {"audit.legacy.null.suite", HIDE_NOT},
    {"audit.legacy.anonymous", HIDE_NOT},
    {"audit.legacy.anonymous.accepted", HIDE_NOT},
    {"audit.legacy.anonymous.version", HIDE_NOT},
    {"audit.legacy.anonymous.suite", HIDE_NOT},
    {"audit.legacy.dhe", HIDE_NOT},
    {"audit.legacy.dhe.accepted", HIDE_NOT},
    {"audit.legacy.dhe.version", HIDE_NOT},
    {"audit.legacy.dhe.suite", HIDE_NOT},
    {"audit.legacy.static_rsa", HIDE_NOT},
    {"audit.legacy.static_rsa.accepted", HIDE_NOT},
    {"audit.legacy.static_rsa.version", HIDE_NOT},
    {"audit.legacy.static_rsa.suite", HIDE_NOT},
    {"audit.dh", HIDE_NOT},
    {"audit.dh.*", HIDE_NOT},
    {"audit.dh.*.suite", HIDE_NOT},
    {"audit.dh.*.dh_bits", HIDE_NOT},
    {"audit.dh.*.dh_prime", HIDE_NOT},
    {"audit.pq", HIDE_NOT},
    {"audit.pq.x25519mlkem768", HIDE_NOT},
    {"audit.pq.secp256r1mlkem768", HIDE_NOT},
    {"audit.pq.secp384r1mlkem1024", HIDE_NOT},
    {"audit.pq.large_hello_intolerant", HIDE_NOT},
    {"audit.resume", HIDE_NOT},
    {"audit.resume.ticket", HIDE_NOT},
    {"audit.resume.resumed", HIDE_NOT},
    {"audit.resume.version", HIDE_NOT},
    {"audit.sni", HIDE_NOT},
    {"audit.sni.leaf_without", HIDE_SHA256},
    {"audit.sni.leaf_with", HIDE_SHA256},
    {"audit.sni.leaf_absent", HIDE_SHA256},
    {"audit.sni.other_leaf", HIDE_NOT},
    {"audit.sni.name_refused", HIDE_NOT},
    {"audit.suites", HIDE_NOT},
    {"audit.suites.*", HIDE_NOT},
    {"audit.suites.*.version", HIDE_NOT},
    {"audit.suites.*.order", HIDE_NOT},
    {"audit.suites.*.complete", HIDE_NOT},
    {"audit.suites.*.accepted", HIDE_NOT},
    {"audit.suites.*.accepted.*", HIDE_NOT},
    {"audit.groups", HIDE_NOT},
    {"audit.groups.*", HIDE_NOT},
    {"audit.groups.*.version", HIDE_NOT},
    {"audit.groups.*.order", HIDE_NOT},
    {"audit.groups.*.complete", HIDE_NOT},
    {"audit.groups.*.accepted", HIDE_NOT},
    {"audit.groups.*.accepted.*", HIDE_NOT},
    {"audit.explain", HIDE_NOT},
    {"audit.explain.reply", HIDE_NOT},
    {"audit.explain.offered", HIDE_NOT},
    {"audit.explain.version", HIDE_NOT},
    {"audit.explain.suite", HIDE_NOT},
    {"audit.explain.group", HIDE_NOT},
    {"audit.explain.dh_bits", HIDE_NOT},
    {"audit.explain.dh_prime", HIDE_NOT},
    {"audit.explain.alert", HIDE_NOT},
    {"audit.explain.alert.level", HIDE_NOT},
    {"audit.explain.alert.number", HIDE_NOT},
    {"audit.explain.alert.name", HIDE_NOT},
    {"audit_raw", HIDE_DROP},
    {"ms", HIDE_NOT},
    {"ms.connect", HIDE_NOT},
    {"ms.greeting", HIDE_NOT},
    {"ms.ehlo", HIDE_NOT},
    {"ms.starttls", HIDE_NOT},
    {"ms.handshake", HIDE_NOT},
    {"ms.ehlo_tls", HIDE_NOT},
    {"ms.total", HIDE_NOT},
    {"ms.server_hello", HIDE_NOT},
    {"country", HIDE_NOT},
    /* with the network, the prefixes of the addresses are no secret */
    {"asn", HIDE_DROP},
    {"as_org", HIDE_DROP},
    {"certs", HIDE_NOT},
    {"certs.*", HIDE_NOT},
    {"certs.*.sha256", HIDE_DROP},
    {"certs.*.pem", HIDE_DROP},
    {"certs.*.unparsable", HIDE_DROP},
    {"certs.*.version", HIDE_DROP},
    {"certs.*.serial", HIDE_DROP},
    {"certs.*.subject", HIDE_DROP},
    {"certs.*.subject_cn", HIDE_DROP},
    {"certs.*.subject_org", HIDE_DROP},
    {"certs.*.issuer", HIDE_DROP},
    {"certs.*.issuer_cn", HIDE_DROP},
    {"certs.*.issuer_org", HIDE_DROP},
    {"certs.*.not_before", HIDE_DROP},
    {"certs.*.not_after", HIDE_DROP},
    {"certs.*.dns_names", HIDE_NOT},
    {"certs.*.dns_names.*", HIDE_DROP},
    {"certs.*.ip_addresses", HIDE_NOT},
    {"certs.*.ip_addresses.*", HIDE_DROP},
    {"certs.*.emails", HIDE_NOT},
    {"certs.*.emails.*", HIDE_DROP},
    {"certs.*.uris", HIDE_NOT},
    {"certs.*.uris.*", HIDE_DROP},
    {"certs.*.names_cut", HIDE_DROP},
    {"certs.*.key_type", HIDE_DROP},
    {"certs.*.key_bits", HIDE_DROP},
    {"certs.*.curve", HIDE_DROP},
    {"certs.*.spki_sha256", HIDE_DROP},
    {"certs.*.signature", HIDE_DROP},
    {"certs.*.is_ca", HIDE_DROP},
    {"certs.*.self_issued", HIDE_DROP},
    {"certs.*.must_staple", HIDE_DROP},
};
enum { NUM_FIELDS = sizeof fields / sizeof fields[0] };

const struct export_field *export_field_at(size_t i)
{
    return i < NUM_FIELDS ? &fields[i] : NULL;
}

bool export_field_has_fields(size_t i)
{
    size_t len = i + 1 < NUM_FIELDS ? strlen(fields[i].path) : 0;
    return len > 0 && strncmp(fields[i + 1].path, fields[i].path, len) == 0 &&
           fields[i + 1].path[len] == '.';
}

/* takes the part up to the next dot, which goes too */
static struct bytes take_part(struct bytes *path)
{
    const uint8_t *dot = path->len > 0 ? memchr(path->data, '.', path->len) : NULL;
    size_t len = dot != NULL ? (size_t)(dot - path->data) : path->len;
    struct bytes part = bytes_of(path->data, len);
    size_t gone = dot != NULL ? len + 1 : len;
    *path = bytes_of(path->data + gone, path->len - gone);
    return part;
}

static bool is_index(struct bytes part)
{
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] < '0' || part.data[i] > '9')
            return false;
    return part.len > 0;
}

static bool is_path(struct bytes path, const char *known)
{
    struct bytes rest = bytes_text(known);
    if (path.len == 0 || path.data[path.len - 1] == '.')
        return false;
    while (path.len > 0 && rest.len > 0) {
        struct bytes a = take_part(&path), b = take_part(&rest);
        bool element = bytes_equal(b, bytes_text("*")) && is_index(a);
        if (!element && !bytes_equal(a, b))
            return false;
    }
    return path.len == 0 && rest.len == 0;
}

const struct export_field *export_field_find(struct bytes path)
{
    for (size_t i = 0; i < NUM_FIELDS; i++)
        if (is_path(path, fields[i].path))
            return &fields[i];
    return NULL;
}

/* ---- what may have been meant ---- */

/* how many letters have to be put in, taken out or changed to make b of a; of the last part, if
 * there are more, too */
static size_t distance(struct bytes a, struct bytes b)
{
    size_t row[EXPORT_PATH_MAX + 1];
    for (size_t k = 0; k <= b.len; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t change = diagonal + (a.data[i - 1] != b.data[k - 1]);
            size_t less = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = change < less ? change : less;
        }
    }
    return row[b.len];
}

static struct bytes last_part(struct bytes path)
{
    struct bytes part = take_part(&path);
    while (path.len > 0)
        part = take_part(&path);
    return part;
}

/* half letters: a name without what it is in is nearly right */
static size_t unlike(struct bytes path, const char *known)
{
    struct bytes k = bytes_text(known), last = last_part(k);
    size_t whole = 2 * distance(path, k);
    size_t part = last.len < k.len ? 2 * distance(path, last) + 1 : whole;
    return whole < part ? whole : part;
}

size_t export_field_near(const char *near[EXPORT_NEAR_MAX], struct bytes path)
{
    size_t worst[EXPORT_NEAR_MAX], num = 0;
    if (path.len > EXPORT_PATH_MAX)
        return 0;
    for (size_t i = 0; i < NUM_FIELDS; i++) {
        size_t much = unlike(path, fields[i].path), at = num;
        if (3 * much > 2 * path.len) /* a third of its letters would change */
            continue;
        while (at > 0 && worst[at - 1] > much)
            at--;
        if (at == EXPORT_NEAR_MAX)
            continue;
        num += num < EXPORT_NEAR_MAX;
        for (size_t k = num - 1; k > at; k--) {
            worst[k] = worst[k - 1];
            near[k] = near[k - 1];
        }
        worst[at] = much;
        near[at] = fields[i].path;
    }
    return num;
}
