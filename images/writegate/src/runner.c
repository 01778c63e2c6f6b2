#include "runner.h"

#include <arpa/inet.h>
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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  REQUEST_BYTES_MAX = 1 << 20,
  FIELDS_MAX = 512,
  OUTPUT_BYTES_MAX = 1 << 20,
  PIECE_BYTES = 1 << 16,
  EXIT_BAD_USAGE = 70,
  EXIT_NO_PROGRAM = 127,
  STOP_LIMIT_S = 10,
};

extern char **environ;

/* What one connection asks for. */
struct request {
  char *argv[FIELDS_MAX + 1];
  size_t argc;
  char *env[FIELDS_MAX];
  size_t env_count;
  const char *folder; /* NULL: the runner's own */
  const char *input;
  size_t input_bytes;
};

static bool write_all(int fd, const void *bytes, size_t count) {
  for (const char *at = bytes; count > 0;) {
    ssize_t done = send(fd, at, count, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    count -= (size_t)done;
  }
  return true;
}

__attribute__((format(printf, 2, 3))) static bool say(int fd, const char *format, ...) {
  char line[512];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  return write_all(fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static bool frame(int fd, const char *kind, const char *bytes, size_t count) {
  return say(fd, "%s %zu\n", kind, count) && write_all(fd, bytes, count);
}

/* Reads the line with the length, and so many bytes. NULL: the connection broke off, or it is no request. */
static char *receive(int fd, size_t *out_bytes) {
  char digits[16];
  size_t count = 0;
  for (;; count += 1) {
    if (count == sizeof digits || read(fd, digits + count, 1) != 1) return NULL;
    if (digits[count] == '\n') break;
  }
  digits[count] = '\0';
  char *end;
  unsigned long bytes = strtoul(digits, &end, 10);
  if (count == 0 || *end != '\0' || bytes > REQUEST_BYTES_MAX) return NULL;
  char *text = malloc(bytes + 1);
  if (text == NULL) return NULL;
  for (size_t done = 0; done < bytes;) {
    ssize_t got = read(fd, text + done, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      free(text);
      return NULL;
    }
    done += (size_t)got;
  }
  text[bytes] = '\0';
  *out_bytes = bytes;
  return text;
}

/* Fields end with a zero byte and begin with what they are: A argument, E environment, C folder; I is the input, up to the end. */
static const char *parse(char *text, size_t bytes, struct request *out) {
  for (size_t at = 0; at < bytes;) {
    char *field = text + at;
    if (*field == 'I') {
      out->input = field + 1;
      out->input_bytes = bytes - at - 1;
      break;
    }
    size_t length = strnlen(field, bytes - at);
    if (length == bytes - at) return "a field has no end";
    switch (*field) {
      case 'A':
        if (out->argc == FIELDS_MAX) return "too many arguments";
        out->argv[out->argc++] = field + 1;
        break;
      case 'E':
        if (out->env_count == FIELDS_MAX || strchr(field, '=') == NULL) return "a variable without a value, or too many";
        out->env[out->env_count++] = field + 1;
        break;
      case 'C': out->folder = field + 1; break;
      default: return "a field of an unknown kind";
    }
    at += length + 1;
  }
  return out->argc == 0 ? "no program is named" : NULL;
}

/* In the child: becomes the program. What keeps it from that goes into `trouble`, which an exec closes. */
static void become(const struct request *request, int input, int output, int errors, int trouble) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  for (size_t index = 0; index < request->env_count; index += 1) putenv(request->env[index]);
  int error = 0;
  if (request->folder != NULL && chdir(request->folder) != 0) error = errno;
  if (error == 0) {
    execvp(request->argv[0], request->argv);
    error = errno;
  }
  ssize_t told = write(trouble, &error, sizeof error);
  _exit(told == sizeof error ? EXIT_NO_PROGRAM : EXIT_BAD_USAGE);
}

static pid_t parent_of(pid_t pid) {
  char name[64], line[512];
  snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t count = read(fd, line, sizeof line - 1);
  close(fd);
  if (count <= 0) return -1;
  line[count] = '\0';
  /* The name of the program may hold anything, a ")" too. */
  const char *after = strrchr(line, ')');
  char state;
  int parent;
  if (after == NULL || sscanf(after + 1, " %c %d", &state, &parent) != 2 || state == 'Z') return -1;
  return parent;
}

/* Calls `each` for the living processes whose parent this one is, and gives their number. */
static int children(void (*each)(pid_t pid)) {
  DIR *folder = opendir("/proc");
  int count = 0;
  if (folder == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid <= 0 || parent_of(pid) != getpid()) continue;
    count += 1;
    if (each != NULL) each(pid);
  }
  closedir(folder);
  return count;
}

struct output {
  const char *kind;
  int fd;
  size_t sent, dropped;
};

/* Passes on what is in the pipe now. False: it is at its end. */
static bool pass_on(struct output *output, int connection, bool *is_connected) {
  static char piece[PIECE_BYTES];
  ssize_t count = read(output->fd, piece, sizeof piece);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  size_t room = OUTPUT_BYTES_MAX - output->sent;
  size_t kept = (size_t)count < room ? (size_t)count : room;
  if (kept > 0 && *is_connected) *is_connected = frame(connection, output->kind, piece, kept);
  output->sent += kept;
  output->dropped += (size_t)count - kept;
  return true;
}

/* What is written while nobody reads any more must not end the handler; the input is as long as the pipe or longer. */
static bool feed(int fd, const struct request *request, size_t *done) {
  ssize_t count = write(fd, request->input + *done, request->input_bytes - *done);
  if (count > 0) *done += (size_t)count;
  return count >= 0 ? *done < request->input_bytes : errno == EAGAIN || errno == EINTR;
}

/* Relays the program's streams until it has ended. Gives its status; `killed` says that the connection broke and it was ended. */
static int relay(pid_t pid, const struct request *request, int input, struct output *outputs, int connection, int signals,
                 bool *killed) {
  bool is_connected = true, has_ended = false;
  int status = 0;
  size_t fed = 0;
  while (!has_ended) {
    struct pollfd polled[] = {{.fd = connection, .events = POLLIN | POLLRDHUP},
                              {.fd = signals, .events = POLLIN},
                              {.fd = outputs[0].fd, .events = POLLIN},
                              {.fd = outputs[1].fd, .events = POLLIN},
                              {.fd = input, .events = POLLOUT}};
    if (poll(polled, 5, -1) < 0) continue;
    if ((polled[0].revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0) is_connected = false;
    for (int index = 0; index < 2; index += 1) {
      if (polled[2 + index].revents == 0 || pass_on(&outputs[index], connection, &is_connected)) continue;
      close(outputs[index].fd);
      outputs[index].fd = -1;
    }
    if (polled[4].revents != 0 && !feed(input, request, &fed)) {
      close(input);
      input = -1;
    }
    if (!is_connected && !*killed) {
      *killed = true;
      kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
    }
    if (polled[1].revents != 0) {
      struct signalfd_siginfo info;
      while (read(signals, &info, sizeof info) == sizeof info) continue;
      for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
        if (ended == pid) {
          has_ended = true;
          break;
        }
    }
  }
  /* What it wrote last is in the pipes; a process that it left behind may hold them open for ever. */
  for (int index = 0; index < 2; index += 1) {
    if (outputs[index].fd < 0) continue;
    fcntl(outputs[index].fd, F_SETFL, O_NONBLOCK);
    while (pass_on(&outputs[index], connection, &is_connected) && errno != EAGAIN) errno = 0;
  }
  return status;
}

/* One connection in a process of its own, which becomes the parent of all that the program leaves behind. */
static void handle(int connection, pid_t runner) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  size_t bytes = 0;
  struct request request = {0};
  char *text = receive(connection, &bytes);
  if (text == NULL) _exit(0);
  const char *wrong = parse(text, bytes, &request);
  if (wrong != NULL) {
    say(connection, "refused %s\n", wrong);
    _exit(0);
  }
  int in[2], out[2], err[2], trouble[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
      pipe2(trouble, O_CLOEXEC) != 0) {
    say(connection, "failed %s\n", strerror(errno));
    _exit(0);
  }
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  pid_t pid = fork();
  if (pid == 0) become(&request, in[0], out[1], err[1], trouble[1]);
  close(in[0]);
  close(out[1]);
  close(err[1]);
  close(trouble[1]);
  signal(SIGPIPE, SIG_IGN);
  int error = 0;
  if (pid < 0) error = errno;
  else if (read(trouble[0], &error, sizeof error) != sizeof error) error = 0;
  if (error != 0) {
    say(connection, "failed %s\n", strerror(error));
    _exit(0);
  }
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  if (request.input_bytes == 0) {
    close(in[1]);
    in[1] = -1;
  }
  struct output outputs[] = {{.kind = "out", .fd = out[0]}, {.kind = "err", .fd = err[0]}};
  bool killed = false;
  int status = relay(pid, &request, in[1], outputs, connection, signals, &killed);
  /* The kernel took it for want of memory, or somebody did it for the kernel: as a server's death ends its container, so does this. */
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !killed) kill(runner, SIGKILL);
  if (outputs[0].dropped + outputs[1].dropped > 0)
    say(connection, "dropped %zu\n", outputs[0].dropped + outputs[1].dropped);
  int left = children(NULL);
  if (WIFSIGNALED(status)) say(connection, "exit signal %d left %d\n", WTERMSIG(status), left);
  else say(connection, "exit code %d left %d\n", WEXITSTATUS(status), left);
  /* What is left gets the runner itself as its parent. */
  _exit(0);
}

static int listen_at(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0) return fd;
  close(fd);
  return -1;
}

static pid_t start_server(char **command) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvp(command[0], command);
  fprintf(stderr, "writegate runner: %s can't be started: %s\n", command[0], strerror(errno));
  _exit(EXIT_NO_PROGRAM);
}

/* Ends as the server did, so that writegate tells of its end and not of the runner's. */
static int end_like(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  prctl(PR_SET_DUMPABLE, 0);
  signal(number, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  kill(getpid(), number);
  return 128 + number;
}

static void terminate(pid_t pid) { kill(pid, SIGTERM); }

/* Asks all that runs below it to end, and waits for that, but not for ever. */
static int end_all(void) {
  children(terminate);
  for (int tenth = 0; tenth < 10 * STOP_LIMIT_S; tenth += 1) {
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    if (children(NULL) == 0) return 0;
    nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
  }
  return 0;
}

static int serve(int listener, char **command) {
  sigset_t caught;
  sigemptyset(&caught);
  sigaddset(&caught, SIGCHLD);
  sigaddset(&caught, SIGTERM);
  sigaddset(&caught, SIGINT);
  sigaddset(&caught, SIGHUP);
  sigprocmask(SIG_SETMASK, &caught, NULL);
  int signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
  pid_t runner = getpid(), server = command[0] == NULL ? -1 : start_server(command);
  for (;;) {
    struct pollfd polled[] = {{.fd = listener, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (poll(polled, 2, -1) < 0) continue;
    struct signalfd_siginfo info;
    while (polled[1].revents != 0 && read(signals, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo != SIGCHLD) {
        if (server == -1) return end_all();
        kill(server, (int)info.ssi_signo);
        continue;
      }
      int status;
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == server) return end_like(status);
    }
    if ((polled[0].revents & POLLIN) == 0) continue;
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    pid_t handler = fork();
    if (handler == 0) {
      close(listener);
      close(signals);
      handle(connection, runner);
    }
    close(connection);
  }
}

int runner_main(char **arguments) {
  int port = arguments[0] != NULL && strcmp(arguments[0], "--port") == 0 && arguments[1] != NULL ? atoi(arguments[1]) : 0;
  if (port < 1 || port > 65535) {
    fputs("writegate runner: usage: writegate runner --port N [--] [COMMAND ARG...]\n", stderr);
    return EXIT_BAD_USAGE;
  }
  char **command = arguments + 2;
  if (command[0] != NULL && strcmp(command[0], "--") == 0) command += 1;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int listener = listen_at(port);
  if (listener < 0) {
    fprintf(stderr, "writegate runner: can't listen on 127.0.0.1:%d: %s\n", port, strerror(errno));
    return EXIT_BAD_USAGE;
  }
  return serve(listener, command);
}
