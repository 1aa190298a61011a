#include "tools/parallel.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAMES_PER_THREAD = 2 }; /* read ahead */

/* a frame between reader and worker */
struct job {
    struct dataset_raw raw;
    uint8_t *octets;
    size_t cap;
    bool is_good; /* unpacked and decoded */
};

struct worker {
    struct crew *crew;
    pthread_t thread;
    void *context;
    struct dataset_unpacker *unpacker;
    struct block *block;
    struct dataset_trailer decoded; /* of the frame in hand */
    struct dataset_trailer trailer; /* the last one taken, and its number */
    uint64_t trailer_number;
    uint64_t last_number; /* of a block or event */
    uint64_t blocks, events, records;
};

struct crew {
    const struct parallel_plan *plan;
    const struct dataset_header *header;
    struct worker *workers;
    unsigned num_workers;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    struct job *jobs; /* frame n is in jobs[n % num_jobs] */
    uint64_t num_jobs;
    uint64_t read, begun, good; /* numbers: frames below have been read, begun, found good */
    uint64_t bad;               /* of the first frame that is not; UINT64_MAX */
    bool is_read;               /* all of the file */
    int rc;                     /* of a callback, or -ENOMEM */
};

unsigned parallel_threads(void)
{
    cpu_set_t set;
    int num = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return num < 1 ? 1 : num > PARALLEL_THREADS_MAX ? PARALLEL_THREADS_MAX : (unsigned)num;
}

/* ---- one frame ---- */

static int decode(struct worker *w, struct dataset_item *item, const struct dataset_raw *raw)
{
    char why[DATASET_ERR_MAX];
    struct dataset_event_view event;
    int rc = dataset_unpack(w->unpacker, item, raw);
    if (rc != 0)
        return rc;
    switch (item->kind) {
    case DATASET_BLOCK: return block_decode_view(w->block, item->payload, why);
    case DATASET_EVENT: return dataset_event_decode(&event, item->payload, why);
    case DATASET_TRAILER: return dataset_trailer_decode(&w->decoded, item->payload, why);
    case DATASET_HEADER:
    case DATASET_INDEX: break;
    }
    return 0;
}

static int take(struct worker *w, const struct dataset_item *item)
{
    bool is_block = item->kind == DATASET_BLOCK;
    if (item->kind == DATASET_INDEX)
        return 0;
    if (item->kind == DATASET_TRAILER) {
        w->trailer = w->decoded;
        w->trailer_number = item->number;
    } else {
        w->last_number = item->number;
    }
    w->blocks += is_block;
    w->records += is_block ? block_num_records(w->block) : 0;
    w->events += item->kind == DATASET_EVENT;
    return w->crew->plan->take(w->context, w->crew->header, item, is_block ? w->block : NULL);
}

/* ---- workers ---- */

static bool is_over(const struct crew *c)
{
    return c->rc != 0 || c->bad != UINT64_MAX;
}

/* waits for a frame to begin with; false: there is none any more. The mutex is held. */
static bool begin(struct crew *c, uint64_t *number)
{
    while (c->begun == c->read && !c->is_read && !is_over(c))
        pthread_cond_wait(&c->changed, &c->mutex);
    if (c->begun == c->read || is_over(c))
        return false;
    *number = c->begun++;
    return true;
}

/* notes what became of a frame and waits until the fate of all before it is known; whether to take
 * it. The mutex is held. */
static bool judge(struct crew *c, uint64_t number, int rc)
{
    if (rc == -ENOMEM)
        c->rc = rc;
    else if (rc != 0 && number < c->bad)
        c->bad = number;
    c->jobs[number % c->num_jobs].is_good = rc == 0;
    while (c->good < c->begun && c->jobs[c->good % c->num_jobs].is_good)
        c->jobs[c->good++ % c->num_jobs].is_good = false;
    pthread_cond_broadcast(&c->changed);
    while (c->good <= number && c->bad > number && c->rc == 0)
        pthread_cond_wait(&c->changed, &c->mutex);
    return c->good > number && c->rc == 0;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct crew *c = w->crew;
    struct dataset_item item;
    uint64_t number;
    pthread_mutex_lock(&c->mutex);
    while (begin(c, &number)) {
        const struct dataset_raw *raw = &c->jobs[number % c->num_jobs].raw;
        pthread_mutex_unlock(&c->mutex);
        int rc = decode(w, &item, raw);
        pthread_mutex_lock(&c->mutex);
        if (!judge(c, number, rc))
            break;
        pthread_mutex_unlock(&c->mutex);
        rc = take(w, &item);
        pthread_mutex_lock(&c->mutex);
        if (rc < 0 && c->rc == 0)
            c->rc = rc;
    }
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* ---- the reader ---- */

static int fill_job(struct job *job, const struct dataset_raw *raw)
{
    if (raw->octets.len > job->cap) {
        uint8_t *octets = realloc(job->octets, raw->octets.len);
        if (octets == NULL)
            return -ENOMEM;
        job->octets = octets;
        job->cap = raw->octets.len;
    }
    memcpy(job->octets, raw->octets.data, raw->octets.len);
    job->raw = *raw;
    job->raw.octets.data = job->octets;
    return 0;
}

/* waits until the place of the next frame is free; false: nothing more is wanted */
static bool has_room(struct crew *c)
{
    pthread_mutex_lock(&c->mutex);
    while (c->read - c->good >= c->num_jobs && !is_over(c))
        pthread_cond_wait(&c->changed, &c->mutex);
    bool go_on = !is_over(c);
    pthread_mutex_unlock(&c->mutex);
    return go_on;
}

static void hand_on(struct crew *c, int rc)
{
    pthread_mutex_lock(&c->mutex);
    c->read += rc == 0;
    c->rc = c->rc == 0 ? rc : c->rc;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

/* reads to the end: what dataset_next_raw returned last */
static int read_all(struct crew *c, struct dataset_reader *reader)
{
    const struct parallel_plan *plan = c->plan;
    char err[DATASET_ERR_MAX];
    struct dataset_raw raw;
    int rc = 0;
    while (has_room(c) && (rc = dataset_next_raw(reader, &raw, err)) == 1) {
        hand_on(c, fill_job(&c->jobs[raw.number % c->num_jobs], &raw));
        if (plan->on_read != NULL)
            plan->on_read(plan->on_read_context, raw.offset + raw.octets.len);
    }
    pthread_mutex_lock(&c->mutex);
    c->is_read = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    return rc < 0 ? rc : 0;
}

/* ---- the crew ---- */

static bool crew_init(struct crew *c, const struct parallel_plan *plan,
                      const struct dataset_header *header)
{
    *c = (struct crew){.plan = plan,
                       .header = header,
                       .num_jobs = (uint64_t)plan->num_threads * FRAMES_PER_THREAD,
                       .read = 1, /* the header is frame 0 */
                       .begun = 1,
                       .good = 1,
                       .bad = UINT64_MAX,
                       .mutex = PTHREAD_MUTEX_INITIALIZER,
                       .changed = PTHREAD_COND_INITIALIZER};
    c->jobs = calloc(c->num_jobs, sizeof c->jobs[0]);
    c->workers = calloc(plan->num_threads, sizeof c->workers[0]);
    bool good = c->jobs != NULL && c->workers != NULL;
    for (unsigned i = 0; good && i < plan->num_threads; i++) {
        struct worker *w = &c->workers[i];
        w->crew = c;
        w->context = plan->contexts[i];
        w->unpacker = dataset_unpacker_new();
        w->block = block_new(header);
        good = w->unpacker != NULL && w->block != NULL;
        if (good && plan->defer_certs)
            block_defer_certs(w->block);
    }
    return good;
}

static void crew_cleanup(struct crew *c)
{
    for (unsigned i = 0; c->workers != NULL && i < c->plan->num_threads; i++) {
        dataset_unpacker_free(c->workers[i].unpacker);
        block_free(c->workers[i].block);
    }
    for (uint64_t i = 0; c->jobs != NULL && i < c->num_jobs; i++)
        free(c->jobs[i].octets);
    free(c->workers);
    free(c->jobs);
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->changed);
}

/* runs until all is taken, or something is wrong; fewer threads than asked for do the same, later.
 * What the reader found. */
static int run(struct crew *c, struct dataset_reader *reader)
{
    while (c->num_workers < c->plan->num_threads &&
           pthread_create(&c->workers[c->num_workers].thread, NULL, work,
                          &c->workers[c->num_workers]) == 0)
        c->num_workers++;
    if (c->num_workers == 0) {
        c->rc = -EAGAIN;
        return 0;
    }
    int rc = read_all(c, reader);
    for (unsigned i = 0; i < c->num_workers; i++)
        pthread_join(c->workers[i].thread, NULL);
    return rc;
}

static void sum_up(struct parallel_end *out, const struct crew *c)
{
    uint64_t last = 0, trailer = 0;
    *out = (struct parallel_end){.has_trailer = false};
    for (unsigned i = 0; i < c->num_workers; i++) {
        const struct worker *w = &c->workers[i];
        out->blocks += w->blocks;
        out->events += w->events;
        out->records += w->records;
        last = w->last_number > last ? w->last_number : last;
        if (w->trailer_number > trailer) {
            trailer = w->trailer_number;
            out->trailer = w->trailer;
        }
    }
    out->has_trailer = trailer > last;
}

/* says what is wrong with the file, as who goes through it frame by frame sees it */
static int explain(char err[WALK_ERR_MAX], const char *path)
{
    struct walk w;
    int rc = walk_open(&w, err, path);
    while (rc >= 0 && (rc = walk_next(&w, err)) == 1)
        ;
    walk_close(&w);
    if (rc == 0) {
        snprintf(err, WALK_ERR_MAX, "%s: changed while it was read; read it again", path);
        return -EBADMSG;
    }
    return rc;
}

static void end_of(struct parallel_end *out, int rc)
{
    struct walk w = {.has_trailer = out->has_trailer, .trailer = out->trailer};
    out->end = walk_end_of(&w, rc);
}

static int read_with_crew(struct parallel_end *out, char err[WALK_ERR_MAX], const char *path,
                          const struct parallel_plan *plan)
{
    struct dataset_reader *reader;
    struct crew crew;
    int rc = dataset_open(&reader, err, path);
    if (rc != 0)
        return rc;
    if (!crew_init(&crew, plan, dataset_reader_header(reader))) {
        crew.rc = -ENOMEM;
    } else {
        rc = run(&crew, reader);
        sum_up(out, &crew);
        dataset_reader_digest(reader, out->digest);
    }
    if (crew.rc != 0 && crew.rc != -EBADMSG) {
        snprintf(err, WALK_ERR_MAX, "%s: %s", path,
                 crew.rc == -EAGAIN ? "no thread can be started to read it; try -T 1"
                                    : "no memory for what is in it");
        rc = crew.rc;
    } else if (crew.rc != 0 || rc == -EBADMSG || rc == -ENODATA || crew.bad != UINT64_MAX) {
        rc = explain(err, path);
    }
    crew_cleanup(&crew);
    dataset_close(reader);
    return rc;
}

/* ---- one thread ---- */

static int read_alone(struct parallel_end *out, char err[WALK_ERR_MAX], const char *path,
                      const struct parallel_plan *plan)
{
    struct walk w;
    int rc = walk_open(&w, err, path);
    *out = (struct parallel_end){.has_trailer = false};
    if (rc == 0 && plan->defer_certs)
        block_defer_certs(w.block);
    int taken = 0;
    while (rc >= 0 && taken >= 0 && (rc = walk_next(&w, err)) == 1) {
        out->events += w.item.kind == DATASET_EVENT;
        out->records += w.item.kind == DATASET_BLOCK ? block_num_records(w.block) : 0;
        if (plan->on_read != NULL)
            plan->on_read(plan->on_read_context, w.item.offset + w.item.frame_len);
        if (w.item.kind != DATASET_INDEX)
            taken = plan->take(plan->contexts[0], w.header, &w.item,
                               w.item.kind == DATASET_BLOCK ? w.block : NULL);
    }
    out->blocks = w.blocks;
    out->has_trailer = w.has_trailer;
    out->trailer = w.trailer;
    if (w.reader != NULL)
        dataset_reader_digest(w.reader, out->digest);
    walk_close(&w);
    if (taken == -EBADMSG)
        return explain(err, path);
    if (taken < 0)
        snprintf(err, WALK_ERR_MAX, "%s: no memory for what is in it", path);
    return taken < 0 ? taken : rc;
}

int parallel_read(struct parallel_end *out, char err[WALK_ERR_MAX], const char *path,
                  const struct parallel_plan *plan)
{
    int rc = plan->num_threads > 1 ? read_with_crew(out, err, path, plan)
                                   : read_alone(out, err, path, plan);
    if (rc == 0 || rc == -ENODATA)
        end_of(out, rc);
    return rc;
}
