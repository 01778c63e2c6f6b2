#include "gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "filter.h"
#include "options.h"

static pid_t main_pid = -1;
static bool has_main_ended;
static int main_status;
static int nothing = -1; /* /dev/null: nobody answers yet when the gateway's own opens are reported */

pid_t gateway_pid(void) { return main_pid; }

/* One descriptor, or (-1) the errno why there is none, over a Unix socket: unix(7), SCM_RIGHTS. */
static bool send_descriptor(int channel, int fd, int error) {
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {&error, sizeof error};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return sendmsg(channel, &message, 0) == sizeof error;
}

static int receive_descriptor(int channel) {
  int fd = -1, error = 0;
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {&error, sizeof error};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  struct cmsghdr *header = count == sizeof error ? CMSG_FIRSTHDR(&message) : NULL;
  if (header != NULL) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  errno = count == sizeof error ? error : EPIPE;
  return fd;
}

bool oom_score_raise(const char *score) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  bool is_done = fd >= 0 && write(fd, score, strlen(score)) == (ssize_t)strlen(score);
  if (fd >= 0) close(fd);
  return is_done;
}

static _Noreturn void run_child(void (*run)(int channel), int channel) {
  sigset_t none;
  sigemptyset(&none);
  /* writegate is not dumpable, and so its child would not be either: neither could read the other's /proc. */
  prctl(PR_SET_DUMPABLE, 1);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  /* The kernel takes the gateway when memory is short, not writegate. */
  if (!oom_score_raise("1000")) _exit(EXIT_REFUSED);
  int listener = filter_install();
  if (!send_descriptor(channel, listener, listener < 0 ? errno : 0) || listener < 0) _exit(EXIT_REFUSED);
  close(listener);
  run(channel);
  _exit(EXIT_REFUSED);
}

pid_t gateway_fork_filtered(void (*run)(int channel), int *listener, int *channel) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    close(pair[0]);
    run_child(run, pair[1]);
  }
  close(pair[1]);
  *listener = pid < 0 ? -1 : receive_descriptor(pair[0]);
  *channel = pair[0];
  if (pid > 0 && *listener >= 0) return pid;
  int error = errno;
  if (pid > 0) waitpid(pid, NULL, 0);
  close(pair[0]);
  errno = error;
  return -1;
}

/* stdout is for events alone: the gateway's goes where its stderr goes. */
static void run_command(int channel) {
  setenv("UV_USE_IO_URING", "0", 1);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(EXIT_REFUSED);
  execvp(options.command[0], options.command);
  int error = errno;
  send(channel, &error, sizeof error, MSG_NOSIGNAL);
}

/*
 * What starts a container uses a few PIDs in it, now more and now fewer. A gateway that is its container's first process has the same PID at every
 * boot: so has this one, and what goes by a PID alone meets its own after a crash.
 */
static void use_up_pids(void) {
  if (getpid() != 1) return;
  for (pid_t pid = 0; pid < options.gateway_pid - 1;) {
    pid = fork();
    if (pid < 0) return;
    if (pid == 0) _exit(0);
    waitpid(pid, NULL, 0);
  }
}

enum started gateway_start(int *listener) {
  int channel, error = 0;
  use_up_pids();
  nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  main_pid = gateway_fork_filtered(run_command, listener, &channel);
  if (main_pid < 0) return NO_FILTER;
  /* The child's end closes at the exec: then there is nothing to receive. */
  ssize_t count = recv(channel, &error, sizeof error, 0);
  close(channel);
  if (nothing >= 0) close(nothing);
  if (count != sizeof error) return STARTED;
  waitpid(main_pid, NULL, 0);
  errno = error;
  return NO_COMMAND;
}

void gateway_signal(int signal) {
  if (!has_main_ended && main_pid > 0) kill(main_pid, signal);
}

static void note_end(pid_t pid, int status) {
  if (pid == main_pid) {
    has_main_ended = true;
    main_status = status;
    return;
  }
  event_begin("child");
  event_number("pid", pid);
  if (WIFSIGNALED(status)) event_number("signal", WTERMSIG(status));
  else event_number("code", WEXITSTATUS(status));
  event_end();
}

bool gateway_reap(int *status) {
  int ended;
  for (pid_t pid; (pid = waitpid(-1, &ended, WNOHANG)) > 0;) note_end(pid, ended);
  *status = main_status;
  return has_main_ended;
}

/* Outside a container there is more than the gateway: only what descends from writegate is killed. */
static void kill_descendants(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  FILE *children = fopen(path, "re");
  for (int pid; children != NULL && fscanf(children, "%d", &pid) == 1;) kill(pid, SIGKILL);
  if (children != NULL) fclose(children);
}

void gateway_kill_rest(void) {
  enum { ROUNDS_MAX = 2000 };
  const struct timespec pause = {0, 1000 * 1000};
  for (int round = 0; round < ROUNDS_MAX; round++) {
    int status;
    if (getpid() == 1) kill(-1, SIGKILL);
    else kill_descendants();
    gateway_reap(&status);
    if (waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD) return;
    nanosleep(&pause, NULL);
  }
}
