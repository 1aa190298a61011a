#include "tools/diff_print.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/statistics.h"
#include "core/times.h"

enum { SHOWN_LEN = 120, MOVES_SHOWN = 10, PERCENT_DECIMALS = 4 };

static const char *const kind_names[] = {
    [DIFF_APPEARED] = "appeared", [DIFF_VANISHED] = "vanished", [DIFF_CHANGED] = "changed"};
static const char *const side_names[NUM_DIFF_SIDES] = {[DIFF_OLD] = "old", [DIFF_NEW] = "new"};

static bool is_set(uint32_t bits, size_t i)
{
    return (bits >> i & 1) != 0;
}

/* the fields that are told: what changed; of what is on one side only, how it ended */
static uint32_t told(const struct diff_change *c)
{
    return c->kind == DIFF_CHANGED ? c->changed : UINT32_C(1) << DIFF_OUTCOME;
}

/* ---- text ---- */

static int text_target(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                       const struct diff_row *row)
{
    char addr[ADDR_TEXT_MAX] = "", host[STORED_TEXT_MAX], shown[SHOWN_LEN];
    size_t len = 0;
    if (row->has_addr)
        addr_format(addr, row->addr);
    int rc = row->host.digest != 0 ? diff_text(d, err, host, &len, row->host) : 0;
    if (rc != 0)
        return rc;
    text_for_terminal(shown, sizeof shown, bytes_of(host, len));
    bool both = row->has_addr && len > 0;
    fprintf(p->out, "%s%s%s%s port %u", addr, both ? " (" : "", shown, both ? ")" : "",
            (unsigned)row->port);
    return 0;
}

static int text_value(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                      enum diff_field field, const struct diff_row *row)
{
    char text[STORED_TEXT_MAX], shown[SHOWN_LEN];
    size_t len = 0;
    int rc = diff_value(d, err, text, &len, field, row->fields[field]);
    if (rc != 0)
        return rc;
    text_for_terminal(shown, sizeof shown, bytes_of(text, len));
    fprintf(p->out, "%s", len > 0 ? shown : "(none)");
    return 0;
}

static int text_field(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                      enum diff_field field, const struct diff_change *c)
{
    int rc = 0;
    fprintf(p->out, "\n    %-10s", diff_field_name(field));
    for (size_t side = 0; rc == 0 && side < NUM_DIFF_SIDES; side++) {
        if (c->sides[side] == NULL)
            continue;
        if (side == DIFF_NEW && c->kind == DIFF_CHANGED)
            fputs(" -> ", p->out);
        rc = text_value(p, d, err, field, c->sides[side]);
    }
    return rc;
}

static int text_change(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                       const struct diff_change *c)
{
    const struct diff_row *row =
        c->sides[DIFF_NEW] != NULL ? c->sides[DIFF_NEW] : c->sides[DIFF_OLD];
    int rc = text_target(p, d, err, row);
    if (rc != 0)
        return rc;
    fprintf(p->out, ": %s", kind_names[c->kind]);
    for (size_t f = 0; rc == 0 && f < NUM_DIFF_FIELDS; f++)
        if (is_set(told(c), f))
            rc = text_field(p, d, err, (enum diff_field)f, c);
    fputc('\n', p->out);
    return rc;
}

/* ---- JSON ---- */

static int json_target(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                       const struct diff_row *row)
{
    char text[STORED_TEXT_MAX];
    size_t len = 0;
    if (row->has_addr) {
        addr_format(text, row->addr);
        json_add_string(&p->line, "addr", text);
    }
    json_add_uint(&p->line, "port", row->port);
    if (row->host.digest == 0)
        return 0;
    int rc = diff_text(d, err, text, &len, row->host);
    json_key(&p->line, "host");
    json_octets(&p->line, bytes_of(text, len));
    return rc;
}

static int json_field(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                      enum diff_field field, const struct diff_change *c)
{
    int rc = 0;
    json_key(&p->line, diff_field_name(field));
    json_object(&p->line);
    for (size_t side = 0; rc == 0 && side < NUM_DIFF_SIDES; side++) {
        char text[STORED_TEXT_MAX];
        size_t len = 0;
        if (c->sides[side] == NULL)
            continue;
        rc = diff_value(d, err, text, &len, field, c->sides[side]->fields[field]);
        json_key(&p->line, side_names[side]);
        if (field == DIFF_SMTP_CODE)
            json_uint(&p->line, c->sides[side]->fields[field].digest);
        else
            json_octets(&p->line, bytes_of(text, len));
    }
    json_object_end(&p->line);
    return rc;
}

static int write_line(struct diff_printer *p, char err[DIFF_ERR_MAX])
{
    json_newline(&p->line);
    bool good = !p->line.bad && fwrite(p->line.text, 1, p->line.len, p->out) == p->line.len;
    int rc = good ? 0 : p->line.bad ? -ENOMEM : -EIO;
    json_reset(&p->line);
    if (rc == -ENOMEM)
        snprintf(err, DIFF_ERR_MAX, "no memory for a line");
    return rc;
}

static int json_change(struct diff_printer *p, struct diff *d, char err[DIFF_ERR_MAX],
                       const struct diff_change *c)
{
    const struct diff_row *row =
        c->sides[DIFF_NEW] != NULL ? c->sides[DIFF_NEW] : c->sides[DIFF_OLD];
    json_object(&p->line);
    json_add_string(&p->line, "change", kind_names[c->kind]);
    int rc = json_target(p, d, err, row);
    json_key(&p->line, "fields");
    json_object(&p->line);
    for (size_t f = 0; rc == 0 && f < NUM_DIFF_FIELDS; f++)
        if (is_set(told(c), f))
            rc = json_field(p, d, err, (enum diff_field)f, c);
    json_object_end(&p->line);
    json_object_end(&p->line);
    return rc == 0 ? write_line(p, err) : rc;
}

int diff_print_change(void *ctx, char err[DIFF_ERR_MAX], struct diff *d,
                      const struct diff_change *change)
{
    struct diff_printer *p = ctx;
    p->num_lines++;
    if (p->json)
        return json_change(p, d, err, change);
    return p->max_lines == 0 || p->num_lines <= p->max_lines ? text_change(p, d, err, change) : 0;
}

/* ---- the sum ---- */

static void text_moves(struct diff_printer *p, enum diff_field field, const struct tally_row *rows,
                       size_t num)
{
    char old[DIFF_NUMBER_MAX], new[DIFF_NUMBER_MAX], count[COUNT_TEXT_MAX];
    if (num > 0)
        fprintf(p->out, "\n%s\n", diff_field_name(field));
    for (size_t i = 0; i < num && i < MOVES_SHOWN; i++) {
        diff_number_text(old, field, rows[i].key >> 32);
        diff_number_text(new, field, rows[i].key & UINT32_MAX);
        fprintf(p->out, "  %12s  %s -> %s\n", count_text(count, rows[i].count), old, new);
    }
    if (num > MOVES_SHOWN)
        fprintf(p->out, "  and %s more\n", count_text(count, num - MOVES_SHOWN));
}

static void text_fields(struct diff_printer *p, const struct diff_sum *sum)
{
    char a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], c[COUNT_TEXT_MAX], e[COUNT_TEXT_MAX];
    fprintf(p->out, "\n%-12s %14s %14s %9s %14s %14s\n", "field", "on both sides", "changed",
            "per cent", "only old", "only new");
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++) {
        uint64_t of = sum->fields[f].compared, changed = sum->fields[f].changed;
        fprintf(p->out, "%-12s %14s %14s ", diff_field_name((enum diff_field)f), count_text(a, of),
                count_text(b, changed));
        if (of > 0)
            fprintf(p->out, "%9.4f", percent_of(changed, of));
        else
            fprintf(p->out, "%9s", "-");
        fprintf(p->out, " %14s %14s\n", count_text(c, sum->fields[f].only[DIFF_OLD]),
                count_text(e, sum->fields[f].only[DIFF_NEW]));
    }
}

static int text_sum(struct diff_printer *p, const struct diff_sum *sum,
                    const char *const paths[NUM_DIFF_SIDES])
{
    char name[SHOWN_LEN], a[COUNT_TEXT_MAX], b[COUNT_TEXT_MAX], c[COUNT_TEXT_MAX];
    if (p->max_lines > 0 && p->num_lines > p->max_lines)
        fprintf(p->out, "and %s more; --lines 0 shows all\n",
                count_text(a, p->num_lines - p->max_lines));
    fputs(p->num_lines > 0 ? "\n" : "", p->out);
    for (size_t side = 0; side < NUM_DIFF_SIDES; side++) {
        text_for_terminal(name, sizeof name, bytes_text(paths[side]));
        fprintf(p->out, "%s: %s: %s records\n", side_names[side], name,
                count_text(a, sum->records[side]));
    }
    fprintf(p->out, "%s the same, %s changed, ", count_text(a, sum->same),
            count_text(b, sum->changed));
    fprintf(p->out, "%s appeared, %s vanished\n", count_text(a, sum->appeared),
            count_text(c, sum->vanished));
    if (sum->same + sum->changed == 0)
        return 0;
    text_fields(p, sum);
    for (size_t f = 0; f < NUM_DIFF_FIELDS; f++) {
        const struct tally *moves = &sum->fields[f].moves;
        struct tally_row *rows = diff_moves(moves);
        if (rows == NULL)
            return -ENOMEM;
        text_moves(p, (enum diff_field)f, rows, moves->num);
        free(rows);
    }
    return 0;
}

static int json_moves(struct json *j, enum diff_field field, const struct tally *moves)
{
    struct tally_row *rows = diff_moves(moves);
    if (rows == NULL)
        return -ENOMEM;
    json_key(j, "moves");
    json_array(j);
    for (size_t i = 0; i < moves->num; i++) {
        char text[DIFF_NUMBER_MAX];
        json_object(j);
        diff_number_text(text, field, rows[i].key >> 32);
        json_add_string(j, "old", text);
        diff_number_text(text, field, rows[i].key & UINT32_MAX);
        json_add_string(j, "new", text);
        json_add_uint(j, "count", rows[i].count);
        json_object_end(j);
    }
    json_array_end(j);
    free(rows);
    return 0;
}

static int json_sum_field(struct json *j, const struct diff_sum *sum, enum diff_field f)
{
    int rc = 0;
    json_object(j);
    json_add_string(j, "name", diff_field_name(f));
    json_add_uint(j, "compared", sum->fields[f].compared);
    json_add_uint(j, "changed", sum->fields[f].changed);
    json_key(j, "percent");
    json_fixed(j, percent_of(sum->fields[f].changed, sum->fields[f].compared), PERCENT_DECIMALS);
    json_add_uint(j, "only_old", sum->fields[f].only[DIFF_OLD]);
    json_add_uint(j, "only_new", sum->fields[f].only[DIFF_NEW]);
    if (!diff_field_is_text(f))
        rc = json_moves(j, f, &sum->fields[f].moves);
    json_object_end(j);
    return rc;
}

static int json_sum(struct diff_printer *p, const struct diff_sum *sum,
                    const char *const paths[NUM_DIFF_SIDES])
{
    struct json *j = &p->line;
    int rc = 0;
    json_object(j);
    json_key(j, "summary");
    json_object(j);
    for (size_t side = 0; side < NUM_DIFF_SIDES; side++) {
        json_key(j, side_names[side]);
        json_object(j);
        json_key(j, "file");
        json_octets(j, bytes_text(paths[side]));
        json_add_uint(j, "records", sum->records[side]);
        json_object_end(j);
    }
    json_add_uint(j, "same", sum->same);
    json_add_uint(j, "changed", sum->changed);
    json_add_uint(j, "appeared", sum->appeared);
    json_add_uint(j, "vanished", sum->vanished);
    json_key(j, "fields");
    json_array(j);
    for (size_t f = 0; rc == 0 && f < NUM_DIFF_FIELDS; f++)
        rc = json_sum_field(j, sum, (enum diff_field)f);
    json_array_end(j);
    json_object_end(j);
    json_object_end(j);
    return rc;
}

int diff_print_sum(struct diff_printer *p, char err[DIFF_ERR_MAX], const struct diff_sum *sum,
                   const char *const paths[NUM_DIFF_SIDES])
{
    int rc = p->json ? json_sum(p, sum, paths) : text_sum(p, sum, paths);
    if (rc != 0) {
        snprintf(err, DIFF_ERR_MAX, "no memory for the sum");
        return rc;
    }
    if (p->json)
        return write_line(p, err);
    return ferror(p->out) ? -EIO : 0;
}
