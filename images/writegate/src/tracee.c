#include "tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int open_proc(pid_t tid, const char *what) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", tid, what);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static int read_proc(pid_t tid, const char *what, char *text, size_t size) {
  int fd = open_proc(tid, what);
  if (fd < 0) return errno;
  ssize_t count = read(fd, text, size - 1);
  int error = count < 0 ? errno : 0;
  close(fd);
  text[count < 0 ? 0 : count] = 0;
  return error;
}

/* What is looked at so often that it is kept open. A file of a thread belongs to the thread and not to its tid: of one that has ended it can't be read. */
enum kept_file { STAT, SYSCALL, KEPT_FILES };

static int read_kept(pid_t tid, enum kept_file which, char *text, size_t size) {
  enum { KEPT_MAX = 256 };
  static struct kept {
    pid_t tid;
    int fd;
  } all[KEPT_FILES][KEPT_MAX];
  struct kept *entry = &all[which][(size_t)tid % KEPT_MAX];
  if (tid <= 0) return ESRCH; /* what is empty has 0 */
  for (;;) {
    bool is_new = entry->tid != tid;
    if (is_new) {
      char what[32];
      /* Without `task` the times in it would be those of the whole process. */
      snprintf(what, sizeof what, "task/%d/%s", tid, which == STAT ? "stat" : "syscall");
      if (entry->tid != 0) close(entry->fd);
      entry->fd = open_proc(tid, what);
      entry->tid = entry->fd < 0 ? 0 : tid;
      if (entry->fd < 0) return errno;
    }
    ssize_t count = pread(entry->fd, text, size - 1, 0);
    int error = count < 0 ? errno : 0;
    text[count < 0 ? 0 : count] = 0;
    if (error == 0) return 0;
    close(entry->fd);
    entry->tid = 0;
    if (is_new) return error;
  }
}

static ssize_t read_memory(pid_t tid, uint64_t address, void *buffer, size_t count) {
  int fd = open_proc(tid, "mem");
  if (fd < 0) return -1;
  ssize_t done = pread(fd, buffer, count, (off_t)address);
  int error = errno;
  close(fd);
  errno = error;
  return done;
}

int tracee_read(pid_t tid, uint64_t address, void *buffer, size_t count) {
  ssize_t done = count == 0 ? 0 : read_memory(tid, address, buffer, count);
  if (done < 0) return errno;
  return (size_t)done == count ? 0 : EFAULT;
}

int tracee_string(pid_t tid, uint64_t address, char *text, size_t size) {
  /* Reading beyond the string is harmless: /proc/<pid>/mem stops short where nothing is mapped. */
  ssize_t done = read_memory(tid, address, text, size);
  if (done < 0) return errno;
  return memchr(text, 0, (size_t)done) != NULL ? 0 : done == (ssize_t)size ? ENAMETOOLONG : EFAULT;
}

int tracee_link(pid_t tid, const char *what, char *target, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", tid, what);
  ssize_t count = readlink(path, target, size - 1);
  if (count < 0) return errno;
  target[count] = 0;
  return 0;
}

int tracee_descriptor(pid_t tid, int fd, struct descriptor *out) {
  char what[32], text[512];
  snprintf(what, sizeof what, "fdinfo/%d", fd);
  int error = read_proc(tid, what, text, sizeof text);
  if (error != 0) return error;
  const char *position = strstr(text, "pos:"), *flags = strstr(text, "flags:");
  if (position == NULL || flags == NULL) return EIO;
  out->position = strtoll(position + 4, NULL, 10);
  out->flags = (int)strtol(flags + 6, NULL, 8);
  return 0;
}

static long status_number(const char *text, const char *key, int base) {
  const char *at = strstr(text, key);
  return at == NULL ? 0 : strtol(at + strlen(key), NULL, base);
}

int tracee_mapping(pid_t tid, uint64_t address, char *path, size_t size) {
  char name[32], text[PATH_BYTES];
  snprintf(name, sizeof name, "/proc/%d/maps", tid);
  FILE *maps = fopen(name, "re");
  if (maps == NULL) return errno;
  path[0] = 0;
  while (fgets(text, sizeof text, maps) != NULL) {
    unsigned long long from, to;
    int at = 0;
    if (sscanf(text, "%llx-%llx %*s %*s %*s %*s %n", &from, &to, &at) < 2 || address < from || address >= to) continue;
    text[strcspn(text, "\n")] = 0;
    if (at > 0) snprintf(path, size, "%s", text + at);
    break;
  }
  fclose(maps);
  return 0;
}

/* Field `number` (from 1, see proc_pid_stat(5)) of /proc/<tid>/stat; what follows the name, which may hold spaces. */
static uint64_t stat_field(const char *text, int number) {
  const char *at = strrchr(text, ')');
  for (int i = 2; at != NULL && i < number; i++) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

enum { PF_EXITING = 0x4 }; /* include/linux/sched.h; field 9 has been the same since Linux 2.6 */

/* False if the thread is gone, dead, or on its way out: that can take long where much memory is to be freed. */
static bool read_stat(pid_t tid, char *text, size_t size) {
  if (read_kept(tid, STAT, text, size) != 0) return false;
  const char *name_end = strrchr(text, ')');
  if (name_end == NULL || name_end[1] != ' ' || strchr("ZXx", name_end[2]) != NULL) return false;
  return (stat_field(text, 9) & PF_EXITING) == 0;
}

/* The process of a thread never changes while the thread lives, and /proc/<tid>/status is the dearest file to read. */
static int process_of(pid_t tid, uint64_t start_time, pid_t *out) {
  enum { KNOWN_MAX = 256 };
  static struct {
    pid_t tid, pid;
    uint64_t start_time;
  } known[KNOWN_MAX];
  size_t slot = (size_t)tid % KNOWN_MAX;
  if (known[slot].tid != tid || known[slot].start_time != start_time) {
    char text[4096];
    int error = read_proc(tid, "status", text, sizeof text);
    if (error != 0) return error;
    /* "Name:" comes first and escapes newlines, so no name can forge this line. */
    known[slot].pid = (pid_t)status_number(text, "\nTgid:", 10);
    known[slot].tid = tid;
    known[slot].start_time = start_time;
  }
  *out = known[slot].pid;
  return 0;
}

int tracee_identity(pid_t tid, struct identity *out) {
  char text[1024];
  int error = read_kept(tid, STAT, text, sizeof text);
  if (error != 0) return error;
  const char *name = strchr(text, '('), *name_end = strrchr(text, ')');
  if (name == NULL || name_end == NULL) return EIO;
  snprintf(out->comm, sizeof out->comm, "%.*s", (int)(name_end - name - 1), name + 1);
  out->start_time = stat_field(text, 22);
  return process_of(tid, out->start_time, &out->pid);
}

mode_t tracee_umask(pid_t tid) {
  char text[4096];
  return read_proc(tid, "status", text, sizeof text) == 0 ? (mode_t)status_number(text, "\nUmask:", 8) : 0;
}

uint64_t tracee_start_time(pid_t tid) {
  char text[1024];
  return read_stat(tid, text, sizeof text) ? stat_field(text, 22) : 0;
}

bool tracee_has_run(pid_t tid, uint64_t *first) {
  char text[1024];
  uint64_t ticks = (read_stat(tid, text, sizeof text) ? stat_field(text, 14) : 0) + 1;
  if (*first == 0) *first = ticks;
  return ticks > *first;
}

int64_t tracee_processor_ns(pid_t pid) {
  clockid_t clock;
  struct timespec used;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

bool tracee_writes(pid_t tid, int64_t *writes, int64_t *bytes) {
  char what[32], text[512];
  /* Without `task` it would be those of the whole process. */
  snprintf(what, sizeof what, "task/%d/io", tid);
  if (read_proc(tid, what, text, sizeof text) != 0) return false;
  const char *at_bytes = strstr(text, "wchar: "), *at_writes = strstr(text, "syscw: ");
  if (at_bytes == NULL || at_writes == NULL) return false;
  *bytes = strtoll(at_bytes + 7, NULL, 10);
  *writes = strtoll(at_writes + 7, NULL, 10);
  return true;
}

enum { NAP_NS = 5000000, TEXT_BYTES = 256 };

static bool is_running(const char *call) { return strncmp(call, "running", 7) == 0; }

static bool is_nap(pid_t tid, long number, const unsigned long long arguments[]) {
  struct timespec duration;
  bool is_pause = number == __NR_clock_nanosleep && arguments[1] == 0; /* with TIMER_ABSTIME it would be a time of the day */
  if (!is_pause && number != __NR_nanosleep) return false;
  return tracee_read(tid, arguments[is_pause ? 2 : 0], &duration, sizeof duration) == 0 && duration.tv_sec == 0 && duration.tv_nsec <= NAP_NS;
}

enum activity tracee_activity(pid_t tid) {
  char text[1024];
  long number;
  unsigned long long arguments[3];
  int error = read_kept(tid, STAT, text, sizeof text);
  if (error != 0) return error == ESRCH || error == ENOENT ? ENDED : WAITING;
  const char *name_end = strrchr(text, ')');
  if (name_end == NULL) return WAITING;
  /* Not from `syscall`: of a thread that is just being woken (TASK_WAKING) that tells the call which it is about to leave. */
  if (strchr("RD", name_end[2]) != NULL) return RUNNING_NOW;
  if (read_kept(tid, SYSCALL, text, sizeof text) != 0) return WAITING;
  if (is_running(text)) return RUNNING_NOW;
  if (sscanf(text, "%ld %llx %llx %llx", &number, &arguments[0], &arguments[1], &arguments[2]) != 4) return WAITING;
  return is_nap(tid, number, arguments) ? NAPPING : WAITING;
}

enum whereabouts tracee_whereabouts(pid_t tid, const struct seccomp_data *call) {
  char text[TEXT_BYTES], expected[TEXT_BYTES];
  int error = read_kept(tid, SYSCALL, text, sizeof text);
  if (error == ENOENT || error == ESRCH) return GONE;
  if (error != 0) return CANNOT_TELL;
  if (is_running(text)) return RUNNING;
  int length = snprintf(expected, sizeof expected, "%d 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx ", call->nr,
                        (unsigned long long)call->args[0], (unsigned long long)call->args[1],
                        (unsigned long long)call->args[2], (unsigned long long)call->args[3],
                        (unsigned long long)call->args[4], (unsigned long long)call->args[5]);
  return strncmp(text, expected, (size_t)length) == 0 ? STILL_IN_CALL : ELSEWHERE_NOW;
}
