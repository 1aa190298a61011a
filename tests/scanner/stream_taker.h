/*
 * stream_taker: lists, pipes and one who takes, for the tests of stream.
 *
 * Lists have 2001:db8:: + N in line N (from 0), so that a position tells its target.
 * Errors     fail the test that runs.
 */
#ifndef MXSWEEP_TESTS_STREAM_TAKER_H
#define MXSWEEP_TESTS_STREAM_TAKER_H

#include <pthread.h>

#include "scanner/stream.h"

enum { TAKEN_TEXT_MAX = 16384, LIST_LINE_MAX = 32 /* octets */ };

#define LIST "list.txt" /* in the folder of each test */

/* setup and teardown: a folder of its own, which a test enters */
int stream_folder_enter(void **state);
int stream_folder_leave(void **state);

/* put_list writes the list's file. */
void put_list(const char *octets, size_t len);
/* make_list makes num lines of out, which has LIST_LINE_MAX octets for each; returns their length. */
size_t make_list(char *out, uint64_t num);
uint64_t next_random(uint64_t *x);

struct taker {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_ready;
    unsigned num_ready, num_told;
    char told[TAKEN_TEXT_MAX]; /* complaints, each with a newline */
};

/* taker_config begins a config that tells t: all of path, one port of 25, 465, 587. */
struct stream_config taker_config(struct taker *t, const char *path);
struct stream *taker_open(const struct stream_config *config);
/* taker_wait waits until ready was called since it last returned. */
void taker_wait(struct taker *t);
/* taker_take takes up to max, and waits for them: never STREAM_EMPTY. */
enum stream_state taker_take(struct taker *t, struct stream *s, struct errand **list, size_t max);

/* all that a stream gave */
struct taken {
    /* POSITION=ADDRESS, its lower half; POSITION- for one to skip */
    char errands[TAKEN_TEXT_MAX];
    struct stream_figures figures;
    uint64_t num_lines;
    uint8_t sha256[32];
};

/* taker_take_all takes all, max at a time, to the end, and closes s. */
void taker_take_all(struct taken *taken, struct taker *t, struct stream *s, size_t max);

/* a pipe whose reading end a stream opens by its path */
struct tube {
    int read_fd, write_fd;
    char path[32];
};

void tube_open(struct tube *tube);
/* tube_write writes one piece, and waits until it was read. */
void tube_write(const struct tube *tube, const char *piece, size_t len);

#endif
