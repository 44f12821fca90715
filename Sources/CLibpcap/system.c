#define _GNU_SOURCE
#include "CLibpcap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int64_t capture_wall_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

uint32_t capture_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return (uint32_t)CPU_COUNT(&set);
    /* More processors than a set has room for. */
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

uint32_t capture_terminal_size(int descriptor) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
    return (uint32_t)size.ws_row << 16 | size.ws_col;
}

int capture_has_no_reader(int descriptor) {
    struct pollfd entry = {.fd = descriptor};
    return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

/* Written to by the handler; set before any handler is, and never again. */
static volatile sig_atomic_t signal_pipe_end = -1;

int capture_open_signal_pipe(void) {
    int ends[2];
    if (signal_pipe_end >= 0) return -EBUSY;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
    signal_pipe_end = ends[1];
    return ends[0];
}

static void note_signal(int number) {
    int kept = errno;
    uint8_t byte = (uint8_t)number;
    /* A full pipe holds signals enough. */
    ssize_t written = write(signal_pipe_end, &byte, 1);
    (void)written;
    errno = kept;
}

void capture_catch_signal(int number, int only_once) {
    struct sigaction action;
    sigset_t set;
    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART | (only_once ? (int)SA_RESETHAND : 0);
    sigaction(number, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
