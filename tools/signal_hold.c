#include "tools/signal_hold.h"

#include <stddef.h>

static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};
enum { NUM_ENDS = sizeof ends / sizeof ends[0] };

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void signal_hold_begin(struct signal_hold *h)
{
    sigset_t before, wanted;
    if (h->is_on)
        return;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    sigemptyset(&wanted);
    for (size_t i = 0; i < NUM_ENDS; i++)
        if (!is_ignored(ends[i]) && !sigismember(&before, ends[i]))
            sigaddset(&wanted, ends[i]);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    h->held = wanted;
    h->is_on = true;
}

bool signal_hold_due(void)
{
    sigset_t due;
    sigpending(&due);
    for (size_t i = 0; i < NUM_ENDS; i++)
        if (sigismember(&due, ends[i]) && !is_ignored(ends[i]))
            return true;
    return false;
}

void signal_hold_end(struct signal_hold *h)
{
    if (!h->is_on)
        return;
    h->is_on = false;
    pthread_sigmask(SIG_UNBLOCK, &h->held, NULL);
}
