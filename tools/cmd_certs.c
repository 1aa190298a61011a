#include <errno.h>
#include <sys/stat.h>

#include "core/pem.h"
#include "tools/commands.h"
#include "tools/new_file.h"
#include "tools/tally.h"
#include "tools/walk.h"

enum { OPTION_PEM, OPTION_DER, OPTION_OUTPUT, OPTION_LEAF_ONLY };
enum { PATH_LEN_MAX = 4096 };

struct certs {
    FILE *out;
    const char *folder; /* NULL: PEM to out */
    bool leaf_only;
    struct word_tally leaves;  /* hashes of leaves, of all files */
    struct word_tally written; /* hashes */
};

/* ---- one certificate ---- */

static void hex_of(char out[65], const uint8_t sha256[32])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

static void put_pem(FILE *out, const uint8_t sha256[32], struct bytes der)
{
    struct cert_facts facts;
    char hex[65];
    bool parsed = cert_parse(&facts, der);
    hex_of(hex, sha256);
    pem_cert(out, hex, parsed ? &facts : NULL, der);
}

static int put_der(const struct certs *c, char err[COMMAND_ERR_MAX], const uint8_t sha256[32],
                   struct bytes der)
{
    char hex[65], path[PATH_LEN_MAX];
    struct new_file out;
    hex_of(hex, sha256);
    if (snprintf(path, sizeof path, "%s/%s.der", c->folder, hex) >= (int)sizeof path) {
        snprintf(err, COMMAND_ERR_MAX, "--der: the folder's name is too long");
        return -ENAMETOOLONG;
    }
    if (!new_file_open(&out, err, path))
        return -EIO;
    out.is_lazy = true;
    bool good = new_file_write(&out, err, der);
    good &= new_file_close(&out, err, good);
    return good ? 0 : -EIO;
}

/* ---- files ---- */

static int note_leaves(struct certs *c, const struct block *b)
{
    size_t num = block_num_chains(b);
    for (size_t i = 0; i < num; i++) {
        uint16_t len;
        bool cut;
        const uint8_t(*chain)[32] = block_chain(b, i, &len, &cut);
        if (len > 0)
            word_tally_add(&c->leaves, bytes_of(chain[0], 32), 1);
    }
    return c->leaves.bad ? -ENOMEM : 0;
}

static int write_certs(struct certs *c, char err[COMMAND_ERR_MAX], const struct block *b)
{
    size_t num = block_num_certs(b);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(b, i, sha256), hash = bytes_of(sha256, sizeof sha256);
        if (word_tally_find(&c->written, hash) != WORD_NONE ||
            (c->leaf_only && word_tally_find(&c->leaves, hash) == WORD_NONE))
            continue;
        word_tally_add(&c->written, hash, 1);
        if (c->folder != NULL)
            rc = put_der(c, err, sha256, der);
        else
            put_pem(c->out, sha256, der);
    }
    return rc != 0 ? rc : c->written.bad ? -ENOMEM : 0;
}

enum pass { PASS_LEAVES, PASS_WRITE };

static int pass_file(struct certs *c, char err[COMMAND_ERR_MAX], const char *path, enum pass pass)
{
    struct walk w;
    int rc = walk_open(&w, err, path);
    while (rc == 0 && (rc = walk_next(&w, err)) == 1) {
        rc = 0;
        if (w.item.kind == DATASET_BLOCK)
            rc = pass == PASS_LEAVES ? note_leaves(c, w.block) : write_certs(c, err, w.block);
        if (rc == -ENOMEM)
            snprintf(err, COMMAND_ERR_MAX, "%s: no memory for its certificates", path);
    }
    if (rc == 0 && pass == PASS_WRITE)
        walk_note(&w, rc, path);
    walk_close(&w);
    return rc;
}

/* goes through all files; of a torn one, all that is whole counts, and err says what is not */
static int pass_files(struct certs *c, char err[COMMAND_ERR_MAX], const struct args *args,
                      enum pass pass)
{
    int rc = 0;
    for (size_t i = 0; i < args->num_files && (rc == 0 || rc == -ENODATA); i++)
        rc = pass_file(c, err, args->files[i], pass);
    return rc == -ENODATA ? 0 : rc;
}

static int write_all(struct certs *c, char err[COMMAND_ERR_MAX], const struct args *args)
{
    if (c->folder != NULL && mkdir(c->folder, 0777) != 0 && errno != EEXIST) {
        snprintf(err, COMMAND_ERR_MAX, "%s: %s", c->folder, strerror(errno));
        return -EIO;
    }
    int rc = c->leaf_only ? pass_files(c, err, args, PASS_LEAVES) : 0;
    return rc != 0 ? rc : pass_files(c, err, args, PASS_WRITE);
}

static enum exit_code run(const struct args *args, char err[COMMAND_ERR_MAX])
{
    struct certs c = {.folder = args->values[OPTION_DER],
                      .leaf_only = args->values[OPTION_LEAF_ONLY] != NULL};
    const char *path = args->values[OPTION_OUTPUT];
    if (c.folder != NULL && (path != NULL || args->values[OPTION_PEM] != NULL)) {
        snprintf(err, COMMAND_ERR_MAX, "--der: writes files of its own; leave out --pem and -o");
        return EXIT_USAGE;
    }
    struct new_file out;
    if (!new_file_open(&out, err, path))
        return EXIT_USAGE;
    c.out = new_file_stream(&out, err);
    word_tally_init(&c.leaves);
    word_tally_init(&c.written);
    bool good = c.out != NULL && write_all(&c, err, args) == 0;
    good &= new_file_close(&out, err, good);
    word_tally_cleanup(&c.leaves);
    word_tally_cleanup(&c.written);
    return good && err[0] == '\0' ? EXIT_GOOD : EXIT_FAULT;
}

const struct command cmd_certs = {
    .name = "certs",
    .about = "Writes the certificates of datasets, each once.",
    .text =
        "A line before each PEM block has the certificate's SHA-256 and the names of its subject.",
    .rows = {[OPTION_PEM] = {"pem", 0, NULL, "as PEM, one after the other; the default"},
             [OPTION_DER] = {"der", 0, "DIR", "as files DIR/SHA256.der; they must not exist"},
             [OPTION_OUTPUT] = {"output-file", 'o', "FILE",
                                "the file to write PEM to; it must not exist (stdout)"},
             [OPTION_LEAF_ONLY] = {"leaf-only", 0, NULL, "only those that a server sent first"}},
    .run = run,
};
