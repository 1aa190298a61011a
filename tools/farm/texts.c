#include "tools/farm/texts.h"

#include <time.h>

#include "tools/farm/pki.h"

/* Templates: %h host name, %c what the client called itself, %d date (RFC 5322). Lines of a reply
 * are separated by '|': its code and hyphens are put before them. */
struct manner {
    const char *greeting, *long_greeting;
    const char *ehlo;        /* keywords before TLS; %S is where STARTTLS stands */
    const char *ehlo_inside; /* keywords added inside TLS; "" for none */
    const char *helo, *starttls, *quit, *unknown;
};

static const struct manner manners[NUM_MTAS] = {
    [MTA_POSTFIX] = {"%h ESMTP Postfix (Debian/GNU)",
                     "%h ESMTP Postfix|No unsolicited mail|%h at your service",
                     "%h|PIPELINING|SIZE "
                     "10240000|VRFY|ETRN%S|ENHANCEDSTATUSCODES|8BITMIME|DSN|SMTPUTF8|CHUNKING",
                     "", "%h", "2.0.0 Ready to start TLS", "2.0.0 Bye",
                     "5.5.2 Error: command not recognized"},
    [MTA_EXIM] = {"%h ESMTP Exim 4.96 %d",
                  "%h ESMTP Exim 4.96 %d|We do not authorize the use of this system|"
                  "to transport unsolicited bulk mail.",
                  "%h Hello %c|SIZE 52428800|8BITMIME|PIPELINING|PIPECONNECT|CHUNKING%S|PRDR|HELP",
                  "|AUTH PLAIN LOGIN", "%h Hello %c", "TLS go ahead", "%h closing connection",
                  "unrecognized command"},
    [MTA_SENDMAIL] = {"%h ESMTP Sendmail 8.17.1/8.17.1; %d",
                      "%h ESMTP Sendmail 8.17.1/8.17.1; %d|access is logged",
                      "%h Hello %c, pleased to meet "
                      "you|ENHANCEDSTATUSCODES|PIPELINING|EXPN|VERB|8BITMIME|SIZE|DSN|ETRN%S|"
                      "DELIVERBY|HELP",
                      "", "%h Hello %c, pleased to meet you", "2.0.0 Ready to start TLS",
                      "2.0.0 %h closing connection", "5.5.1 Command unrecognized"},
    [MTA_EXCHANGE] =
        {"%h Microsoft ESMTP MAIL Service ready at %d",
         "%h Microsoft ESMTP MAIL Service|ready at %d",
         "%h Hello %c|SIZE 37748736|PIPELINING|DSN|ENHANCEDSTATUSCODES%S|X-ANONYMOUSTLS|AUTH "
         "NTLM|X-EXPS GSSAPI NTLM|"
         "8BITMIME|BINARYMIME|CHUNKING|XEXCH50|XRDST|XSHADOWREQUEST",
         "|AUTH LOGIN", "%h Hello %c", "2.0.0 SMTP server ready",
         "2.0.0 Service closing transmission channel", "5.3.3 Unrecognized command"},
    [MTA_QMAIL] = {"%h ESMTP", "%h ESMTP|see the postmaster's page",
                   "%h|PIPELINING%S|8BITMIME|SIZE 0", "", "%h", "ready for tls", "%h",
                   "unimplemented (#5.5.1)"},
    [MTA_HARAKA] = {"%h ESMTP Haraka/3.0.3 ready", "%h ESMTP Haraka/3.0.3|ready",
                    "%h Hello %c, Haraka is at your service.|PIPELINING|8BITMIME|SMTPUTF8|SIZE 0%S",
                    "|AUTH PLAIN LOGIN CRAM-MD5", "%h Hello %c, Haraka is at your service.",
                    "Go ahead.", "%h closing connection. Have a jolly good day.",
                    "Unrecognized command"},
    [MTA_BENCH] =
        {"bench.invalid ESMTP", "bench.invalid ESMTP|bench",
         "bench.invalid|PIPELINING|SIZE 10240000%S|ENHANCEDSTATUSCODES|8BITMIME|DSN|CHUNKING", "",
         "bench.invalid", "2.0.0 Ready to start TLS", "2.0.0 Bye",
         "5.5.2 Error: command not recognized"},
};

/* the manners of MTA_ANY, as common as they are out there */
static const enum mta usual[] = {MTA_POSTFIX,  MTA_POSTFIX,  MTA_POSTFIX, MTA_POSTFIX,
                                 MTA_EXIM,     MTA_EXIM,     MTA_EXIM,    MTA_EXCHANGE,
                                 MTA_EXCHANGE, MTA_SENDMAIL, MTA_POSTFIX};

static const struct manner *manner_of(const struct speaker *who)
{
    enum mta mta = who->behaviour->mta;
    if (mta == MTA_ANY)
        mta = usual[(who->addr.lo * UINT64_C(0xff51afd7ed558ccd) >> 32) %
                    (sizeof usual / sizeof usual[0])];
    return &manners[mta];
}

/* ---- writing ---- */

struct writer {
    uint8_t *out;
    size_t len;
};

static void put(struct writer *w, const char *text, size_t len)
{
    if (len > REPLY_TEXT_MAX - w->len)
        len = REPLY_TEXT_MAX - w->len;
    memcpy(w->out + w->len, text, len);
    w->len += len;
}

static void put_date(struct writer *w, int64_t now_s)
{
    char text[40];
    time_t t = (time_t)now_s;
    struct tm tm;
    if (gmtime_r(&t, &tm) != NULL)
        put(w, text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm));
}

static void put_variable(struct writer *w, const struct speaker *who, char name)
{
    char host[HOST_NAME_MAX_LEN];
    switch (name) {
    case 'h':
        host_name(host, who->addr);
        put(w, host, strlen(host));
        break;
    case 'c': put(w, who->client, strlen(who->client)); break;
    case 'd': put_date(w, who->now_s); break;
    }
}

/* put_line writes one line of a template: code, hyphen or space, text, what the flags add, line
 * end. */
static void put_line(struct writer *w, const struct speaker *who, const char *code, bool last,
                     const char *line, size_t len, bool odd)
{
    unsigned flags = who->behaviour->flags;
    put(w, code, 3);
    put(w, last ? " " : "-", 1);
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '%')
            put_variable(w, who, line[++i]);
        else
            put(w, &line[i], 1);
    }
    if (odd && (flags & FLAG_NULS))
        put(w, " a\0b\0\0c", 7);
    if (odd && (flags & FLAG_EIGHT_BIT))
        put(w,
            " gr\xfc\xdf"
            "e \xff\xfe\x80",
            9);
    if (flags & FLAG_LF_ONLY)
        put(w, "\n", 1);
    else
        put(w, "\r\n", 2);
}

static void put_reply(struct writer *w, const struct speaker *who, const char *code,
                      const char *lines)
{
    bool odd = true; /* the first line carries no keyword: it takes the odd octets */
    for (;;) {
        size_t len = strcspn(lines, "|");
        bool last = lines[len] == '\0';
        put_line(w, who, code, last, lines, len, odd);
        if (last)
            return;
        lines += len + 1;
        odd = false;
    }
}

/* put_ehlo writes the keywords with `starttls` in place of %S, and `more` at the end. */
static void put_ehlo(struct writer *w, const struct speaker *who, const char *lines,
                     const char *starttls, const char *more)
{
    char text[REPLY_TEXT_MAX];
    const char *gap = strstr(lines, "%S");
    struct writer t = {(uint8_t *)text, 0};
    put(&t, lines, (size_t)(gap - lines));
    put(&t, starttls, strlen(starttls));
    put(&t, gap + 2, strlen(gap + 2));
    put(&t, more, strlen(more));
    put(&t, "", 1);
    put_reply(w, who, "250", text);
}

static void put_ehlo_tls(struct writer *w, const struct speaker *who, const struct manner *m)
{
    if (who->behaviour->flags & FLAG_OTHER_INSIDE)
        put_ehlo(w, who, "%h|SIZE 26214400%S|8BITMIME|SMTPUTF8", "",
                 "|AUTH PLAIN LOGIN XOAUTH2|REQUIRETLS|LIMITS RCPTMAX=100");
    else
        put_ehlo(w, who, m->ehlo, "", m->ehlo_inside);
}

size_t text_reply(uint8_t out[REPLY_TEXT_MAX], const struct speaker *who, enum reply_kind kind)
{
    const struct manner *m = manner_of(who);
    unsigned flags = who->behaviour->flags;
    struct writer w = {out, 0};
    switch (kind) {
    case REPLY_GREETING:
        put_reply(&w, who, "220", flags & FLAG_LONG_GREETING ? m->long_greeting : m->greeting);
        break;
    case REPLY_EHLO:
        put_ehlo(&w, who, m->ehlo, flags & FLAG_MASKED ? "|XXXXXXXA" : "|STARTTLS", "");
        break;
    case REPLY_EHLO_TLS: put_ehlo_tls(&w, who, m); break;
    case REPLY_HELO: put_reply(&w, who, "250", m->helo); break;
    case REPLY_STARTTLS: put_reply(&w, who, "220", m->starttls); break;
    case REPLY_QUIT: put_reply(&w, who, "221", m->quit); break;
    case REPLY_THROTTLED:
        put_reply(&w, who, "421",
                  "4.7.0 Error: too many connections from your network, try again later");
        break;
    case REPLY_OK: put_reply(&w, who, "250", "2.0.0 Ok"); break;
    case REPLY_BAD_SEQUENCE:
        put_reply(&w, who, "503", "5.5.1 Error: bad sequence of commands");
        break;
    case REPLY_UNKNOWN: put_reply(&w, who, "502", m->unknown); break;
    }
    return w.len;
}
