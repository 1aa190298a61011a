#include <errno.h>

#include "core/json.h"
#include "core/times.h"
#include "tools/commands.h"
#include "tools/walk.h"

enum { TEXT_MAX = 512, SEGMENTS_SHOWN = 5 };

/* octets of others as text; one at a time */
static const char *shown(char out[TEXT_MAX], struct bytes octets)
{
    text_for_terminal(out, TEXT_MAX, octets);
    return out;
}

static void print_hex(const char *name, const uint8_t *octets, size_t len)
{
    printf("  %-16s", name);
    for (size_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    putchar('\n');
}

static void print_pairs(const char *title, const struct dataset_pair *pairs, size_t num)
{
    char key[TEXT_MAX], value[TEXT_MAX];
    for (size_t i = 0; i < num; i++)
        printf("  %-16s%s %s\n", i == 0 ? title : "", shown(key, pairs[i].key),
               shown(value, pairs[i].value));
}

static void print_count(const char *name, uint64_t count)
{
    char text[COUNT_TEXT_MAX];
    printf("  %-16s%s\n", name, count_text(text, count));
}

/* ---- header ---- */

static void print_vantage(const struct dataset_header *h)
{
    char text[TEXT_MAX], addr[ADDR_TEXT_MAX];
    for (size_t i = 0; i < h->num_sources; i++) {
        addr_format(addr, h->sources[i]);
        printf("  %-16s%s\n", i == 0 ? "sources" : "", addr);
    }
    if (h->num_sources == 0)
        printf("  %-16s%s\n", "sources", "addresses that the kernel chose");
    for (size_t i = 0; i < h->num_ehlo_names; i++)
        printf("  %-16s%s\n", i == 0 ? "EHLO names" : "", shown(text, h->ehlo_names[i]));
}

static void print_segment(const struct target_space *space, const struct target_segment *s)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX], host[TEXT_MAX], tag[TEXT_MAX];
    addr_format(first, s->first);
    addr_format(last, s->last);
    printf("  %-16s%s", "", s->named ? "addresses of" : first);
    if (addr_cmp(s->first, s->last) != 0)
        printf(" to %s", last);
    if (s->host != 0)
        printf("%s %s", s->named ? "" : ", host", shown(host, space->texts[s->host]));
    if (s->tag != 0)
        printf(", tag %s", shown(tag, space->texts[s->tag]));
    putchar('\n');
}

/* what of the targets is visited, if not all */
static void print_sample(const struct dataset_header *h)
{
    char limit[COUNT_TEXT_MAX];
    if (h->limit > 0)
        printf("  %-16sthe first %s of their order\n", "visited", count_text(limit, h->limit));
    if (h->sample_ppm > 0)
        printf("  %-16s%g %%\n", "sample", h->sample_ppm / 1e4);
}

static void print_targets(const struct dataset_header *h)
{
    const struct target_space *space = h->space;
    char count[COUNT_TEXT_MAX], addrs[COUNT_TEXT_MAX];
    printf("  %-16s", "targets");
    if (h->streamed)
        printf("a stream, line by line, at port");
    else
        printf("%s: %s %s at port", count_text(count, space->count),
               count_text(addrs, space->num_addrs),
               target_space_has_names(space) ? "addresses and host names" : "addresses");
    for (size_t i = 0; i < space->num_ports; i++)
        printf("%s%u", i > 0 ? "," : " ", space->ports[i]);
    putchar('\n');
    print_sample(h);
    size_t shown_segments =
        space->num_segments < SEGMENTS_SHOWN ? space->num_segments : SEGMENTS_SHOWN;
    for (size_t i = 0; i < shown_segments; i++)
        print_segment(space, &space->segments[i]);
    if (space->num_segments > shown_segments)
        printf("  %-16sand %s more segments\n", "",
               count_text(count, space->num_segments - shown_segments));
    if (!h->streamed) {
        print_count("given", h->counts.given);
        print_count("special-purpose", h->counts.special);
        print_count("blocked", h->counts.blocked);
        print_count("not allowed", h->counts.not_allowed);
    }
    printf("  %-16s%s\n", "special ranges", h->include_special ? "included" : "left out");
    if (h->has_blocklist)
        print_hex("blocklist", h->blocklist_sha256, sizeof h->blocklist_sha256);
    if (h->has_allowlist)
        print_hex("allowlist", h->allowlist_sha256, sizeof h->allowlist_sha256);
}

static void print_hellos(const struct dataset_header *h)
{
    char name[TEXT_MAX], ja4[TEXT_MAX];
    for (size_t i = 0; i < h->num_hellos; i++) {
        const struct dataset_hello *hello = &h->hellos[i];
        printf("  %-16s%zu %s, JA4 %s, SHA-256 ", i == 0 ? "hellos" : "", i,
               shown(name, hello->name), shown(ja4, hello->ja4));
        for (size_t k = 0; k < sizeof hello->sha256; k++)
            printf("%02x", hello->sha256[k]);
        printf(", %zu octets\n", hello->body.len);
    }
}

static void print_header(const char *path, const struct dataset_header *h)
{
    char text[TEXT_MAX], start[TIME_TEXT_MAX];
    time_words(start, h->start_us);
    printf("%s\n", shown(text, bytes_text(path)));
    printf("  %-16s%u\n", "format", h->format);
    print_hex("dataset", h->id, sizeof h->id);
    print_hex("sweep", h->sweep_id, sizeof h->sweep_id);
    printf("  %-16s%s\n", "start", start);
    printf("  %-16s%s\n", "tool", shown(text, h->tool));
    print_pairs("libraries", h->libraries, h->num_libraries);
    print_pairs("options", h->options, h->num_options);
    print_vantage(h);
    printf("  %-16s%llu\n", "seed", (unsigned long long)h->seed);
    printf("  %-16s%u of %u (from 0)\n", "shard", h->shard, h->num_shards);
    if (h->part > 0)
        printf("  %-16s%u (from 0)\n", "part", h->part);
    printf("  %-16s%s\n", "record",
           h->record_mode == RECORD_RESPONSIVE ? "responsive: who did not connect is only counted"
                                               : "all");
    print_targets(h);
    print_hellos(h);
    if (h->user_metadata.len > 0)
        printf("  %-16s%s\n", "metadata", shown(text, h->user_metadata));
}

/* ---- what follows the header ---- */

struct totals {
    uint64_t records, counted, positions, skipped, lines, texts, chains, certs, payload, bytes;
};

static void add_block(struct totals *t, const struct walk *w)
{
    size_t num;
    const struct block_unrecorded *counted = block_unrecorded(w->block, &num);
    for (size_t i = 0; i < num; i++)
        t->counted += counted[i].count;
    const struct dataset_run *runs = block_runs(w->block, &num);
    for (size_t i = 0; i < num; i++)
        t->positions += runs[i].count;
    uint64_t lines;
    uint8_t sha256[32];
    if (block_consumed(w->block, &lines, sha256))
        t->lines = lines;
    t->skipped += block_num_skipped(w->block);
    t->records += block_num_records(w->block);
    t->texts += block_num_texts(w->block);
    t->chains += block_num_chains(w->block);
    t->certs += block_num_certs(w->block);
    t->payload += w->item.payload.len;
}

static void print_event(const struct walk *w)
{
    char text[TEXT_MAX], value[TEXT_MAX], at[TIME_TEXT_MAX];
    time_words(at, time_after(w->header->start_us, w->event.at_us));
    printf("  %-16s%s %s", "event", at, shown(text, w->event.what));
    for (size_t i = 0; i < w->event.num_details; i++)
        printf("%s %s %s", i > 0 ? "," : ":", shown(text, w->event.details[i].key),
               shown(value, w->event.details[i].value));
    putchar('\n');
}

static void print_trailer(const struct walk *w)
{
    char at[TIME_TEXT_MAX];
    char lines[COUNT_TEXT_MAX];
    time_words(at, time_after(w->header->start_us, w->trailer.end_us));
    printf("  %-16s%s %s", "trailer", at, walk_end_slug(walk_end_of(w, 0)));
    if (w->trailer.has_lines)
        printf(", the stream had %s lines", count_text(lines, w->trailer.lines));
    putchar('\n');
}

static void print_totals(const struct walk *w, const struct totals *t, int rc)
{
    print_count("blocks", w->blocks);
    print_count("records", t->records);
    print_count("only counted", t->counted);
    print_count("positions done", t->positions);
    if (w->header->streamed) {
        print_count("without target", t->skipped);
        print_count("lines read", t->lines);
    }
    print_count("texts", t->texts);
    print_count("chains", t->chains);
    print_count("certificates", t->certs);
    print_count("octets", t->bytes);
    print_count("unpacked", t->payload);
    printf("  %-16s%s\n", "state", walk_end_text(walk_end_of(w, rc)));
}

static int info_file(char err[COMMAND_ERR_MAX], const char *path)
{
    struct walk w;
    struct totals t = {0};
    int rc = walk_open(&w, err, path);
    if (rc != 0)
        goto out;
    print_header(path, w.header);
    while ((rc = walk_next(&w, err)) == 1) {
        t.bytes = w.item.offset + w.item.frame_len;
        if (w.item.kind == DATASET_BLOCK)
            add_block(&t, &w);
        else if (w.item.kind == DATASET_EVENT)
            print_event(&w);
        else if (w.item.kind == DATASET_TRAILER)
            print_trailer(&w);
    }
    if (rc == 0 || rc == -ENODATA)
        print_totals(&w, &t, rc);
out:
    walk_close(&w);
    return rc;
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    for (size_t i = 0; i < args->num_files; i++)
        if (info_file(err, args->files[i]) != 0)
            return EXIT_FAULT;
    return EXIT_GOOD;
}

const struct command cmd_info = {
    .name = "info",
    .about = "Says what datasets are: header, options, targets, TLS hellos, events, counters, end.",
    .text = "Counters are of blocks; texts, chains and certificates are distinct within a block.",
    .run = run,
};
