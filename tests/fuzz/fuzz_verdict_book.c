/*
 * fuzz_verdict_book: a book of verdicts whose head and sum are right, but not what is between.
 *
 * Input      what follows the head's names: three counts of 8 octets, chains, verdicts, questions;
 *            to whole words of 8 octets.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/verdict_book.h"

enum { NAMES_LEN = 80, TODAY = 20000, INPUT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

struct place {
    int fd;
    char path[64];
};

/* a file that is gone with the process */
static struct place make_place(void)
{
    struct place p = {.fd = memfd_create("book", MFD_CLOEXEC)};
    must(p.fd >= 0 && fchmod(p.fd, 0600) == 0);
    snprintf(p.path, sizeof p.path, "/proc/self/fd/%d", p.fd);
    return p;
}

/* the head of any book by this store, as this version writes it */
static void take_names(uint8_t out[NAMES_LEN], const uint8_t store[32])
{
    char path[] = "/tmp/fuzz-book-XXXXXX", why[CACHE_WHY_MAX];
    struct verdict_book *b = verdict_book_new(store, TODAY);
    struct book_entry e = {.verdict = {.until = 1}};
    struct book_key key = {{0}};
    int fd = mkstemp(path);
    must(fd >= 0 && b != NULL && verdict_book_put(b, &key, &e, 1) == 0);
    close(fd);
    must(verdict_book_save(b, why, path) == 0);
    verdict_book_free(b);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && read(fd, out, NAMES_LEN) == NAMES_LEN);
    close(fd);
    unlink(path);
}

/* what is found holds, whatever is asked for */
static void look_up(struct verdict_book *b, const uint8_t *data, size_t len,
                    const struct judge_pool *pool)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1767225600, INT64_MAX - 1, INT64_MAX};
    for (size_t at = 24; at + 16 <= len && at < 24 + 24 * 64; at += 24) {
        struct book_key key;
        struct book_entry e = {.verdict = {.from = 5, .until = 7, .outcome = CHAIN_VALID}};
        memcpy(key.octets, data + at, sizeof key.octets);
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            const struct book_verdict *v = verdict_book_find(b, &key, times[i], pool);
            must(v == NULL || (v->from <= times[i] && times[i] < v->until &&
                               v->outcome < NUM_CHAIN_OUTCOMES && v->num_asked <= JUDGE_ASKED_MAX));
        }
        verdict_book_used(b, &key);
        must(verdict_book_put(b, &key, &e, 1) == 0);
        must(verdict_book_find(b, &key, 6, pool) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t store[32] = {7};
    uint8_t names[NAMES_LEN];
    struct cache_sum sum = {{0}, 0};
    char why[CACHE_WHY_MAX];
    len = (len < INPUT_MAX ? len : INPUT_MAX) / 8 * 8;
    take_names(names, store);
    struct place place = make_place();
    cache_sum_add(&sum, names, sizeof names);
    cache_sum_add(&sum, data, len);
    uint64_t end = cache_sum_end(&sum);
    must(write(place.fd, names, sizeof names) == (ssize_t)sizeof names &&
         write(place.fd, data, len) == (ssize_t)len &&
         write(place.fd, &end, sizeof end) == (ssize_t)sizeof end);
    struct verdict_book *b = verdict_book_new(store, TODAY);
    struct judge_pool *pool = judge_pool_new();
    must(b != NULL && pool != NULL);
    judge_pool_seal(pool);
    int rc = verdict_book_load(b, why, place.path);
    must(rc != 0 && (rc > 0 || verdict_book_num(b) == 0));
    look_up(b, data, len, pool);
    judge_pool_free(pool);
    verdict_book_free(b);
    close(place.fd);
    return 0;
}
