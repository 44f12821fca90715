#define _GNU_SOURCE
#include "CLibpcap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static int spawn(const char *program, int input, int output, pid_t *child) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    char *arguments[] = {(char *)program, "-dc", NULL};

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigemptyset(&none);
    sigfillset(&defaults);
    /* A terminal's Ctrl-C goes to the group; it is for us to decide what becomes of the child. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    if ((error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
                                                  0)) == 0)
        error = posix_spawnp(child, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int capture_start_unpacking(const char *program, int input, int *feed, int *output) {
    int out[2], in[2] = {-1, -1};
    pid_t child = -1;
    if (pipe2(out, O_CLOEXEC) != 0) return -errno;
    if (input < 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) {
        int error = errno;
        close(out[0]);
        close(out[1]);
        return -error;
    }
    int error = spawn(program, input < 0 ? in[1] : input, out[1], &child);
    close(out[1]);
    if (in[1] >= 0) close(in[1]);
    if (error != 0) {
        close(out[0]);
        if (in[0] >= 0) close(in[0]);
        return -error;
    }
    *feed = in[0];
    *output = out[0];
    return child;
}

ssize_t capture_send(int socket, const uint8_t *bytes, size_t length) {
    return send(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}
