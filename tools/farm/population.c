#include "tools/farm/population.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/permutation.h"
#include "tools/farm/mix.h"
#include "tools/farm/rote_truth.h"

enum { LINE_MAX_LEN = 4096, WHY_MAX = 256 }; /* octets of a line of a population file; of a fault */

struct made {
    struct behaviour b;
    char name[ROTE_NAME_MAX + 1];
    char spec[];
};

static size_t num_all(const struct population *p)
{
    return num_behaviours() + p->num_made;
}

static const struct behaviour *behaviour_of(const struct population *p, size_t index)
{
    return index < num_behaviours() ? behaviour_at(index) : &p->made[index - num_behaviours()]->b;
}

static void sum_up(struct population *p)
{
    p->sum = 0;
    for (size_t i = 0; i < num_all(p); i++)
        p->sum += p->weights[i];
}

int population_init(struct population *p, uint64_t seed)
{
    *p = (struct population){.seed = seed};
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
    for (size_t i = 0; i < p->num_made; i++)
        free(p->made[i]);
    free(p->made);
    free(p->weights);
    *p = (struct population){0};
}

bool population_only(struct population *p, const char *name)
{
    size_t index = behaviour_find(name, strlen(name));
    if (index == num_behaviours())
        return false;
    memset(p->weights, 0, num_all(p) * sizeof p->weights[0]);
    p->weights[index] = 1;
    sum_up(p);
    return true;
}

/* ---- behaviours by rote ---- */

static bool is_rote(const char *word, size_t len)
{
    return len >= sizeof ROTE_PREFIX - 1 && memcmp(word, ROTE_PREFIX, sizeof ROTE_PREFIX - 1) == 0;
}

/* make_rote returns a behaviour by a spec of len octets, or NULL with why written. */
static struct made *make_rote(char why[WHY_MAX], const char *spec, size_t len, size_t number)
{
    struct rote_config config;
    struct rote_outlook outlook;
    struct made *made = calloc(1, sizeof *made + len + 1);
    snprintf(why, WHY_MAX, "no memory");
    if (made == NULL)
        return NULL;
    memcpy(made->spec, spec, len);
    if (!rote_config_parse(&config, why, WHY_MAX, made->spec) ||
        !rote_foresee(&outlook, made->spec)) {
        free(made);
        return NULL;
    }
    snprintf(made->name, sizeof made->name, "rote-%zu", number);
    if (config.name[0] != '\0')
        memcpy(made->name, config.name, sizeof made->name);
    made->b = (struct behaviour){.name = made->name,
                                 .text = "by rote",
                                 .stage = outlook.stage,
                                 .cause = outlook.cause,
                                 .code = outlook.code,
                                 .phase = PHASE_HANDSHAKE,
                                 .act = ACT_ROTE,
                                 .key = KEY_RSA2048,
                                 .shown = outlook.version,
                                 .rote = made->spec};
    return made;
}

/* is_taken tells whether something else has the name already: logs would not tell them apart. */
static bool is_taken(const struct population *p, const char *name)
{
    for (size_t i = 0; i < p->num_made; i++)
        if (strcmp(p->made[i]->name, name) == 0)
            return true;
    return behaviour_find(name, strlen(name)) < num_behaviours();
}

/* add_rote appends a behaviour of weight 0, or returns what is wrong, written to why. */
static const char *add_rote(struct population *p, char why[WHY_MAX], const char *spec, size_t len)
{
    if (p->num_made == POPULATION_MADE_MAX)
        return "too many lines with rote:; keep 4096 of them";
    struct made *made = make_rote(why, spec, len, p->num_made + 1);
    if (made == NULL)
        return why;
    if (is_taken(p, made->name)) {
        snprintf(why, WHY_MAX, "name: another behaviour is called %s; give another", made->name);
        free(made);
        return why;
    }
    struct made **grown = realloc(p->made, (p->num_made + 1) * sizeof p->made[0]);
    p->made = grown == NULL ? p->made : grown;
    unsigned *weights =
        grown == NULL ? NULL : realloc(p->weights, (num_all(p) + 1) * sizeof p->weights[0]);
    if (weights == NULL) {
        free(made);
        return "no memory";
    }
    p->weights = weights;
    p->weights[num_all(p)] = 0;
    p->made[p->num_made++] = made;
    return NULL;
}

int population_rote(struct population *p, char *err, size_t err_len, const char *spec)
{
    char why[WHY_MAX];
    const char *fault = add_rote(p, why, spec, strlen(spec));
    if (fault != NULL) {
        snprintf(err, err_len, "%s", fault);
        return -EINVAL;
    }
    memset(p->weights, 0, num_all(p) * sizeof p->weights[0]);
    p->weights[num_all(p) - 1] = 1;
    sum_up(p);
    return 0;
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

/* find_index looks up or makes the behaviour that a word names; or returns what is wrong. seen
 * marks those of the table that were named so far. */
static const char *find_index(size_t *index, struct population *p, bool *seen, char why[WHY_MAX],
                              const char *word, size_t len)
{
    *index = num_all(p);
    if (is_rote(word, len))
        return add_rote(p, why, word, len);
    *index = behaviour_find(word, len);
    if (*index == num_behaviours())
        return "no behaviour is called that; see mxfarm --list";
    if (seen[*index])
        return "behaviour named twice; keep one of the lines";
    seen[*index] = true;
    return NULL;
}

/* parse_line returns NULL, or what is wrong and how to mend it. */
static const char *parse_line(struct population *p, bool *seen, char why[WHY_MAX], char *line)
{
    line[strcspn(line, "#")] = '\0';
    const char *word = line;
    size_t len = next_word(&word), index;
    if (len == 0)
        return NULL;
    const char *fault = find_index(&index, p, seen, why, word, len);
    if (fault != NULL)
        return fault;
    word += len;
    len = next_word(&word);
    if (!parse_weight(&p->weights[index], word, len))
        return "no weight; write `behaviour weight` with a whole number from 0 to 1000000";
    word += len;
    return next_word(&word) == 0
               ? NULL
               : "text after the weight; write `behaviour weight`, comments begin with #";
}

/* read_lines returns 0, or -EINVAL with err written. */
static int read_lines(struct population *p, bool *seen, char *err, size_t err_len, FILE *file,
                      const char *path)
{
    char line[LINE_MAX_LEN + 2], text[WHY_MAX];
    for (unsigned long no = 1; fgets(line, sizeof line, file) != NULL; no++) {
        const char *why = NULL;
        if (strchr(line, '\n') == NULL && !feof(file))
            why = "line too long, or with a NUL; write `behaviour weight`";
        else
            why = parse_line(p, seen, text, line);
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
    rc = read_lines(&loaded, seen, err, err_len, file, path);
    if (rc < 0)
        goto out;
    sum_up(&loaded);
    if (loaded.sum == 0) {
        rc = -EINVAL;
        snprintf(err, err_len, "%s: no behaviour has a weight above 0; give at least one", path);
        goto out;
    }
    struct population old = *p;
    *p = loaded;
    loaded = old;
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
    return behaviour_of(p, i);
}
