#include "selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway.h"
#include "listener.h"
#include "tracee.h"

#define FROM "/writegate/probe/from"
#define TO "/writegate/probe/to"

enum { PROBE_LIMIT_MS = 5000, PROBE_ERRNO = EXDEV, PROBE_WORKS = 42 };

/* The probe: a rename that fails as only writegate's answer can make it fail, and one that the kernel fails. */
static void run_probe(int channel) {
  close(channel);
  if (syscall(__NR_renameat2, AT_FDCWD, FROM, AT_FDCWD, TO, 0) != -1 || errno != PROBE_ERRNO) _exit(1);
  if (syscall(__NR_renameat2, AT_FDCWD, FROM, AT_FDCWD, TO, 0) != -1 || errno != ENOENT) _exit(1);
  _exit(PROBE_WORKS);
}

static bool next(int listener, struct seccomp_notif *out) {
  struct pollfd ready = {.fd = listener, .events = POLLIN};
  return poll(&ready, 1, PROBE_LIMIT_MS) > 0 && (ready.revents & POLLIN) != 0 && listener_receive(listener, out);
}

static bool reads_right(const struct seccomp_notif *rename) {
  char from[PATH_BYTES], to[PATH_BYTES], folder[PATH_BYTES];
  pid_t tid = (pid_t)rename->pid;
  return rename->data.nr == __NR_renameat2 && tracee_string(tid, rename->data.args[1], from, 4096) == 0 &&
         tracee_string(tid, rename->data.args[3], to, 4096) == 0 && strcmp(from, FROM) == 0 && strcmp(to, TO) == 0 &&
         tracee_link(tid, "cwd", folder, sizeof folder) == 0;
}

static const char *watch_probe(int listener) {
  struct seccomp_notif notification;
  if (!next(listener, &notification)) return "filter-in-the-way";
  if (!reads_right(&notification)) return "cannot-read-memory";
  if (!listener_answer(listener, notification.id, -PROBE_ERRNO)) return "no-user-notification";
  if (!next(listener, &notification)) return "filter-in-the-way";
  return listener_let_run(listener, notification.id) ? NULL : "no-user-notification";
}

static const char *advice(const char *refusal) {
  if (refusal == NULL) return NULL;
  if (strcmp(refusal, "filter-in-the-way") == 0)
    return "another seccomp filter is in the way (a supervisor such as another writegate, or a profile that denies the "
           "calls first): run writegate directly under Docker's default profile";
  if (strcmp(refusal, "cannot-read-memory") == 0)
    return "/proc/<pid>/mem of a child can't be read: run writegate and the gateway as the same user, with /proc mounted "
           "and no LSM that forbids ptrace of one's own children";
  return "the kernel has no seccomp user notification for this user: Linux 5.5 or newer is needed, and a seccomp profile "
         "that allows seccomp(2) (Docker's default does)";
}

struct capability selftest(void) {
  int listener, channel, status = 0;
  struct capability capability = {0};
  if (!listener_prepare()) {
    capability.refusal = "no-user-notification";
  } else {
    pid_t pid = gateway_fork_filtered(run_probe, &listener, &channel);
    if (pid < 0) {
      /* One listener in a chain of filters: the kernel says EBUSY for a second one, seccomp(2). */
      capability.refusal = errno == EBUSY ? "filter-in-the-way" : "no-user-notification";
    } else {
      capability.refusal = watch_probe(listener);
      close(listener);
      close(channel);
      if (capability.refusal != NULL) kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      bool works = WIFEXITED(status) && WEXITSTATUS(status) == PROBE_WORKS;
      if (capability.refusal == NULL && !works) capability.refusal = "filter-in-the-way";
    }
  }
  capability.message = advice(capability.refusal);
  return capability;
}
