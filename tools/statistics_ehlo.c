#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LABEL_MAX = 96 };

/* ---- classes of replies, with how many targets have each ---- */

/* names what a line of a class counts as; false: nothing */
typedef bool line_label(struct bytes *label, char buffer[LABEL_MAX], struct bytes line);

/* adds a row for each label; each target counts once for each */
static int fill_lines(struct statistic *s, const struct aggregate *a, enum aggregate_tally which,
                      line_label *label_of)
{
    struct word_tally labels;
    struct tally_row row;
    word_tally_init(&labels);
    for (size_t at = 0; tally_next(&a->tally[which], &at, &row);) {
        struct bytes class = a->ehlo.classes.words[row.key].text, line, label;
        char buffer[LABEL_MAX];
        while (ehlo_line_next(&class, &line))
            if (label_of(&label, buffer, line))
                word_tally_add(&labels, label, row.count);
    }
    for (size_t i = 0; i < labels.num; i++)
        statistic_add(s, labels.words[i].text, labels.words[i].count, ROW_VALUE);
    int rc = labels.bad ? -ENOMEM : 0;
    word_tally_cleanup(&labels);
    return rc;
}

static bool is_keyword(struct bytes line)
{
    return line.len > 0 && line.data[0] != '!' && line.data[0] != '?' &&
           memchr(line.data, '=', line.len) == NULL;
}

static bool keyword_label(struct bytes *label, char buffer[LABEL_MAX], struct bytes line)
{
    (void)buffer;
    *label = line;
    if (line.len == 1 && line.data[0] == '?')
        *label = bytes_text("words that are no keyword");
    return is_keyword(line) || label->data != line.data;
}

/* IANA "SMTP Service Extensions" */
static bool is_registered(struct bytes keyword)
{
    static const char *const keywords[] = {
        "8BITMIME", "ATRN",        "AUTH",          "BINARYMIME",
        "BURL",     "CHECKPOINT",  "CHUNKING",      "CONNEG",
        "CONPERM",  "DELIVERBY",   "DSN",           "ENHANCEDSTATUSCODES",
        "ETRN",     "EXPN",        "FUTURERELEASE", "HELP",
        "LIMITS",   "MT-PRIORITY", "MTRK",          "NO-SOLICITING",
        "ONEX",     "PIPELINING",  "REQUIRETLS",    "RRVS",
        "SAML",     "SEND",        "SIZE",          "SMTPUTF8",
        "SOML",     "STARTTLS",    "SUBMITTER",     "TURN",
        "UTF8SMTP", "VERB",        "VRFY"};
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (bytes_equal(keyword, bytes_text(keywords[i])))
            return true;
    return false;
}

static bool unregistered_label(struct bytes *label, char buffer[LABEL_MAX], struct bytes line)
{
    return keyword_label(label, buffer, line) && !is_registered(*label);
}

static bool auth_label(struct bytes *label, char buffer[LABEL_MAX], struct bytes line)
{
    (void)buffer;
    if (line.len < 5 || memcmp(line.data, "AUTH=", 5) != 0)
        return false;
    *label = bytes_of(line.data + 5, line.len - 5);
    if (bytes_equal(*label, bytes_text("?")))
        *label = bytes_text("words that are no mechanism");
    return true;
}

int fill_extensions(struct statistic *s, const struct aggregate *a)
{
    return fill_lines(s, a, TALLY_EHLO, keyword_label);
}

int fill_extensions_tls(struct statistic *s, const struct aggregate *a)
{
    return fill_lines(s, a, TALLY_EHLO_TLS, keyword_label);
}

int fill_unregistered(struct statistic *s, const struct aggregate *a)
{
    return fill_lines(s, a, TALLY_EHLO, unregistered_label);
}

int fill_auth(struct statistic *s, const struct aggregate *a)
{
    return fill_lines(s, a, TALLY_EHLO, auth_label);
}

int fill_auth_tls(struct statistic *s, const struct aggregate *a)
{
    return fill_lines(s, a, TALLY_EHLO_TLS, auth_label);
}

/* ---- SIZE ---- */

enum size_bin { SIZE_NOT_OFFERED, SIZE_NO_VALUE, SIZE_BAD, SIZE_NO_LIMIT, SIZE_FIRST };
static const struct {
    uint64_t most;
    const char *label;
} size_bins[] = {
    {1 << 20, "up to 1 MiB"},     {10 << 20, "up to 10 MiB"},   {20 << 20, "up to 20 MiB"},
    {30 << 20, "up to 30 MiB"},   {50 << 20, "up to 50 MiB"},   {100 << 20, "up to 100 MiB"},
    {150 << 20, "up to 150 MiB"}, {UINT64_MAX, "over 150 MiB"},
};
enum { NUM_SIZE_BINS = sizeof size_bins / sizeof size_bins[0] };

static uint64_t number_of(struct bytes digits)
{
    uint64_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (n > UINT64_MAX / 10 - 1)
            return UINT64_MAX;
        n = 10 * n + (uint64_t)(digits.data[i] - '0');
    }
    return n;
}

/* of several values the smallest bin counts, so that one target has one */
static unsigned size_of(struct bytes class)
{
    struct bytes line;
    unsigned found = SIZE_NOT_OFFERED;
    while (ehlo_line_next(&class, &line)) {
        if (line.len < 5 || memcmp(line.data, "SIZE=", 5) != 0)
            continue;
        struct bytes value = bytes_of(line.data + 5, line.len - 5);
        unsigned bin = SIZE_FIRST;
        uint64_t size = value.len > 0 && value.data[0] != '?' ? number_of(value) : 0;
        while (size > size_bins[bin - SIZE_FIRST].most)
            bin++;
        if (value.len == 0)
            bin = SIZE_NO_VALUE;
        else if (value.data[0] == '?')
            bin = SIZE_BAD;
        else if (size == 0)
            bin = SIZE_NO_LIMIT;
        found = found == SIZE_NOT_OFFERED || bin < found ? bin : found;
    }
    return found;
}

int fill_size(struct statistic *s, const struct aggregate *a)
{
    uint64_t counts[SIZE_FIRST + NUM_SIZE_BINS] = {0};
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_EHLO], &at, &row);)
        counts[size_of(a->ehlo.classes.words[row.key].text)] += row.count;
    statistic_value(s, "not offered", counts[SIZE_NOT_OFFERED]);
    statistic_value(s, "without a value", counts[SIZE_NO_VALUE]);
    statistic_value(s, "a value that is no number", counts[SIZE_BAD]);
    statistic_value(s, "0: no fixed limit", counts[SIZE_NO_LIMIT]);
    for (size_t i = 0; i < NUM_SIZE_BINS; i++)
        statistic_value(s, size_bins[i].label, counts[SIZE_FIRST + i]);
    return 0;
}

/* ---- REQUIRETLS ---- */

static int fill_has(struct statistic *s, const struct aggregate *a, enum aggregate_tally which,
                    const char *keyword)
{
    uint64_t yes = 0, no = 0;
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[which], &at, &row);) {
        bool has = ehlo_class_has(a->ehlo.classes.words[row.key].text, bytes_text(keyword));
        *(has ? &yes : &no) += row.count;
    }
    statistic_value(s, "yes", yes);
    statistic_value(s, "no", no);
    return 0;
}

int fill_requiretls(struct statistic *s, const struct aggregate *a)
{
    return fill_has(s, a, TALLY_EHLO_TLS, "REQUIRETLS");
}

int fill_requiretls_outside(struct statistic *s, const struct aggregate *a)
{
    return fill_has(s, a, TALLY_EHLO, "REQUIRETLS");
}

int fill_auth_before(struct statistic *s, const struct aggregate *a)
{
    return fill_has(s, a, TALLY_EHLO, "AUTH");
}

int fill_starttls_again(struct statistic *s, const struct aggregate *a)
{
    return fill_has(s, a, TALLY_EHLO_TLS, "STARTTLS");
}

/* ---- before and after ---- */

static bool is_other_keyword(struct bytes line)
{
    return is_keyword(line) && !bytes_equal(line, bytes_text("STARTTLS"));
}

/* counts the keywords of one class that another has not; returns how many */
static size_t count_difference(struct word_tally *words, struct bytes class, struct bytes other,
                               uint64_t count)
{
    size_t num = 0;
    struct bytes line;
    while (ehlo_line_next(&class, &line)) {
        if (!is_other_keyword(line) || ehlo_class_has(other, line))
            continue;
        word_tally_add(words, line, count);
        num++;
    }
    return num;
}

static int fill_difference(struct statistic *s, const struct aggregate *a, bool added)
{
    struct word_tally words;
    struct tally_row row;
    word_tally_init(&words);
    for (size_t at = 0; tally_next(&a->tally[TALLY_EHLO_PAIR], &at, &row);) {
        struct bytes before = a->ehlo.classes.words[row.key >> EHLO_CLASS_BITS].text;
        struct bytes after = a->ehlo.classes.words[row.key & ((1 << EHLO_CLASS_BITS) - 1)].text;
        count_difference(&words, added ? after : before, added ? before : after, row.count);
    }
    for (size_t i = 0; i < words.num; i++)
        statistic_add(s, words.words[i].text, words.words[i].count, ROW_VALUE);
    int rc = words.bad ? -ENOMEM : 0;
    word_tally_cleanup(&words);
    return rc;
}

int fill_keywords_added(struct statistic *s, const struct aggregate *a)
{
    return fill_difference(s, a, true);
}

int fill_keywords_removed(struct statistic *s, const struct aggregate *a)
{
    return fill_difference(s, a, false);
}

int fill_keywords_changed(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[] = {"the same", "some added", "some removed",
                                         "some added, some removed"};
    uint64_t counts[4] = {0};
    struct word_tally unused;
    struct tally_row row;
    word_tally_init(&unused);
    for (size_t at = 0; tally_next(&a->tally[TALLY_EHLO_PAIR], &at, &row);) {
        struct bytes before = a->ehlo.classes.words[row.key >> EHLO_CLASS_BITS].text;
        struct bytes after = a->ehlo.classes.words[row.key & ((1 << EHLO_CLASS_BITS) - 1)].text;
        bool added = count_difference(&unused, after, before, 0) > 0;
        bool removed = count_difference(&unused, before, after, 0) > 0;
        counts[added | removed << 1] += row.count;
    }
    for (size_t i = 0; i < 4; i++)
        statistic_value(s, labels[i], counts[i]);
    word_tally_cleanup(&unused);
    return 0;
}
