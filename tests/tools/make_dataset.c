/* make_dataset: writes datasets for test_mxstat.py. usage: make_dataset FILE KIND [SHARDS SHARD]
 * KIND: complete, stopped, open (killed), resumed (goes on with FILE); with an S in front: a stream;
 * with "-odd" behind: of an odd number of targets, shards that began at different times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/synth.h"

#define GREETING "220 mx ESMTP\r\n"
#define EHLO     "250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
#define HOSTILE_GREETING                                                                           \
    "220-\x1b[31m<script>\"\\\r\n220 \xff\xfe\x01 \xe2\x80\xae \xc3\xa9\x7f\r\n"
#define HOSTILE_EHLO "250-a\n250-\x80\x9b\\x41\r\n250 STARTTLS\r\n"

static const struct synth_cert ca = {
    .issuer_cn = "Root", .subject_cn = "CA", .not_after = SYNTH_START_S * 2, .key_number = 1};
static const struct synth_cert leaf = {.issuer_org = "Trust & <b>Co</b>",
                                       .issuer_cn = "CA",
                                       .subject_cn = "mx.example\x1b[2J",
                                       .not_after = SYNTH_START_S + 86400,
                                       .key_number = 2};
static const struct synth_cert other = {.issuer_org = "\xe2\x80\xae\x1b]0;x\x07",
                                        .subject_cn = "b",
                                        .not_after = SYNTH_START_S * 2,
                                        .key = SYNTH_P256,
                                        .key_number = 3};

static struct synth_class classes[] = {
    {.count = 40, .stage = STAGE_CONNECT, .cause = CAUSE_REFUSED},
    {.count = 20,
     .stage = STAGE_GREETING,
     .cause = CAUSE_REJECTED,
     .greeting = "554 5.7.1 go away\r\n"},
    {.count = 10, .stage = STAGE_GREETING, .cause = CAUSE_MALFORMED, .greeting = HOSTILE_GREETING},
    {.count = 10,
     .stage = STAGE_STARTTLS,
     .cause = CAUSE_REJECTED,
     .greeting = HOSTILE_GREETING,
     .ehlo = HOSTILE_EHLO,
     .starttls = "454 \xff no\n"},
    {.count = 10,
     .stage = STAGE_HANDSHAKE,
     .cause = CAUSE_ALERT_RECEIVED,
     .greeting = GREETING,
     .ehlo = EHLO,
     .starttls = "220 go\r\n",
     .alert = 40},
    {.count = 60,
     .stage = STAGE_DONE,
     .cause = CAUSE_OK,
     .greeting = GREETING,
     .ehlo = EHLO,
     .starttls = "220 go\r\n",
     .ehlo_tls = EHLO,
     .handshake_done = true,
     .version = 0x0304,
     .suite = 0x1301,
     .group = 29,
     .sigscheme = 0x0403,
     .chain = {&leaf, &ca}},
    {.count = 50,
     .stage = STAGE_DONE,
     .cause = CAUSE_OK,
     .greeting = GREETING,
     .ehlo = EHLO,
     .starttls = "220 go\r\n",
     .ehlo_tls = HOSTILE_EHLO,
     .handshake_done = true,
     .version = 0x0303,
     .suite = 0xc02f,
     .group = 23,
     .sigscheme = 0x0804,
     .chain = {&other}},
};

int main(int argc, char **argv)
{
    struct synth s = {.classes = classes,
                      .num_classes = sizeof classes / sizeof classes[0],
                      .block_len = 30,
                      .reason = DATASET_COMPLETE,
                      .seed = 11};
    if (argc < 3) {
        fprintf(stderr, "usage: make_dataset FILE KIND [SHARDS SHARD]\n");
        return 2;
    }
    bool odd = strstr(argv[2], "-odd") != NULL;
    if (odd)
        classes[0].count++;
    s.streamed = argv[2][0] == 'S';
    s.blank_every = s.streamed ? 10 : 0;
    const char *kind = argv[2] + s.streamed;
    s.resume = kind[0] == 'r';
    if (kind[0] == 's' || kind[0] == 'o')
        s.leave_out = 50;
    if (kind[0] == 's')
        s.reason = DATASET_STOPPED;
    if (kind[0] == 'o')
        s.reason = 0;
    if (argc == 5) {
        s.num_shards = (uint32_t)strtoul(argv[3], NULL, 10);
        s.shard = (uint32_t)strtoul(argv[4], NULL, 10);
    }
    if (odd) /* the last shard began first, and one file of all as early as that */
        s.early_us = 500 * (uint64_t)(s.num_shards > 0 ? s.shard : 6);
    synth_write(argv[1], &s);
    return 0;
}
