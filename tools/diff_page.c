#include "tools/diff_page.h"

#include <errno.h>
#include <stdlib.h>

#include "core/times.h"
#include "tools/page_parts.h"
#include "tools/share.h"
#include "tools/svg.h"

enum { LIST_MAX = 300 * 1000 /* octets */, VALUE_MAX = 72, PATH_SHOWN_MAX = 120, MOVES_SHOWN = 20 };

static const char *const kind_names[] = {
    [DIFF_APPEARED] = "appeared", [DIFF_VANISHED] = "vanished", [DIFF_CHANGED] = "changed"};

/* what a field is called in a sentence */
static const char *const field_words[NUM_DIFF_FIELDS] = {
    [DIFF_OUTCOME] = "outcome",          [DIFF_SMTP_CODE] = "SMTP code that decided",
    [DIFF_VERSION] = "TLS version",      [DIFF_SUITE] = "cipher suite",
    [DIFF_GROUP] = "key exchange group", [DIFF_GREETING] = "greeting",
    [DIFF_EHLO] = "keywords before TLS", [DIFF_EHLO_TLS] = "keywords inside TLS",
    [DIFF_KEY] = "public key",           [DIFF_ISSUER] = "issuer",
    [DIFF_LEAF] = "leaf certificate",    [DIFF_CHAIN] = "chain behind the leaf",
};

/* ---- the list ---- */

void diff_page_init(struct diff_page *p)
{
    *p = (struct diff_page){0};
    html_init(&p->list);
}

void diff_page_cleanup(struct diff_page *p)
{
    html_cleanup(&p->list);
}

static int put_target(struct html *h, struct diff *d, char err[DIFF_ERR_MAX],
                      const struct diff_row *row)
{
    char addr[ADDR_TEXT_MAX] = "", host[STORED_TEXT_MAX];
    size_t len = 0;
    int rc = row->host.digest != 0 ? diff_text(d, err, host, &len, row->host) : 0;
    if (rc != 0)
        return rc;
    if (row->has_addr)
        addr_format(addr, row->addr);
    html_text(h, addr);
    html_put(h, row->has_addr && len > 0 ? " (" : "");
    html_octets(h, bytes_of(host, len), VALUE_MAX);
    html_format(h, "%s port %u", row->has_addr && len > 0 ? ")" : "", (unsigned)row->port);
    return 0;
}

/* a cell; empty where the target is not there */
static int put_value(struct html *h, struct diff *d, char err[DIFF_ERR_MAX], enum diff_field field,
                     const struct diff_row *row)
{
    char text[STORED_TEXT_MAX];
    size_t len = 0;
    int rc = row != NULL ? diff_value(d, err, text, &len, field, row->fields[field]) : 0;
    html_put(h, "<td><bdi>");
    if (row != NULL && len == 0)
        html_put(h, "(none)");
    else if (rc == 0)
        html_octets(h, bytes_of(text, len), VALUE_MAX);
    html_put(h, "</bdi></td>");
    return rc;
}

/* a row for each field that is told: what changed; of what is on one side only, how it ended */
static int put_change(struct html *h, struct diff *d, char err[DIFF_ERR_MAX],
                      const struct diff_change *c)
{
    const struct diff_row *row =
        c->sides[DIFF_NEW] != NULL ? c->sides[DIFF_NEW] : c->sides[DIFF_OLD];
    uint32_t told = c->kind == DIFF_CHANGED ? c->changed : UINT32_C(1) << DIFF_OUTCOME;
    int num = __builtin_popcount(told);
    html_format(h, "<tr><th scope=\"row\" rowspan=\"%d\"><bdi>", num);
    int rc = put_target(h, d, err, row);
    html_format(h, "</bdi></th><td rowspan=\"%d\">%s</td>", num, kind_names[c->kind]);
    for (size_t f = 0, at = 0; rc == 0 && f < NUM_DIFF_FIELDS; f++) {
        if ((told >> f & 1) == 0)
            continue;
        html_format(h, "%s<td>%s</td>", at++ > 0 ? "<tr>" : "",
                    diff_field_name((enum diff_field)f));
        rc = put_value(h, d, err, (enum diff_field)f, c->sides[DIFF_OLD]);
        if (rc == 0)
            rc = put_value(h, d, err, (enum diff_field)f, c->sides[DIFF_NEW]);
        html_put(h, "</tr>\n");
    }
    return rc;
}

int diff_page_change(void *ctx, char err[DIFF_ERR_MAX], struct diff *d,
                     const struct diff_change *change)
{
    struct diff_page *p = ctx;
    size_t before = p->list.len;
    p->num_changes++;
    if (p->is_full)
        return 0;
    int rc = put_change(&p->list, d, err, change);
    if (p->list.len > LIST_MAX)
        p->list.len = before;
    else
        p->num_shown++;
    p->is_full = p->list.len == before || p->num_shown == DIFF_PAGE_TARGETS_MAX;
    return rc;
}

/* ---- head ---- */

static void put_side(struct html *h, const struct diff_sum *sum, enum diff_side side,
                     const char *path)
{
    char date[TIME_TEXT_MAX], count[COUNT_TEXT_MAX];
    time_words(date, sum->files[side].start_us);
    html_octets(h, bytes_text(path), PATH_SHOWN_MAX);
    html_format(h, " of %s, %s records", date, count_text(count, sum->records[side]));
}

static void put_header(struct html *h, const struct diff_sum *sum,
                       const char *const paths[NUM_DIFF_SIDES])
{
    html_put(h, "<a class=\"skip\" href=\"#summary\">To the summary</a>\n<div class=\"w\">\n"
                "<header>\n<p class=\"eb\">Two sweeps compared</p>\n"
                "<h1>What changed among mail servers</h1>\n<p class=\"mu\">Old: <bdi>");
    put_side(h, sum, DIFF_OLD, paths[DIFF_OLD]);
    html_put(h, "</bdi></p>\n<p class=\"mu\">New: <bdi>");
    put_side(h, sum, DIFF_NEW, paths[DIFF_NEW]);
    html_put(h, "</bdi></p>\n</header>\n<nav aria-label=\"Sections\"><ul>\n"
                "<li><a href=\"#summary\">Summary</a></li>\n"
                "<li><a href=\"#fields\">Fields</a></li>\n"
                "<li><a href=\"#targets\">Targets</a></li>\n</ul></nav>\n<main>\n");
}

/* ---- summary ---- */

static void put_notices(struct html *h, const struct diff_sum *sum)
{
    static const char *const names[NUM_DIFF_SIDES] = {[DIFF_OLD] = "old", [DIFF_NEW] = "new"};
    for (size_t side = 0; side < NUM_DIFF_SIDES; side++) {
        if (sum->files[side].end == WALK_COMPLETE)
            continue;
        html_format(h, "<p class=\"no\">The %s sweep is not all there (", names[side]);
        html_text(h, walk_end_text(sum->files[side].end));
        html_format(h, "): targets that %s may only not have been visited.</p>\n",
                    side == DIFF_NEW ? "vanished" : "appeared");
    }
}

static void put_tiles(struct html *h, const struct diff_sum *sum)
{
    uint64_t both = sum->same + sum->changed;
    html_put(h, "<ul class=\"ti\">\n");
    page_tile(h, sum->changed, both, "changed", "targets in both");
    page_tile(h, sum->same, both, "are the same", "targets in both");
    page_tile(h, sum->appeared, sum->records[DIFF_NEW], "appeared", "records of the new sweep");
    page_tile(h, sum->vanished, sum->records[DIFF_OLD], "vanished", "records of the old sweep");
    html_put(h, "</ul>\n");
}

static void say_targets(struct html *h, const struct diff_sum *sum)
{
    uint64_t both = sum->same + sum->changed;
    html_put(h, "<p><i>Targets.</i> Both sweeps have ");
    page_say_count(h, both);
    html_put(h, both == 1 ? " target: " : " targets: ");
    page_say_share(h, sum->changed, both, " of them");
    html_put(h, " changed, ");
    page_say_share(h, sum->same, both, "");
    html_put(h, " are the same. ");
    page_say_share(h, sum->appeared, sum->records[DIFF_NEW], " of the new sweep");
    html_put(h, " appeared, and ");
    page_say_share(h, sum->vanished, sum->records[DIFF_OLD], " of the old one");
    html_put(h, " vanished.</p>\n");
}

static void say_field(struct html *h, const struct diff_sum *sum, enum diff_field f)
{
    html_put(h, "<li>");
    html_text(h, field_words[f]);
    html_put(h, ": ");
    page_say_share(h, sum->fields[f].changed, sum->fields[f].compared, "");
    html_put(h, " of ");
    page_say_count(h, sum->fields[f].compared);
    html_put(h, " changed</li>\n");
}

static void say_fields(struct html *h, const struct diff_sum *sum)
{
    static const enum diff_field told[] = {DIFF_OUTCOME, DIFF_VERSION, DIFF_GROUP, DIFF_LEAF,
                                           DIFF_KEY,     DIFF_ISSUER,  DIFF_EHLO,  DIFF_GREETING};
    html_put(h, "<p><i>Fields.</i> Of the targets of which both sweeps know a field:</p>\n<ul>\n");
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (sum->fields[told[i]].compared > 0)
            say_field(h, sum, told[i]);
    html_put(h, "</ul>\n");
}

static void put_summary(struct html *h, const struct diff_sum *sum)
{
    html_put(h, "<section id=\"summary\">\n<h2>Summary</h2>\n");
    put_notices(h, sum);
    put_tiles(h, sum);
    html_put(h, "<div class=\"wo\">\n");
    say_targets(h, sum);
    if (sum->same + sum->changed > 0)
        say_fields(h, sum);
    html_put(h, "<p><i>What is not known.</i> A target that a sweep never visited, or only "
                "counted, has no record in it. A field that only one of two records has, because "
                "the other session ended before, is no change of it.</p>\n</div>\n</section>\n");
}

/* ---- fields ---- */

static void put_cell(struct html *h, uint64_t count)
{
    char text[COUNT_TEXT_MAX];
    html_format(h, "<td>%s</td>", count_text(text, count));
}

static void put_share(struct html *h, uint64_t count, uint64_t of)
{
    char text[SHARE_TEXT_MAX];
    html_put(h, "<td>");
    html_text(h, share_text(text, count, of));
    html_put(h, "</td>");
}

/* on an axis of 0 to 100 % */
static void put_bar(struct html *h, uint64_t count, uint64_t of)
{
    struct svg s;
    if (count == 0)
        return;
    svg_open(&s, h, SVG_PAGE, 10, NULL, NULL);
    svg_rect(&s, "s0", 0, 0, (double)count / (double)of, 10);
    svg_close(&s);
}

static void put_fields(struct html *h, const struct diff_sum *sum)
{
    html_put(h, "<article class=\"fi\"><h3 id=\"h-fields\">Changes by field</h3>\n"
                "<p class=\"de\">Of the targets of which both sweeps know the field, how many "
                "changed; and how many only one of both knows.</p>\n"
                "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-fields\">"
                "<table class=\"t\" data-table=\"fields\"><thead><tr><th scope=\"col\">"
                "<span class=\"vh\">field</span><span class=\"ax\" aria-hidden=\"true\">"
                "<span>0 %</span><span>100 %</span></span></th>"
                "<th scope=\"col\">changed</th><th scope=\"col\">on both sides</th>"
                "<th scope=\"col\">of those</th><th scope=\"col\">only old</th>"
                "<th scope=\"col\">only new</th></tr></thead>\n<tbody>\n");
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++) {
        uint64_t changed = sum->fields[f].changed, of = sum->fields[f].compared;
        html_format(h, "<tr%s><th scope=\"row\"><b>%s</b> ", changed == 0 ? " class=\"z\"" : "",
                    diff_field_name((enum diff_field)f));
        html_text(h, field_words[f]);
        put_bar(h, changed, of);
        html_put(h, "</th>");
        put_cell(h, changed);
        put_cell(h, of);
        put_share(h, changed, of);
        put_cell(h, sum->fields[f].only[DIFF_OLD]);
        put_cell(h, sum->fields[f].only[DIFF_NEW]);
        html_put(h, "</tr>\n");
    }
    html_put(h, "</tbody></table></div>\n</article>\n");
}

static void put_move(struct html *h, enum diff_field f, uint64_t key)
{
    char old[DIFF_NUMBER_MAX], new[DIFF_NUMBER_MAX];
    diff_number_text(old, f, key >> 32);
    diff_number_text(new, f, key & UINT32_MAX);
    html_put(h, "<bdi>");
    html_octets(h, bytes_text(old), VALUE_MAX);
    html_put(h, " \xe2\x86\x92 ");
    html_octets(h, bytes_text(new), VALUE_MAX);
    html_put(h, "</bdi>");
}

static void put_move_rows(struct html *h, enum diff_field f, const struct tally_row *rows,
                          size_t num, uint64_t of)
{
    uint64_t rest = 0;
    for (size_t i = 0; i < num; i++) {
        if (i >= MOVES_SHOWN) {
            rest += rows[i].count;
            continue;
        }
        html_put(h, "<tr><th scope=\"row\">");
        put_move(h, f, rows[i].key);
        put_bar(h, rows[i].count, of);
        html_put(h, "</th>");
        put_cell(h, rows[i].count);
        put_share(h, rows[i].count, of);
        html_put(h, "</tr>\n");
    }
    if (rest == 0)
        return;
    html_format(h, "<tr><th scope=\"row\">other (%zu)</th>", num - MOVES_SHOWN);
    put_cell(h, rest);
    put_share(h, rest, of);
    html_put(h, "</tr>\n");
}

/* what a field went from and to; false: no memory */
static bool put_moves(struct html *h, const struct diff_sum *sum, enum diff_field f)
{
    const char *name = diff_field_name(f);
    uint64_t of = sum->fields[f].changed;
    if (of == 0 || diff_field_is_text(f))
        return true;
    struct tally_row *rows = diff_moves(&sum->fields[f].moves);
    if (rows == NULL)
        return false;
    char count[COUNT_TEXT_MAX];
    html_format(h, "<article class=\"fi\"><h3 id=\"h-%s\">From what to what: %s</h3>\n", name,
                name);
    html_format(h, "<p class=\"of\">of <b>%s</b> targets whose %s changed</p>\n",
                count_text(count, of), field_words[f]);
    html_format(h,
                "<div class=\"sc\" role=\"region\" tabindex=\"0\" aria-labelledby=\"h-%s\">"
                "<table class=\"t\" data-table=\"%s\"><thead><tr><th scope=\"col\">"
                "<span class=\"vh\">from and to</span><span class=\"ax\" aria-hidden=\"true\">"
                "<span>0 %%</span><span>100 %%</span></span></th>"
                "<th scope=\"col\">count</th><th scope=\"col\">of those</th></tr></thead>\n"
                "<tbody>\n",
                name, name);
    put_move_rows(h, f, rows, sum->fields[f].moves.num, of);
    html_put(h, "</tbody></table></div>\n</article>\n");
    free(rows);
    return true;
}

/* ---- targets ---- */

static void put_targets(struct html *h, const struct diff_page *p)
{
    char shown[COUNT_TEXT_MAX], all[COUNT_TEXT_MAX];
    html_put(h, "<section id=\"targets\">\n<h2 id=\"h-targets\">Targets that differ</h2>\n");
    if (p->num_changes == 0) {
        html_put(h, "<p class=\"mu\">None.</p>\n</section>\n");
        return;
    }
    if (p->num_shown < p->num_changes)
        html_format(h,
                    "<p class=\"mu\">The first %s of %s, in the order of addresses; --json has "
                    "all.</p>\n",
                    count_text(shown, p->num_shown), count_text(all, p->num_changes));
    else
        html_format(h, "<p class=\"mu\">All %s, in the order of addresses.</p>\n",
                    count_text(all, p->num_changes));
    html_put(h, "<article class=\"fi\"><div class=\"sc\" role=\"region\" tabindex=\"0\" "
                "aria-labelledby=\"h-targets\"><table class=\"tx-t ch\" data-table=\"targets\">"
                "<thead><tr><th scope=\"col\">target</th><th scope=\"col\">what</th>"
                "<th scope=\"col\">field</th><th scope=\"col\">old</th><th scope=\"col\">new</th>"
                "</tr></thead>\n<tbody>\n");
    html_put_markup(h, bytes_of(p->list.text, p->list.len));
    html_put(h, "</tbody></table></div></article>\n</section>\n");
}

int diff_page_write(struct html *out, const struct diff_page *p, const struct diff_sum *sum,
                    const char *const paths[NUM_DIFF_SIDES])
{
    bool good = !p->list.bad;
    page_open(out, "Two sweeps of mail servers compared");
    put_header(out, sum, paths);
    put_summary(out, sum);
    html_put(out, "<section id=\"fields\">\n<h2>Fields</h2>\n");
    put_fields(out, sum);
    html_put(out, "<div class=\"gr\">\n");
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++)
        good &= put_moves(out, sum, (enum diff_field)f);
    html_put(out, "</div>\n</section>\n");
    put_targets(out, p);
    page_close(out);
    return good && !out->bad ? 0 : -ENOMEM;
}
