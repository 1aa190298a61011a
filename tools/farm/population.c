#include "tools/farm/population.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/permutation.h"
#include "tools/farm/mix.h"

enum { LINE_MAX_LEN = 256 }; /* octets of a line of a population file */

static void sum_up(struct population *p)
{
    p->sum = 0;
    for (size_t i = 0; i < num_behaviours(); i++)
        p->sum += p->weights[i];
}

int population_init(struct population *p, uint64_t seed)
{
    p->seed = seed;
    p->weights = calloc(num_behaviours(), sizeof p->weights[0]);
    if (p->weights == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < num_behaviours(); i++)
        p->weights[i] = behaviour_at(i)->weight;
    sum_up(p);
    return 0;
}

void population_cleanup(struct population *p)
{
    free(p->weights);
    p->weights = NULL;
}

bool population_only(struct population *p, const char *name)
{
    size_t index = behaviour_find(name, strlen(name));
    if (index == num_behaviours())
        return false;
    memset(p->weights, 0, num_behaviours() * sizeof p->weights[0]);
    p->weights[index] = 1;
    sum_up(p);
    return true;
}

/* ---- the file ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* next_word cuts one word off *at; len 0: there is none. */
static size_t next_word(const char **at)
{
    while (is_blank(**at))
        (*at)++;
    const char *end = *at;
    while (*end != '\0' && !is_blank(*end))
        end++;
    return (size_t)(end - *at);
}

static bool parse_weight(unsigned *out, const char *word, size_t len)
{
    unsigned weight = 0;
    for (size_t i = 0; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        weight = weight * 10 + (unsigned)(word[i] - '0');
        if (weight > POPULATION_WEIGHT_MAX)
            return false;
    }
    *out = weight;
    return len > 0;
}

/* parse_line returns NULL, or what is wrong and how to mend it. seen marks the behaviours named so
 * far. */
static const char *parse_line(unsigned *weights, bool *seen, char *line)
{
    line[strcspn(line, "#")] = '\0';
    const char *at = line;
    size_t len = next_word(&at);
    if (len == 0)
        return NULL;
    size_t index = behaviour_find(at, len);
    if (index == num_behaviours())
        return "no behaviour is called that; see mxfarm --list";
    if (seen[index])
        return "behaviour named twice; keep one of the lines";
    seen[index] = true;
    at += len;
    len = next_word(&at);
    if (!parse_weight(&weights[index], at, len))
        return "no weight; write `behaviour weight` with a whole number from 0 to 1000000";
    at += len;
    return next_word(&at) == 0
               ? NULL
               : "text after the weight; write `behaviour weight`, comments begin with #";
}

/* read_lines returns 0, or -EINVAL with err written. */
static int read_lines(unsigned *weights, bool *seen, char *err, size_t err_len, FILE *file,
                      const char *path)
{
    char line[LINE_MAX_LEN + 2];
    for (unsigned long no = 1; fgets(line, sizeof line, file) != NULL; no++) {
        const char *why = NULL;
        if (strchr(line, '\n') == NULL && !feof(file))
            why = "line too long, or with a NUL; write `behaviour weight`";
        else
            why = parse_line(weights, seen, line);
        if (why != NULL) {
            snprintf(err, err_len, "%s:%lu: %s", path, no, why);
            return -EINVAL;
        }
    }
    if (ferror(file)) {
        snprintf(err, err_len, "%s: cannot be read; name a readable file", path);
        return -EIO;
    }
    return 0;
}

int population_load(struct population *p, char *err, size_t err_len, const char *path)
{
    int rc = -ENOMEM;
    bool *seen = calloc(num_behaviours(), sizeof seen[0]);
    struct population loaded = {.seed = p->seed,
                                .weights = calloc(num_behaviours(), sizeof p->weights[0])};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        rc = -errno;
        snprintf(err, err_len, "%s: %s; name a readable file", path, strerror(errno));
        goto out;
    }
    if (seen == NULL || loaded.weights == NULL) {
        snprintf(err, err_len, "%s: no memory", path);
        goto out;
    }
    rc = read_lines(loaded.weights, seen, err, err_len, file, path);
    if (rc < 0)
        goto out;
    sum_up(&loaded);
    if (loaded.sum == 0) {
        rc = -EINVAL;
        snprintf(err, err_len, "%s: no behaviour has a weight above 0; give at least one", path);
        goto out;
    }
    unsigned *old = p->weights;
    *p = loaded;
    loaded.weights = old;
out:
    if (file != NULL)
        fclose(file);
    population_cleanup(&loaded);
    free(seen);
    return rc;
}

/* ---- the choice ---- */

const struct behaviour *population_choose(const struct population *p, struct addr a)
{
    uint64_t block = mix(mix(mix(p->seed) ^ a.hi) ^ (a.lo / POPULATION_BLOCK));
    struct permutation perm;
    permutation_init(&perm, POPULATION_BLOCK, block);
    uint64_t place = permutation_at(&perm, a.lo % POPULATION_BLOCK);
    /* a block whose places all fell on the same weights would make small populations alike: shift
     * by the block */
    uint64_t ticket = (place * p->sum + block % p->sum) / POPULATION_BLOCK;
    size_t i = 0;
    while (ticket >= p->weights[i])
        ticket -= p->weights[i++];
    return behaviour_at(i);
}
