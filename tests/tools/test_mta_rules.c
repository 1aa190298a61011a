/* mta_rules: the rules that are shipped, over what servers say; their names are example.com's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tools/mta_rules.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])
#define DATE      "Thu, 26 Nov 2026 05:34:27 +0000"
#define MX        "mx.example.com"

struct row {
    const char *text, *name, *version; /* name "": unknown; version NULL: none */
};

static const struct row greetings[] = {
    {"220 mx.google.com ESMTP d9443c01a7336-29d1f0a1b2csi1234567ad.123 - gsmtp", "Google", NULL},
    {"220 DB5PEPF00014B8A.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at " DATE
     " [08DE2C]",
     "Exchange Online", NULL},
    {"220 inbound-smtp.us-east-1.amazonaws.com ESMTP SimpleEmailService-d-ABCDEFG 1a2b3c",
     "Amazon SES", NULL},
    {"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABC1234 x", "Amazon SES", NULL},
    {"220 mtaproxy510.free.mail.bf1.yahoo.com ESMTP ready", "Yahoo", NULL},
    {"220 icloud.com ESMTP - p00-icloudmta-smtpin", "iCloud Mail", NULL},
    {"220 mxfront1j.mail.yandex.net (Want to use Yandex.Mail for your domain? Visit "
     "http://pdd.yandex.ru) 1764135267-abc",
     "Yandex", NULL},
    {"220 mx152.mail.ru ESMTP (Looking for Mail for your domain? Visit https://biz.mail.ru)",
     "Mail.ru", NULL},
    {"220 Mail.Ru ESMTP", "Mail.ru", NULL},
    {"220 gmx.net (mxgmx101) Nemesis ESMTP Service ready", "GMX", NULL},
    {"220 web.de (mxweb111) Nemesis ESMTP Service ready", "GMX", NULL},
    {"220 kundenserver.de (mxeue001) Nemesis ESMTP Service ready", "IONOS", NULL},
    {"220 redir.mail.ovh.net ESMTP", "OVH", NULL},
    {"220 mx.zohomail.com SMTP Server ready " DATE, "Zoho", NULL},
    {"220 mx.zoho.eu SMTP Server ready " DATE, "Zoho", NULL},
    {"220 mx1.messagingengine.com ESMTP . No UCE permitted.", "Fastmail", NULL},
    {"220 mx.cloudflare.net Cloudflare Email ESMTP Service ready", "Cloudflare Email Routing",
     NULL},
    {"220 p3plibsmtp02-01.prod.phx3.secureserver.net bizsmtp ESMTP server ready", "GoDaddy bizsmtp",
     NULL},
    {"220 Mailgun Influx ready", "Mailgun", NULL},
    {"220 SG ESMTP service ready at ismtpd0001p1lon1.sendgrid.net", "SendGrid", NULL},
    {"220 newxmmxszc5.qq.com XMail Esmtp QQ Mail Server.", "QQ Mail", NULL},
    {"220 " MX " Anti-spam GT for Coremail System (icmhosting[20210401])", "Coremail", NULL},

    {"220 mx0a-00000000.pphosted.com ESMTP mfa-m0000001", "Proofpoint", NULL},
    {"220 " MX " ESMTP mfa-m0048590.ppops.net", "Proofpoint", NULL},
    {"220 " MX " Proofpoint Protection Server 8.17.1 ESMTP", "Proofpoint", "8.17.1"},
    {"220 eu-smtp-inbound-1.mimecast.com ESMTP; " DATE " [a-b_c]", "Mimecast", NULL},
    {"220 esa1.hc123-45.iphmx.com ESMTP", "Cisco Secure Email", NULL},
    {"220 server-12.tower-345.messagelabs.com ESMTP", "Symantec Email Security.cloud", NULL},
    {"220 " MX " ESMTP Symantec Messaging Gateway", "Symantec Messaging Gateway", NULL},
    {"220 " MX " ESMTP Trend Micro InterScan Messaging Security Suite, Version: 9.1",
     "Trend Micro InterScan", NULL},
    {"220 in.hes.trendmicro.com ESMTP", "Trend Micro Email Security", NULL},
    {"220 " MX " ESMTP Smtpd; " DATE, "FortiMail", NULL},
    {"220 mx-01-eu-central-1.prod.hydra.sophos.com ESMTP", "Sophos Email", NULL},
    {"220 d12345a.ess.barracudanetworks.com ESMTP (0123456789abcdef0123456789abcdef)", "Barracuda",
     NULL},
    {"220 barracuda.example.com ESMTP (0123456789abcdef0123456789abcdef)", "Barracuda", NULL},
    {"220 mx-gate01-haj2.hornetsecurity.com ESMTP Postfix", "Hornetsecurity", NULL},
    {"220 " MX " ESMTP SecurityGateway 8.5.2; " DATE, "MDaemon SecurityGateway", "8.5.2"},

    {"220 " MX " ESMTP Postfix", "Postfix", NULL},
    {"220 " MX " ESMTP Postfix (Debian/GNU)", "Postfix", NULL},
    {"220 " MX " ESMTP Postfix (Ubuntu)", "Postfix", NULL},
    {"220 " MX " ESMTP Postfix (3.4.13)", "Postfix", "3.4.13"},
    {"220 " MX " ESMTP Postfix 2.11.3 (Debian)", "Postfix", "2.11.3"},
    {"220-" MX " ESMTP Postfix\r\n220 spam is not welcome", "Postfix", NULL},
    {"220 " MX " ESMTP Postcow", "mailcow (Postfix)", NULL},
    {"220 zimbra.example.com ESMTP Postfix", "Zimbra (Postfix)", NULL},
    {"220 " MX " ESMTP Exim 4.96 " DATE, "Exim", "4.96"},
    {"220-" MX " ESMTP Exim 4.98.2 #2 " DATE
     "\r\n220-We do not authorize the use of this system to transport unsolicited,\r\n"
     "220 and/or bulk e-mail.",
     "Exim", "4.98.2"},
    {"220 " MX " ESMTP Sendmail 8.17.1/8.15.2; " DATE, "Sendmail", "8.17.1"},
    {"220 " MX " ESMTP Sendmail AIX7.2/8.11.0; " DATE, "Sendmail", NULL},
    {"220 " MX " ESMTP Sendmail Switch-3.1.4/Switch-3.1.0; " DATE, "Sendmail", "3.1.4"},
    {"220 " MX " Microsoft ESMTP MAIL Service ready at " DATE, "Microsoft Exchange", NULL},
    {"220 " MX " Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at  " DATE,
     "Microsoft SMTP service", "6.0.3790.4675"},
    {"220 " MX " ESMTP Server (Microsoft Exchange Internet Mail Service 5.5.2653.13) ready",
     "Microsoft Exchange", "5.5.2653.13"},
    {"220 " MX " ESMTP OpenSMTPD", "OpenSMTPD", NULL},
    {"220 " MX " ESMTP notqmail-1.08", "notqmail", "1.08"},
    {"220 " MX " ESMTP netqmail-1.06 ready", "netqmail", "1.06"},
    {"220 " MX " ESMTP qmail", "qmail", NULL},
    {"220 " MX " ESMTP Haraka/2.8.28 ready", "Haraka", "2.8.28"},
    {"220 " MX " ESMTP Haraka 3.0.3 ready (0A1B2C3D)", "Haraka", "3.0.3"},
    {"220 example.com ESMTP MailEnable Service, Version: 10.42-- ready at 11/26/26 05:34:27",
     "MailEnable", "10.42"},
    {"220 " MX " ESMTP MDaemon 21.5.2; " DATE, "MDaemon", "21.5.2"},
    {"220 " MX " Kerio Connect 9.2.7 patch 2 ESMTP ready", "Kerio Connect", "9.2.7"},
    {"220 " MX " ESMTP Service (Lotus Domino Release 8.5.3FP6) ready at " DATE, "HCL Domino",
     "8.5.3"},
    {"220 " MX " ESMTP Service (HCL Domino Release 12.0.2) ready at " DATE, "HCL Domino", "12.0.2"},
    {"220 " MX " ESMTP Service (IBM Domino Release 9.0.1FP8) ready", "HCL Domino", "9.0.1"},
    {"220 " MX " ESMTP IceWarp 14.0.0.10 RHEL7 x64; " DATE, "IceWarp", "14.0.0.10"},
    {"220 " MX " ESMTP Merak 8.9.1; " DATE, "IceWarp", "8.9.1"},
    {"220 " MX " SmarterMail 16.3.6989", "SmarterMail", "16.3.6989"},
    {"220 " MX " Axigen ESMTP ready", "Axigen", NULL},
    {"220 " MX " Dovecot (Ubuntu) ready.", "Dovecot", NULL},
    {"220 " MX " Dovecot ready.", "Dovecot", NULL},
    {"220 " MX " Python SMTP 1.4.4", "aiosmtpd", "1.4.4"},
    {"220 " MX " Python SMTP proxy version 0.3", "Python smtpd", "0.3"},
    {"220 " MX " SMTP Server (JAMES SMTP Server 2.3.2) ready " DATE, "Apache James", "2.3.2"},
    {"220 Apache JAMES awesome SMTP Server", "Apache James", NULL},
    {"220 " MX " Stalwart ESMTP at your service", "Stalwart", NULL},
    {"220 " MX " ESMTP mox", "mox", NULL},
    {"220 " MX " ESMTP chasquid", "chasquid", NULL},
    {"220 " MX " (PowerMTA(TM) v4.5r1) ESMTP service ready", "PowerMTA", "4.5"},
    {"220 " MX " ESMTP ecelerity 4.2.38.62368 r(Core:4.2.38.4) " DATE, "Momentum (ecelerity)",
     "4.2.38.62368"},
    {"220 " MX " ESMTP GreenArrow Engine ready", "GreenArrow", NULL},
    {"220 " MX " ESMTP Postal/A1B2C3", "Postal", NULL},
    {"220 " MX " ESMTP CommuniGate Pro 6.2.14 is glad to see you!", "CommuniGate Pro", "6.2.14"},
    {"220 " MX " GroupWise Internet Agent 18.2.0 Copyright 1993-2019", "GroupWise", "18.2.0"},
    {"220 " MX " -- Server ESMTP (Oracle Communications Messaging Server 8.0.1.3.20170906 64bit)",
     "Oracle Messaging Server", "8.0.1.3.20170906"},
    {"220 " MX " ESMTP server (InterMail vM.8.01.05.28 201-2260) ready " DATE, "InterMail",
     "8.01.05.28"},
    {"220 " MX " (IMail 9.23 123-1) NT-ESMTP Server X1", "IMail", "9.23"},
    {"220 <1764135267.1@" MX "> [XMail 1.27 ESMTP Server] service ready; " DATE, "XMail", "1.27"},
    {"220 " MX " SurgeSMTP (Version 7.3k-2) http://surgemail.com", "SurgeMail", "7.3"},
    {"220 VPOP3 ESMTP Server Ready", "VPOP3", NULL},
    {"220 " MX " ESMTP INetSim", "INetSim", NULL},
    {"220 " MX " ESMTP (Exim 4.87) " DATE, "Exim", "4.87"},
    {"220 " MX " ESMTP Hi, I'm a Mail-in-a-Box (Ubuntu/Postfix; see https://example.com/)",
     "Postfix", NULL},
    {"220 " MX " ESMTP Postfix (2.8-20100306)", "Postfix", "2.8"},
    {"220 " MX " ESMTP Sendmail AIX5.1/8.11.6p2/8.11.0; " DATE, "Sendmail", "8.11.6"},
    {"220 " MX " Sendmail AIX 4.1/UCB 5.64/4.03 ready at " DATE, "Sendmail", NULL},
    {"220 " MX " ESMTP service ready [1] (MDaemon v2.7 SP4 R)", "MDaemon", "2.7"},
    {"220 " MX " ESMTP Service (Lotus Domino Build V85_M2_08202008) ready", "HCL Domino", NULL},
    {"220 " MX " ESMTP mox v0.0.11", "mox", "0.0.11"},
    {"220 " MX " Mailpit ESMTP Service ready", "Mailpit", NULL},
    {"220 " MX " VPOP3 SMTP Server Ready", "VPOP3", NULL},
    {"220 " MX " ESMTP SonicWall (9.1.1.3113)", "SonicWall Email Security", "9.1.1.3113"},
    {"220 Cellopoint E-mail Firewall v3.9.12 Build 0324 ready", "Cellopoint", "3.9.12"},
    {"220 ESMTP on WinWebMail [3.9.0.7] ready.", "WinWebMail", "3.9.0.7"},
    {"220 " MX " MailSite ESMTP Receiver Version 10.2.0.0 Ready", "MailSite", "10.2.0.0"},
    {"220 " MX " SMTP Server SLmail 5.5.0.4433 Ready ESMTP spoken here", "SLMail", "5.5.0.4433"},
    {"220 " MX " Mercury/32 v3.30 ESMTP server ready.", "Mercury/32", "3.30"},
    {"220 " MX " ESMTP server (post.office v3.8.4 release 116 ID# 1) ready", "Post.Office",
     "3.8.4"},

    /* what says nothing, or what only a host name says */
    {"220 " MX " ESMTP", "", NULL},
    {"220 " MX " ESMTP ready", "", NULL},
    {"220 " MX, "", NULL},
    {"220 postfix.example.com ESMTP", "", NULL},
    {"220 exim.example.com ESMTP ready", "", NULL},
    {"220 sendmail.example.com ESMTP", "", NULL},
    {"220 qmail.example.com ESMTP", "", NULL},
    {"220 mx.icloud.com.example.com.evil ESMTP", "iCloud Mail", NULL},
    {"220 mx.mygoogle.example.com ESMTP", "", NULL},
    {"554 5.7.1 No SMTP service here", "", NULL},
    {"220 ****************2******2002*****2***0*00", "", NULL},
    {"\x16\x03\x01", "", NULL},
    {"", "", NULL},
};

static void require(const struct rules *r, const struct bytes texts[NUM_RULE_FIELDS],
                    const struct row *row)
{
    struct rule_match m = {.version = {NULL, 0}};
    const char *name = rules_match(r, &m, texts) ? rules_name(r, m.name) : "";
    struct bytes expected = row->version != NULL ? bytes_text(row->version) : bytes_of(NULL, 0);
    if (strcmp(name, row->name) != 0 || !bytes_equal(m.version, expected))
        fail_msg("%s: \"%s\" \"%.*s\"", row->text, name, (int)m.version.len,
                 (const char *)m.version.data);
}

static struct rules *open_mta(void)
{
    struct rules *r = NULL;
    char err[RULES_ERR_MAX] = "";
    if (mta_rules_open(&r, err, NULL) != 0)
        fail_msg("%s", err);
    return r;
}

static void by_greeting(void **state)
{
    (void)state;
    struct rules *r = open_mta();
    for (size_t i = 0; i < LENGTH(greetings); i++) {
        struct bytes texts[NUM_RULE_FIELDS] = {
            [RULE_GREETING] = bytes_text(greetings[i].text),
            [RULE_EHLO] = bytes_text("250-" MX "\r\n250-STARTTLS\r\n250 SIZE\r\n")};
        require(r, texts, &greetings[i]);
    }
    rules_free(r);
}

static void by_ehlo(void **state)
{
    (void)state;
    static const struct {
        const char *greeting;
        struct row row;
    } cases[] = {
        {"220 ready",
         {"250-" MX " Hello [192.0.2.1]\r\n250-X-ANONYMOUSTLS\r\n250 XRDST\r\n",
          "Microsoft Exchange", NULL}},
        {"220 ready",
         {"250-" MX "\r\n250-X-EXPS GSSAPI NTLM\r\n250 SIZE\r\n", "Microsoft Exchange", NULL}},
        {"220 " MX " ESMTP",
         {"250-" MX " Ok\r\n250-XVERP=Courier\r\n250 DSN\r\n", "Courier", NULL}},
        {"220 " MX " ESMTP ready",
         {"250-" MX " Hello x [192.0.2.1]Haraka is at your service.\r\n250 PIPELINING\r\n",
          "Haraka", NULL}},
        {"220 " MX " ESMTP",
         {"250-" MX " Nice to meet you, [192.0.2.1]\r\n250 SMTPUTF8\r\n",
          "smtp-server (Nodemailer)", NULL}},
        {"220 " MX " ESMTP Service Ready",
         {"250-Hello scanner.example.com\r\n250 8BITMIME\r\n", "go-smtp", NULL}},
        {"220 " MX " ESMTP Service Ready", {"250-" MX "\r\n250 8BITMIME\r\n", "", NULL}},
        {"220 " MX " ESMTP Postfix", {"250-" MX "\r\n250 X-ANONYMOUSTLS\r\n", "Postfix", NULL}},
    };
    struct rules *r = open_mta();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct bytes texts[NUM_RULE_FIELDS] = {[RULE_GREETING] = bytes_text(cases[i].greeting),
                                               [RULE_EHLO] = bytes_text(cases[i].row.text)};
        require(r, texts, &cases[i].row);
    }
    rules_free(r);
}

static const struct row replies[] = {
    {"554 5.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]", "no PTR", NULL},
    {"550 5.7.25 The IP address sending this message does not have a PTR record", "no PTR", NULL},
    {"421 4.7.0 rDNS lookup failed", "no PTR", NULL},
    {"554 Your reverse DNS is missing", "no PTR", NULL},
    {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
     "listed", NULL},
    {"550 5.7.1 192.0.2.1 is listed at dnsbl.example.com", "listed", NULL},
    {"554 5.7.1 IP blacklisted", "listed", NULL},
    {"550 SC-001 Mail rejected for policy reasons: dynamic IP", "dynamic address", NULL},
    {"554-" MX "\r\n554 Your access has been denied due to the sender's poor reputation.", "listed",
     NULL},
    {"421 4.7.0 Too many connections from your host", "too many connections", NULL},
    {"421 Too many concurrent SMTP connections; please try again later", "too many connections",
     NULL},
    {"421 4.3.2 The maximum number of connections has been reached", "too many connections", NULL},
    {"450 4.2.0 Greylisted, see http://example.com", "greylisted", NULL},
    {"421 " MX " Server too busy", "busy", NULL},
    {"550 5.7.1 Helo command rejected: need fully-qualified hostname", "HELO name", NULL},
    {"554 SMTP synchronization error: data sent before greeting", "early talker", NULL},
    {"530 5.7.0 Must issue a STARTTLS command first", "TLS required", NULL},
    {"521 " MX " does not accept mail", "no service", NULL},
    {"554 5.7.1 Access denied", "policy", NULL},
    {"421 4.3.0 Try again later", "later", NULL},
    {"421 Service not available, closing transmission channel", "no service", NULL},
    {"554 " MX, "", NULL},
    {"550 nope", "", NULL},
};

static void rejections(void **state)
{
    (void)state;
    struct rules *r = NULL;
    char err[RULES_ERR_MAX] = "";
    assert_int_equal(rejection_rules_open(&r, err, NULL), 0);
    for (size_t i = 0; i < LENGTH(replies); i++) {
        struct bytes texts[NUM_RULE_FIELDS] = {[RULE_REPLY] = bytes_text(replies[i].text)};
        require(r, texts, &replies[i]);
    }
    rules_free(r);
}

static void certificates(void **state)
{
    (void)state;
    static const struct row issuers[] = {
        {"Plesk", "Plesk", NULL},
        {"plesk", "Plesk", NULL},
        {"Plesk of Example Ltd", "", NULL},
        {"Parallels", "Parallels Panel", NULL},
        {"Odin", "Odin (Plesk, Odin Automation)", NULL},
        {"Webmin Webserver on mx.example.com", "Webmin", NULL},
        {"SomeOrganization", "make-dummy-cert (Red Hat)", NULL},
        {"Internet Widgits Pty Ltd", "OpenSSL without an answer", NULL},
        {"Default Company Ltd", "OpenSSL without an answer (Red Hat)", NULL},
        {"My Company Ltd", "OpenSSL without an answer (Red Hat)", NULL},
        {"Courier Mail Server", "Courier", NULL},
        {"Dovecot mail server", "Dovecot (Debian)", NULL},
        {"Temporary-Mail-In-A-Box-CA", "Mail-in-a-Box", NULL},
        {"mailcow", "mailcow", NULL},
        {"Sendmail", "Sendmail (Debian)", NULL},
        {"Sendmail, Inc.", "", NULL},
        {"Fortinet", "Fortinet", NULL},
        {"Fortinet Ltd.", "Fortinet", NULL},
        {"HTTPS Management Certificate for SonicWALL (self-signed)", "SonicWall", NULL},
        {"Synology Inc.", "Synology", NULL},
        {"Let's Encrypt", "", NULL},
        {"cPanel, Inc.", "", NULL},
        {"CA", "", NULL},
        {"mx.example.com", "", NULL},
        {"220 Plesk", "Plesk", NULL}, /* as a reply's, a code does not count */
    };
    char err[RULES_ERR_MAX];
    struct rules *r;
    if (certificate_rules_open(&r, err, NULL) != 0)
        fail_msg("%s", err);
    for (size_t i = 0; i < LENGTH(issuers); i++) {
        struct bytes texts[NUM_RULE_FIELDS] = {[RULE_ISSUER] = bytes_text(issuers[i].text)};
        struct rule_match match;
        const char *name = rules_match(r, &match, texts) ? rules_name(r, match.name) : "";
        if (strcmp(name, issuers[i].name) != 0)
            fail_msg("%s: %s, and not %s", issuers[i].text, name, issuers[i].name);
    }
    rules_free(r);
    assert_int_equal(certificate_rules_open(&r, err, TOOLS_DATA "/certificate-rules.txt"), 0);
    rules_free(r);
    assert_true(certificate_rules_open(&r, err, TOOLS_DATA "/mta-rules.txt") < 0);
}

static void fingerprints(void **state)
{
    (void)state;
    static const struct {
        const char *greeting;
        struct row row;
    } cases[] = {
        {"220 ***************************2******2002*****2***0*00",
         {"250 " MX "\r\n", "masked greeting", NULL}},
        {"220 " MX " *****************", {"250 " MX "\r\n", "masked greeting", NULL}},
        {"220 " MX,
         {"250-" MX "\r\n250-SIZE 1\r\n250-XXXXXXXA\r\n250 DSN\r\n", "masked keywords", NULL}},
        {"220 " MX, {"250-" MX "\r\n250 XXXXXXXXXXXXXXXXXX\r\n", "masked keywords", NULL}},
        {"220 " MX,
         {"500 5.5.1 Command unrecognized: \"XXXX scanner.example.com\"\r\n", "garbled EHLO",
          NULL}},
        {"220 " MX, {"250-" MX "\r\n250 STARTTLS\r\n", "", NULL}},
        {"220 " MX " ***", {"250-" MX "\r\n250 XCLIENT\r\n", "", NULL}},
    };
    struct rules *r = NULL;
    char err[RULES_ERR_MAX] = "";
    assert_int_equal(rejection_rules_open(&r, err, NULL), 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct bytes texts[NUM_RULE_FIELDS] = {[RULE_GREETING] = bytes_text(cases[i].greeting),
                                               [RULE_EHLO] = bytes_text(cases[i].row.text)};
        require(r, texts, &cases[i].row);
    }
    rules_free(r);
}

/* what is built in is what the files say; one kind is not taken for the other */
static void files(void **state)
{
    (void)state;
    struct rules *r = NULL, *builtin = open_mta();
    char err[RULES_ERR_MAX] = "";
    assert_int_equal(mta_rules_open(&r, err, TOOLS_DATA "/mta-rules.txt"), 0);
    assert_string_equal(rules_version(r), rules_version(builtin));
    assert_int_equal(rules_num_names(r), rules_num_names(builtin));
    rules_free(r);
    rules_free(builtin);
    r = NULL;
    assert_true(mta_rules_open(&r, err, TOOLS_DATA "/rejection-rules.txt") < 0);
    assert_non_null(strstr(err, "rules of another kind; \"mta\" is expected"));
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_greeting),  cmocka_unit_test(by_ehlo), cmocka_unit_test(rejections),
        cmocka_unit_test(fingerprints), cmocka_unit_test(files),   cmocka_unit_test(certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
