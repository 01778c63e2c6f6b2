/* writegate: see README.md for what it promises. Here: the life of one run from start to exit. Nothing includes this file's names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ballast.h"
#include "cgroup.h"
#include "clock.h"
#include "command.h"
#include "event.h"
#include "gate.h"
#include "gateway.h"
#include "giveup.h"
#include "listener.h"
#include "memory.h"
#include "options.h"
#include "runner.h"
#include "selftest.h"
#include "writegate.h"

#define USAGE \
  "usage: writegate run --state DIR [--state DIR ...] [--sample-ms N] [--pid N] [--exit-on-eof] [--opens] [--command LINE ...] -- COMMAND [ARG ...]\n" \
  "       writegate probe\n" \
  "       writegate figures CGROUP-ROOT\n" \
  "       writegate runner --port N [--] [COMMAND ARG...]\n"

static int64_t oom_kills_at_start;

static bool is_word(const char *argument, const char *word) { return strcmp(argument, word) == 0; }

/* Before writegate ends because it can't tell the lab what happens any more. */
static void end_gateway(void) {
  gateway_signal(SIGKILL);
  ballast_remove();
}

static int refuse(const char *code, const char *message) {
  event_begin("refused");
  event_string("code", code);
  event_string("message", message);
  event_end();
  return EXIT_REFUSED;
}

/* ---- the first event and the last ---- */

static int64_t own_status(const char *key) {
  char text[4096];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[count < 0 ? 0 : count] = 0;
  const char *at = strstr(text, key);
  return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

static void emit_start(bool wakes_in_step) {
  struct utsname machine;
  struct memory memory = cgroup_memory();
  int64_t words = 0;
  while (options.command[words] != NULL) words++;
  uname(&machine);
  event_begin("start");
  event_string("version", WRITEGATE_VERSION);
  event_number("protocol", WRITEGATE_PROTOCOL);
  event_string("kernel", machine.release);
  event_string("arch", machine.machine);
  event_string("hostname", machine.nodename);
  event_number("uid", getuid());
  event_bool("noNewPrivs", own_status("\nNoNewPrivs:") == 1);
  event_known("seccompMode", own_status("\nSeccomp:"));
  event_number("pid", gateway_pid());
  event_list("argv", options.command, words);
  event_list("state", (char *const *)options.state, (int64_t)options.state_count);
  event_number("cgroupVersion", cgroup_version());
  event_known("memoryLimitBytes", memory.limit_bytes);
  event_known("oomKills", memory.oom_kills);
  event_string("ioUring", "denied");
  event_bool("syncWakeUp", wakes_in_step);
  event_end();
  oom_kills_at_start = memory.oom_kills;
}

static void emit_exit(int status) {
  struct memory memory = cgroup_memory();
  event_begin("exit");
  if (WIFSIGNALED(status)) event_number("signal", WTERMSIG(status));
  else event_number("code", WEXITSTATUS(status));
  event_known("oomKillsAtStart", oom_kills_at_start);
  event_known("oomKills", memory.oom_kills);
  event_known("currentBytes", memory.current_bytes);
  event_known("peakBytes", memory.peak_bytes);
  gate_describe_counters();
  event_end();
}

/* ---- the loop ---- */

static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};

/* As PID 1 it would not even get signals that it does not ask for. A blocked one is never ignored: signal_ignored() in
 * the kernel's kernel/signal.c. */
static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++) sigaddset(&set, forwarded[i]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) gateway_signal((int)info.ssi_signo);
}

/* False at the end of stdin. */
static bool take_commands(void) {
  char bytes[4096];
  ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
  if (count > 0) command_feed(bytes, (size_t)count);
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

enum { FILLING_LOOK_MS = 10 };

static int patience_ms(int64_t next_sample_ns) {
  int64_t sample_ms = (next_sample_ns - now_ns()) / 1000000 + 1;
  int limit_ms = sample_ms < 0 ? 0 : (int)sample_ms;
  int gate_ms = gate_patience_ms();
  if (ballast_is_filling() && limit_ms > FILLING_LOOK_MS) limit_ms = FILLING_LOOK_MS;
  return gate_ms >= 0 && gate_ms < limit_ms ? gate_ms : limit_ms;
}

/* What stdin brings may come later than the gateway's first calls. */
static void run_first_commands(void) {
  for (size_t i = 0; i < options.first_command_count; i++) {
    command_feed(options.first_commands[i], strlen(options.first_commands[i]));
    command_feed("\n", 1);
  }
}

enum ending { GATEWAY_ENDED, LAB_GONE };

static enum ending loop(int listener, int signals, int *status) {
  struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  int64_t next_sample_ns = now_ns();
  while (!gateway_reap(status)) {
    ready[0].revents = ready[1].revents = ready[2].revents = 0;
    if (poll(ready, 3, patience_ms(next_sample_ns)) < 0 && errno != EINTR) give_up("poll");
    if ((ready[0].revents & POLLIN) != 0) gate_receive();
    else if (ready[0].revents != 0) ready[0].fd = -1; /* nobody is under the filter any more */
    if (ready[1].revents != 0) take_signals(signals);
    if (ready[2].revents != 0 && !take_commands()) {
      if (options.exit_on_eof) return LAB_GONE;
      ready[2].fd = -1;
    }
    gate_look();
    if (ballast_is_filling()) ballast_look();
    if (now_ns() >= next_sample_ns) {
      memory_sample();
      next_sample_ns = now_ns() + options.sample_ms * 1000000;
    }
  }
  return GATEWAY_ENDED;
}

static int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static int finish(enum ending ending, int status) {
  ballast_gateway_died();
  gateway_kill_rest();
  gateway_reap(&status);
  gate_callers_are_dead();
  memory_report();
  emit_exit(status);
  ballast_remove();
  return ending == LAB_GONE ? EXIT_LAB_GONE : exit_code(status);
}

static int run(void) {
  int listener, status = 0, signals = open_signals();
  struct capability capability = selftest();
  if (capability.refusal != NULL) return refuse(capability.refusal, capability.message);
  /* The gateway runs as the same user: it must not get at the events through /proc/1/fd. */
  prctl(PR_SET_DUMPABLE, 0);
  switch (gateway_start(&listener)) {
    case NO_FILTER:
      return refuse("no-user-notification", "the filter could not be installed");
    case NO_COMMAND: {
      char message[512];
      snprintf(message, sizeof message, "%.300s can't be run: %s", options.command[0], strerror(errno));
      return refuse("no-such-command", message);
    }
    case STARTED:
      break;
  }
  emit_start(listener_wake_in_step(listener));
  gate_open(listener);
  memory_report();
  run_first_commands();
  enum ending ending = loop(listener, signals, &status);
  return finish(ending, status);
}

static int probe(void) {
  struct capability capability = selftest();
  if (capability.refusal != NULL) return refuse(capability.refusal, capability.message);
  event_begin("works");
  event_string("version", WRITEGATE_VERSION);
  event_end();
  return 0;
}

/* What would be reported where the hierarchy were mounted there: for looking at another machine's. */
static int figures(void) {
  struct memory memory = cgroup_memory();
  struct charge charge = cgroup_charge();
  event_begin("figures");
  event_number("cgroupVersion", cgroup_version());
  event_known("currentBytes", memory.current_bytes);
  event_known("peakBytes", memory.peak_bytes);
  event_known("limitBytes", memory.limit_bytes);
  event_known("oomKills", memory.oom_kills);
  event_known("anonymousBytes", charge.anonymous_bytes);
  event_known("fileBytes", charge.file_bytes);
  event_known("cpuUs", cgroup_cpu_us());
  event_end();
  return 0;
}

int main(int count, char **arguments) {
  give_up_after(end_gateway);
  if (count > 1 && is_word(arguments[1], "runner")) return runner_main(arguments + 2);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  bool is_figures = count == 3 && is_word(arguments[1], "figures");
  cgroup_open(is_figures ? arguments[2] : "/sys/fs/cgroup");
  if (is_figures) return figures();
  if (count == 2 && is_word(arguments[1], "probe")) return probe();
  if (count > 2 && is_word(arguments[1], "run") && options_read(arguments + 2)) return run();
  fputs(USAGE, stderr);
  return refuse("bad-usage", "see the usage on stderr");
}
