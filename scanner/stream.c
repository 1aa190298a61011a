#include "scanner/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "scanner/stream_errands.h"
#include "scanner/stream_lines.h"
#include "scanner/stream_source.h"

enum {
    READ_LEN = 64 << 10,
    BATCH_MAX = 256 /* errands that change hands at once: enough that the lock is not fought for */
};

struct stream {
    struct stream_source source;
    uint64_t resumed_lines;
    uint8_t resumed_sha256[32];
    size_t queue_max, batch_max, kept_max;
    void *arg;
    void (*ready)(void *arg);
    pthread_t reader;

    /* the reader's */
    struct stream_lines lines;
    struct stream_errands errands;
    struct errand_list batch; /* not yet in the queue */
    uint64_t num_octets;
    char data[READ_LEN];
    char fault_text[STREAM_ERR_MAX]; /* anyone's to read once there is a fault */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t room;  /* the queue is not full any more, or the reader is to stop */
    struct errand_list queue;
    bool is_full; /* until half of it was taken: a wake-up for each errand would cost too much */
    bool is_stopping, has_ended;
    int fault;
    uint64_t consumed_lines;
    uint8_t consumed_sha256[32];
    struct stream_figures figures;
};

/* ---- the reader: what is read goes to the batch, the batch to the queue ---- */

static int fail_no_memory(struct stream *s)
{
    return line_error(s->fault_text, sizeof s->fault_text, -ENOMEM, s->source.name, 0,
                      "out of memory");
}

/* tells the others how far the reader is; before they get errands of what it has read */
static void publish(struct stream *s)
{
    uint8_t sha256[32];
    stream_lines_digest(&s->lines, sha256);
    pthread_mutex_lock(&s->lock);
    s->figures.lines = s->lines.num;
    s->figures.octets = s->num_octets;
    s->figures.skipped = s->errands.skipped;
    s->figures.bad = s->errands.bad;
    if (s->lines.num >= s->resumed_lines) {
        s->consumed_lines = s->lines.num;
        memcpy(s->consumed_sha256, sha256, sizeof sha256);
    }
    pthread_mutex_unlock(&s->lock);
}

/* moves what fits from the batch to the queue, which it waits for if it is full. -ECANCELED: to
 * stop. *was_empty: the queue was. */
static int enqueue(struct stream *s, bool *was_empty)
{
    pthread_mutex_lock(&s->lock);
    while (s->is_full && !s->is_stopping)
        pthread_cond_wait(&s->room, &s->lock);
    int rc = s->is_stopping ? -ECANCELED : 0;
    *was_empty = s->queue.num == 0;
    if (rc == 0)
        errand_list_move(&s->queue, &s->batch, s->queue_max - s->queue.num);
    s->is_full = s->queue.num >= s->queue_max;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static int hand_over(struct stream *s)
{
    publish(s);
    while (s->batch.num > 0) {
        bool was_empty;
        int rc = enqueue(s, &was_empty);
        if (rc < 0)
            return rc;
        if (was_empty && s->ready != NULL)
            s->ready(s->arg);
    }
    return 0;
}

/* compares the lines so far with those that earlier runs consumed, all of which were read */
static int prove(struct stream *s)
{
    uint8_t sha256[32];
    stream_lines_digest(&s->lines, sha256);
    if (memcmp(sha256, s->resumed_sha256, sizeof sha256) == 0)
        return 0;
    return line_error(s->fault_text, sizeof s->fault_text, -EINVAL, s->source.name, 0,
                      "not the list that the sweep was begun with: its first %" PRIu64
                      " lines, which were read before, have changed; give the list as it was, or "
                      "begin a new sweep",
                      s->resumed_lines);
}

static int prove_length(struct stream *s)
{
    if (s->lines.num >= s->resumed_lines)
        return 0;
    return line_error(s->fault_text, sizeof s->fault_text, -EINVAL, s->source.name, 0,
                      "not the list that the sweep was begun with: it has %" PRIu64
                      " lines, of which %" PRIu64
                      " were read before; give the list as it was, or begin a new sweep",
                      s->lines.num, s->resumed_lines);
}

static int check_kept(struct stream *s)
{
    if (s->batch.num <= s->kept_max)
        return 0;
    return line_error(s->fault_text, sizeof s->fault_text, -E2BIG, s->source.name, 0,
                      "more than %zu targets of the lines that were read before are still open; "
                      "begin a new sweep",
                      s->kept_max);
}

static int take_line(struct stream *s, struct bytes line)
{
    int rc = stream_errands_make(&s->errands, &s->batch, line, s->lines.num - 1);
    if (rc == -EOVERFLOW)
        return line_error(s->fault_text, sizeof s->fault_text, rc, s->source.name, s->lines.num,
                          "more than %" PRIu64 " targets; split the list",
                          DATASET_STREAM_POSITIONS_MAX);
    if (rc < 0)
        return fail_no_memory(s);
    if (s->lines.num < s->resumed_lines)
        return check_kept(s);
    if (s->lines.num == s->resumed_lines)
        rc = prove(s);
    return rc == 0 && s->batch.num >= s->batch_max ? hand_over(s) : rc;
}

static int take_data(struct stream *s, size_t len)
{
    const char *at = s->data;
    struct bytes line;
    size_t used;
    s->num_octets += len;
    while (stream_lines_next(&s->lines, &line, &used, at, len)) {
        int rc = take_line(s, line);
        if (rc < 0)
            return rc;
        at += used;
        len -= used;
    }
    if (s->lines.num >= s->resumed_lines)
        return hand_over(s);
    publish(s);
    return 0;
}

static void complain_of_cut(struct stream *s)
{
    char text[STREAM_ERR_MAX];
    line_error(text, sizeof text, 0, s->source.name, s->lines.num + 1,
               "ends without a line end: the line may be cut, and is not visited; "
               "was its writer broken off?");
    s->errands.bad++;
    if (s->errands.complain != NULL)
        s->errands.complain(s->arg, text);
}

/* What earlier runs consumed may end with a line without an end, of a file: its digest tells that
 * it is not cut. */
static int take_last_line(struct stream *s)
{
    struct bytes line;
    if (!s->lines.is_begun)
        return 0;
    if (!s->source.is_file && s->lines.num + 1 != s->resumed_lines) {
        complain_of_cut(s);
        return 0;
    }
    stream_lines_end(&s->lines, &line);
    return take_line(s, line);
}

static int take_end(struct stream *s)
{
    int rc = take_last_line(s);
    if (rc == 0)
        rc = prove_length(s);
    return rc == 0 ? hand_over(s) : rc;
}

/* reads until the end, or what is wrong, or -ECANCELED */
static int read_all(struct stream *s)
{
    for (;;) {
        ssize_t len = stream_source_read(&s->source, s->data, sizeof s->data);
        if (len == 0)
            return take_end(s);
        if (len == -ECANCELED)
            return -ECANCELED;
        if (len < 0)
            return line_error(s->fault_text, sizeof s->fault_text, (int)len, s->source.name, 0,
                              "cannot be read on: %s", strerror((int)-len));
        int rc = take_data(s, (size_t)len);
        if (rc < 0)
            return rc;
    }
}

static void *run(void *arg)
{
    struct stream *s = arg;
    int rc = read_all(s);
    if (rc == -ECANCELED)
        return NULL;
    pthread_mutex_lock(&s->lock);
    s->fault = rc;
    s->has_ended = rc == 0;
    pthread_mutex_unlock(&s->lock);
    if (s->ready != NULL)
        s->ready(s->arg);
    return NULL;
}

/* ---- for the others ---- */

static size_t batch_of(size_t queue_max)
{
    size_t part = queue_max / 8;
    return part < 1 ? 1 : part > BATCH_MAX ? BATCH_MAX : part;
}

static struct stream *make(const struct stream_config *config)
{
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->resumed_lines = s->consumed_lines = config->resumed_lines;
    s->queue_max = config->max_errands > 0 ? config->max_errands : STREAM_ERRANDS_MAX;
    s->batch_max = batch_of(s->queue_max);
    s->kept_max = config->max_kept > 0 ? config->max_kept : STREAM_KEPT_MAX;
    s->arg = config->arg;
    s->ready = config->ready;
    errand_list_init(&s->batch);
    errand_list_init(&s->queue);
    stream_lines_init(&s->lines);
    stream_lines_digest(&s->lines, s->consumed_sha256); /* of nothing */
    if (config->resumed_lines > 0) {
        memcpy(s->resumed_sha256, config->resumed_sha256, sizeof s->resumed_sha256);
        memcpy(s->consumed_sha256, config->resumed_sha256, sizeof s->consumed_sha256);
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->room, NULL);
    return s;
}

static void unmake(struct stream *s)
{
    errand_list_cleanup(&s->batch);
    errand_list_cleanup(&s->queue);
    pthread_cond_destroy(&s->room);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int stream_open(struct stream **out, char err[STREAM_ERR_MAX], const struct stream_config *config)
{
    struct stream *s = make(config);
    if (s == NULL)
        return line_error(err, STREAM_ERR_MAX, -ENOMEM, config->path, 0, "out of memory");
    int rc = stream_source_open(&s->source, err, STREAM_ERR_MAX, config->path);
    if (rc < 0)
        goto fail;
    s->figures.octets_total = s->source.octets_len;
    stream_errands_init(&s->errands, config, s->source.name);
    rc = -pthread_create(&s->reader, NULL, run, s);
    if (rc < 0) {
        line_error(err, STREAM_ERR_MAX, rc, s->source.name, 0, "no thread: %s", strerror(-rc));
        stream_source_close(&s->source);
        goto fail;
    }
    *out = s;
    return 0;
fail:
    unmake(s);
    return rc;
}

enum stream_state stream_take(struct stream *s, struct errand **list, size_t max)
{
    enum stream_state state = STREAM_EMPTY;
    pthread_mutex_lock(&s->lock);
    if (s->queue.num > 0) {
        *list = errand_list_take(&s->queue, max);
        state = STREAM_MORE;
    } else if (s->fault != 0) {
        state = STREAM_FAULT;
    } else if (s->has_ended) {
        state = STREAM_END;
    }
    bool wake = s->is_full && s->queue.num <= s->queue_max / 2;
    if (wake)
        s->is_full = false;
    pthread_mutex_unlock(&s->lock);
    if (wake)
        pthread_cond_signal(&s->room);
    return state;
}

void stream_consumed(struct stream *s, uint64_t *num_lines, uint8_t sha256[32])
{
    pthread_mutex_lock(&s->lock);
    *num_lines = s->consumed_lines;
    memcpy(sha256, s->consumed_sha256, sizeof s->consumed_sha256);
    pthread_mutex_unlock(&s->lock);
}

void stream_figures(struct stream *s, struct stream_figures *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->figures;
    pthread_mutex_unlock(&s->lock);
}

int stream_fault(struct stream *s, char err[STREAM_ERR_MAX])
{
    pthread_mutex_lock(&s->lock);
    int fault = s->fault;
    pthread_mutex_unlock(&s->lock);
    if (fault != 0)
        memcpy(err, s->fault_text, sizeof s->fault_text);
    return fault;
}

void stream_stop(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_mutex_unlock(&s->lock);
    pthread_cond_signal(&s->room);
    stream_source_wake(&s->source);
}

void stream_close(struct stream *s)
{
    if (s == NULL)
        return;
    stream_stop(s);
    pthread_join(s->reader, NULL);
    stream_source_close(&s->source);
    unmake(s);
}
