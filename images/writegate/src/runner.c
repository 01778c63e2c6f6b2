/* writegate runner: README.md ("The runner") has its contract. A process for each connection is the parent of the command that it asks for, and of
 * all that the command leaves behind; the runner is the parent of those, of COMMAND, and of what they leave. */
#include "runner.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "writegate.h"

enum {
  REQUEST_BYTES_MAX = 1 << 20,
  REQUEST_DIGITS_MAX = 7,
  ARGUMENTS_MAX = 256,
  VARIABLES_MAX = 256,
  OUTPUT_BYTES_MAX = 1 << 20,
  PIECE_BYTES = 1 << 16,
  PIPE_PIECES = 17, /* the largest pipe that a user may have is 1 MiB: pipe(7) */
  PROCESSES_MAX = 4096,
  EXIT_NO_PROGRAM = 127,
};
static const int64_t STOP_LIMIT_NS = INT64_C(10) * 1000000000, CLOSE_LIMIT_NS = INT64_C(2) * 1000000000;

/* What writegate forwards. The first of them end a runner that has no COMMAND. */
static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
enum { ENDING_SIGNALS = 4, FORWARDED = sizeof forwarded / sizeof forwarded[0] };

static int64_t oom_kills_before;

/* ---- frames ---- */

static bool write_all(int fd, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t done = write(fd, bytes, count);
    if (done < 0 && errno != EINTR) return false;
    if (done > 0) bytes += done, count -= (size_t)done;
  }
  return true;
}

/* One line, whatever is in it. */
__attribute__((format(printf, 2, 3))) static bool say(int fd, const char *format, ...) {
  char line[1024];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (length > (int)sizeof line - 1) length = sizeof line - 1;
  for (int i = 0; i < length; i++)
    if (iscntrl((unsigned char)line[i])) line[i] = '?';
  line[length++] = '\n';
  return write_all(fd, line, (size_t)length);
}

static bool say_bytes(int fd, const char *kind, const char *bytes, size_t count) {
  return say(fd, "%s %zu", kind, count) && write_all(fd, bytes, count);
}

/* Closes it when the other end has. To close what has unread bytes in it would reset the connection, and the last frame with it: tcp(7). */
static void hang_up(int connection) {
  char rest[4096];
  int64_t limit_ns = now_ns() + CLOSE_LIMIT_NS;
  shutdown(connection, SHUT_WR);
  for (struct pollfd ready = {.fd = connection, .events = POLLIN}; now_ns() < limit_ns;)
    if (poll(&ready, 1, (int)((limit_ns - now_ns()) / 1000000) + 1) > 0 && read(connection, rest, sizeof rest) <= 0) break;
  close(connection);
}

/* ---- a request ---- */

struct request {
  char *argv[ARGUMENTS_MAX + 1];
  size_t argc;
  char *env[VARIABLES_MAX];
  size_t env_count;
  const char *folder; /* NULL: the runner's own */
  const char *input;  /* NULL: none */
  size_t input_bytes;
};

static bool read_all(int fd, char *bytes, size_t count) {
  while (count > 0) {
    ssize_t done = read(fd, bytes, count);
    if (done == 0 || (done < 0 && errno != EINTR)) return false;
    if (done > 0) bytes += done, count -= (size_t)done;
  }
  return true;
}

enum received { RECEIVED, NOT_A_LENGTH, TOO_LONG, GONE };

/* The length in decimal, a newline, and so many bytes; a zero byte is put behind them. */
static enum received receive(int fd, char **text, size_t *bytes) {
  size_t count = 0;
  int digits = 0;
  for (char next; ; digits++) {
    if (!read_all(fd, &next, 1)) return GONE;
    if (next == '\n' && digits > 0) break;
    if (next < '0' || next > '9') return NOT_A_LENGTH;
    if (digits == REQUEST_DIGITS_MAX) return TOO_LONG;
    count = count * 10 + (size_t)(next - '0');
  }
  if (count > REQUEST_BYTES_MAX) return TOO_LONG;
  *text = malloc(count + 1);
  if (*text == NULL || !read_all(fd, *text, count)) return GONE;
  (*text)[count] = 0;
  *bytes = count;
  return RECEIVED;
}

static const char *take_field(char *field, struct request *out) {
  char *value = field + 1;
  switch (*field) {
    case 'A':
      if (out->argc == ARGUMENTS_MAX) return "it has more than 256 arguments";
      out->argv[out->argc++] = value;
      return NULL;
    case 'E':
      if (out->env_count == VARIABLES_MAX) return "it has more than 256 environment variables";
      if (strchr(value, '=') == NULL || value[0] == '=') return "an environment variable is not NAME=VALUE";
      out->env[out->env_count++] = value;
      return NULL;
    case 'C':
      if (out->folder != NULL || value[0] != '/') return "it has two working directories, or one that is no absolute path";
      out->folder = value;
      return NULL;
    default:
      return "a field is none of A, E, C and I";
  }
}

/* What is wrong with it; NULL: nothing. */
static const char *parse(char *text, size_t bytes, struct request *out) {
  for (size_t at = 0; at < bytes && out->input == NULL;) {
    size_t length = strnlen(text + at, bytes - at);
    if (text[at] == 'I') {
      out->input = text + at + 1;
      out->input_bytes = bytes - at - 1;
      continue;
    }
    if (length == bytes - at) return "a field has no zero byte at its end";
    const char *wrong = take_field(text + at, out);
    if (wrong != NULL) return wrong;
    at += length + 1;
  }
  return out->argc == 0 || out->argv[0][0] == 0 ? "it names no program" : NULL;
}

static bool take_request(int connection, struct request *out) {
  char *text = NULL;
  size_t bytes = 0;
  const char *wrong = NULL;
  switch (receive(connection, &text, &bytes)) {
    case RECEIVED: wrong = parse(text, bytes, out); break;
    case NOT_A_LENGTH: wrong = "it does not begin with its length in decimal and a newline"; break;
    case TOO_LONG: wrong = "it is longer than 1048576 bytes"; break;
    case GONE: return false; /* who only looks whether somebody listens says nothing */
  }
  if (wrong != NULL) say(connection, "refused the request is not understood: %s", wrong);
  return wrong == NULL;
}

/* ---- the processes below this one ---- */

struct process {
  pid_t pid, parent;
  bool is_below;
};

/* False: it is gone, or only its exit status is left of it. */
static bool read_process(pid_t pid, struct process *out) {
  char name[64], text[512], state;
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  text[count < 0 ? 0 : count] = 0;
  /* The name may hold anything, a ")" too: proc_pid_stat(5). */
  const char *name_end = strrchr(text, ')');
  *out = (struct process){.pid = pid};
  return name_end != NULL && sscanf(name_end + 1, " %c %d", &state, &out->parent) == 2 && strchr("ZXx", state) == NULL;
}

/* Calls `each` for every living descendant, and gives their number. */
static int look_below(void (*each)(pid_t pid, int signal), int signal) {
  static struct process all[PROCESSES_MAX];
  size_t count = 0;
  int below = 0;
  DIR *folder = opendir("/proc");
  if (folder == NULL) return 0;
  for (struct dirent *entry; count < PROCESSES_MAX && (entry = readdir(folder)) != NULL;)
    if (isdigit((unsigned char)entry->d_name[0])) count += read_process((pid_t)atoi(entry->d_name), &all[count]);
  closedir(folder);
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    for (size_t i = 0; i < count; i++) {
      bool is_below = all[i].parent == getpid();
      for (size_t j = 0; j < count && !is_below; j++) is_below = all[j].is_below && all[j].pid == all[i].parent;
      has_changed |= is_below && !all[i].is_below;
      all[i].is_below = is_below;
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (!all[i].is_below) continue;
    below++;
    if (each != NULL) each(all[i].pid, signal);
  }
  return below;
}

static void send_signal(pid_t pid, int signal) { kill(pid, signal); }

/* What a killed process leaves behind gets this one as its parent, and is killed in the next round. */
static void kill_below(void) {
  do {
    look_below(send_signal, SIGKILL);
  } while (waitpid(-1, NULL, 0) > 0 || errno != ECHILD);
}

/* The kernel took it for want of memory. Anybody may send a SIGKILL, but the kernel counts its own, and before it sends it: __oom_kill_process() in
 * mm/oom_kill.c. */
static bool was_taken(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && cgroup_oom_kills() > oom_kills_before;
}

/* ---- a command ---- */

enum obstacle { NO_FOLDER, NO_PROGRAM, NO_INTERPRETER };

struct trouble {
  enum obstacle obstacle;
  int error;
};

static void unblock_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
}

static int block_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (size_t i = 0; i < FORWARDED; i++) sigaddset(&set, forwarded[i]);
  sigprocmask(SIG_SETMASK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* In the child: becomes the program, with a session of its own. What keeps it from that goes into the pipe, which an exec closes. */
static _Noreturn void become(const struct request *request, const int streams[3], int pipe) {
  struct trouble trouble = {.obstacle = NO_FOLDER};
  setsid();
  unblock_signals();
  for (int i = 0; i < 3; i++) dup2(streams[i], i);
  for (size_t i = 0; i < request->env_count; i++) putenv(request->env[i]);
  if (request->folder == NULL || chdir(request->folder) == 0) {
    execvp(request->argv[0], request->argv);
    int error = errno;
    bool is_there = strchr(request->argv[0], '/') != NULL && access(request->argv[0], F_OK) == 0;
    trouble.obstacle = is_there && error == ENOENT ? NO_INTERPRETER : NO_PROGRAM;
    errno = error;
  }
  trouble.error = errno;
  write_all(pipe, (const char *)&trouble, sizeof trouble);
  _exit(EXIT_NO_PROGRAM);
}

static const char *search_path(const struct request *request) {
  const char *path = getenv("PATH");
  for (size_t i = 0; i < request->env_count; i++)
    if (strncmp(request->env[i], "PATH=", 5) == 0) path = request->env[i] + 5;
  return path == NULL ? "" : path;
}

static void say_trouble(int connection, const struct request *request, struct trouble trouble) {
  const char *program = request->argv[0], *error = strerror(trouble.error);
  bool is_searched = strchr(program, '/') == NULL;
  if (trouble.obstacle == NO_FOLDER) say(connection, "failed the working directory %.256s: %s", request->folder, error);
  else if (trouble.obstacle == NO_INTERPRETER)
    say(connection, "failed %.256s: it is there, and what runs it is not: the program in its first line, or its loader", program);
  else if (trouble.error == ENOENT && is_searched)
    say(connection, "failed %.256s: there is no such program in the image, on the PATH %.256s", program, search_path(request));
  else if (trouble.error == ENOENT) say(connection, "failed %.256s: there is no such program in the image", program);
  else say(connection, "failed %.256s: %s", program, error);
}

struct output {
  const char *kind;
  int fd; /* -1: at its end */
  size_t sent, dropped;
};

struct running {
  pid_t pid;
  const struct request *request;
  int connection; /* -1: it broke off */
  int signals;
  int input; /* -1: all is written */
  size_t fed;
  struct output outputs[2];
  bool has_ended, was_killed;
  bool is_told; /* what comes from now on is of what it left behind */
  int status;
};

/* Passes on what is in the pipe now. False: there is nothing more for now. */
static bool pass_on(struct running *of, struct output *output) {
  static char piece[PIECE_BYTES];
  ssize_t count = read(output->fd, piece, sizeof piece);
  if (count < 0) return errno == EINTR;
  if (count == 0) {
    close(output->fd);
    output->fd = -1;
    return false;
  }
  size_t room = OUTPUT_BYTES_MAX - output->sent, kept = (size_t)count < room ? (size_t)count : room;
  output->dropped += (size_t)count - kept;
  output->sent += kept;
  if (of->is_told) write_all(STDERR_FILENO, piece, kept);
  else if (kept > 0 && of->connection >= 0 && !say_bytes(of->connection, output->kind, piece, kept)) of->connection = -1;
  return true;
}

static void feed(struct running *of) {
  ssize_t count = write(of->input, of->request->input + of->fed, of->request->input_bytes - of->fed);
  if (count > 0) of->fed += (size_t)count;
  bool is_over = count < 0 ? errno != EAGAIN && errno != EINTR : of->fed == of->request->input_bytes;
  if (!is_over) return;
  close(of->input);
  of->input = -1;
}

static void reap(struct running *of) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (!of->was_killed && was_taken(status)) kill(getpid(), SIGKILL); /* the runner sees how this ends, and ends all */
    if (pid != of->pid) continue;
    of->has_ended = true;
    of->status = status;
  }
}

/* One look at everything that can happen, once something has. */
static void step(struct running *of) {
  struct signalfd_siginfo info;
  struct pollfd ready[] = {{.fd = of->connection, .events = POLLRDHUP}, {.fd = of->signals, .events = POLLIN},
                           {.fd = of->outputs[0].fd, .events = POLLIN}, {.fd = of->outputs[1].fd, .events = POLLIN},
                           {.fd = of->input, .events = POLLOUT}};
  if (poll(ready, 5, -1) < 0) return;
  for (int i = 0; i < 2; i++)
    if (ready[2 + i].revents != 0) pass_on(of, &of->outputs[i]);
  if (ready[4].revents != 0) feed(of);
  if (ready[0].revents != 0) of->connection = -1;
  if (of->connection < 0 && !of->has_ended && !of->was_killed) {
    of->was_killed = true;
    kill(-of->pid, SIGKILL);
  }
  while (ready[1].revents != 0 && read(of->signals, &info, sizeof info) == sizeof info) continue;
  if (ready[1].revents != 0) reap(of);
}

static void say_end(struct running *of) {
  int left = look_below(NULL, 0);
  size_t dropped = of->outputs[0].dropped + of->outputs[1].dropped;
  if (dropped > 0) say(of->connection, "dropped %zu", dropped);
  if (WIFSIGNALED(of->status)) say(of->connection, "exit signal %d left %d", WTERMSIG(of->status), left);
  else say(of->connection, "exit code %d left %d", WEXITSTATUS(of->status), left);
  hang_up(of->connection);
  of->connection = -1;
}

static void relay(struct running *of) {
  while (!of->has_ended) step(of);
  /* What it wrote last is in the pipes, and what it left behind may hold them open, or write for ever. */
  for (int i = 0; i < 2; i++)
    for (int piece = 0; piece < PIPE_PIECES && of->outputs[i].fd >= 0 && pass_on(of, &of->outputs[i]); piece++) continue;
  of->is_told = true;
  if (of->connection >= 0) say_end(of);
  /* What was left behind must not die of a closed pipe when it says something: it goes where COMMAND's goes. */
  while (of->outputs[0].fd >= 0 || of->outputs[1].fd >= 0) step(of);
}

/* A pipe of which the end that stays here does not block. */
static bool open_pipe(int ends[2], int own) {
  return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[own], F_SETFL, O_NONBLOCK) == 0;
}

/* One connection, in a process of its own. */
static void handle(int connection) {
  struct request request = {0};
  struct trouble trouble;
  int in[2] = {-1, -1}, out[2], err[2], told[2];
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  oom_kills_before = cgroup_oom_kills();
  int signals = block_signals();
  if (!take_request(connection, &request)) {
    hang_up(connection);
    return;
  }
  bool is_ready = request.input == NULL ? (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 : open_pipe(in, 1);
  is_ready = is_ready && open_pipe(out, 0) && open_pipe(err, 0) && pipe2(told, O_CLOEXEC) == 0;
  pid_t pid = is_ready ? fork() : -1;
  if (pid < 0) {
    say(connection, "failed the runner has no pipe or process for it: %s", strerror(errno));
    hang_up(connection);
    return;
  }
  if (pid == 0) become(&request, (const int[3]){in[0], out[1], err[1]}, told[1]);
  close(in[0]);
  close(out[1]);
  close(err[1]);
  close(told[1]);
  if (read_all(told[0], (char *)&trouble, sizeof trouble)) {
    say_trouble(connection, &request, trouble);
    hang_up(connection);
    return;
  }
  close(told[0]);
  relay(&(struct running){.pid = pid, .request = &request, .connection = connection, .signals = signals, .input = in[1],
                          .outputs = {{.kind = "out", .fd = out[0]}, {.kind = "err", .fd = err[0]}}});
}

/* ---- the runner ---- */

static int listen_at(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static pid_t start_server(char **command) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  unblock_signals();
  execvp(command[0], command);
  fprintf(stderr, "writegate runner: %s can't be started: %s\n", command[0], strerror(errno));
  _exit(EXIT_NO_PROGRAM);
}

/* Ends as that process did, so that writegate tells of its end and not of the runner's. */
static int end_like(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  /* No core file of the runner's own, and no piped one: do_coredump in fs/coredump.c. */
  setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
  unblock_signals();
  signal(WTERMSIG(status), SIG_DFL);
  kill(getpid(), WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

/* As a server's death ends its container: nothing that the dead one has started goes on writing, and writegate sees a SIGKILL that nobody sent. */
static _Noreturn void end_all_at_once(void) {
  kill_below();
  for (;;) kill(getpid(), SIGKILL);
}

/* Passes the signal on to all that runs, and kills what has not ended in time. */
static int end_all(int signals, int signal) {
  struct signalfd_siginfo info;
  int64_t limit_ns = now_ns() + STOP_LIMIT_NS;
  look_below(send_signal, signal);
  for (pid_t pid; now_ns() < limit_ns;) {
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) continue;
    if (pid < 0) return 0;
    struct pollfd ready = {.fd = signals, .events = POLLIN};
    poll(&ready, 1, (int)((limit_ns - now_ns()) / 1000000) + 1);
    while (read(signals, &info, sizeof info) == sizeof info) continue;
  }
  kill_below();
  return 0;
}

static bool ends_runner(int signal) {
  for (int i = 0; i < ENDING_SIGNALS; i++)
    if (forwarded[i] == signal) return true;
  return false;
}

/* False: the server has ended. */
static bool reap_all(pid_t server, int *status) {
  for (pid_t pid; (pid = waitpid(-1, status, WNOHANG)) > 0;) {
    if (was_taken(*status)) end_all_at_once();
    if (pid == server) return false;
  }
  return true;
}

static void take_connection(int listener, int signals) {
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) return;
  if (fork() == 0) {
    close(listener);
    close(signals);
    handle(connection);
    _exit(0);
  }
  close(connection);
}

static int serve(int listener, char **command) {
  int signals = block_signals(), status;
  signal(SIGPIPE, SIG_IGN);
  pid_t server = command[0] == NULL ? -1 : start_server(command);
  for (;;) {
    struct pollfd ready[] = {{.fd = listener, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    struct signalfd_siginfo info;
    if (poll(ready, 2, -1) < 0) continue;
    while (ready[1].revents != 0 && read(signals, &info, sizeof info) == sizeof info) {
      int number = (int)info.ssi_signo;
      if (number == SIGCHLD) continue;
      if (server > 0) kill(server, number);
      else if (ends_runner(number)) return end_all(signals, number);
    }
    if (ready[1].revents != 0 && !reap_all(server, &status)) return end_like(status);
    if (ready[0].revents != 0) take_connection(listener, signals);
  }
}

static int refuse_usage(void) {
  fputs("writegate runner: usage: writegate runner --port N [--] [COMMAND ARG ...], with N from 1 to 65535\n", stderr);
  return EXIT_REFUSED;
}

int runner_main(char **arguments) {
  char *end = NULL;
  bool has_port = arguments[0] != NULL && strcmp(arguments[0], "--port") == 0 && arguments[1] != NULL && isdigit((unsigned char)arguments[1][0]);
  long port = has_port ? strtol(arguments[1], &end, 10) : 0;
  if (!has_port || *end != 0 || port < 1 || port > UINT16_MAX) return refuse_usage();
  char **command = arguments + 2;
  if (command[0] != NULL && strcmp(command[0], "--") == 0) command++;
  else if (command[0] != NULL && command[0][0] == '-') return refuse_usage();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  cgroup_open("/sys/fs/cgroup");
  oom_kills_before = cgroup_oom_kills();
  int listener = listen_at((int)port);
  if (listener < 0) {
    fprintf(stderr, "writegate runner: 127.0.0.1:%ld can't be listened on: %s. Does the system use that port itself?\n", port, strerror(errno));
    return EXIT_REFUSED;
  }
  return serve(listener, command);
}
