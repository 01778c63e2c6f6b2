#include "maps.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "event.h"
#include "memory.h"
#include "tracee.h"

enum {
  /* A line that the lab can read at once. */
  MAPPINGS_IN_EVENT = 256,
  /* The default of vm.max_map_count is 65530: sysctl/vm.rst of the kernel. */
  MAPPINGS_MAX = 65536,
  PROCESSES_MAX = 256,
};

struct mapping {
  uint64_t from, to;
  char perms[5];
  int64_t rss_kb, pss_kb, anonymous_kb;
  char name[PATH_BYTES];
};

/* What one answer has come to so far. */
struct answer {
  const char *id;
  size_t processes, mappings, left_out, unreadable;
  size_t in_event;
};

/* ---- one mapping, of proc_pid_smaps(5) ---- */

/* 7f3b8c021000-7f3b90000000 ---p 00000000 00:00 0        [name or path]
 * A newline in a path is \012 there. No figure's line begins with a digit or a small letter. */
static bool read_head(const char *line, struct mapping *out) {
  unsigned long long from, to;
  int name = 0;
  *out = (struct mapping){0};
  if (isupper((unsigned char)line[0])) return false;
  if (sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &from, &to, out->perms, &name) < 3) return false;
  out->from = from;
  out->to = to;
  if (name > 0) snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(line + name, "\n"), line + name);
  return true;
}

static void read_figure(const char *line, struct mapping *out) {
  char key[32];
  long long kb;
  if (sscanf(line, "%31[A-Za-z_]: %lld kB", key, &kb) != 2) return;
  if (strcmp(key, "Rss") == 0) out->rss_kb = kb;
  if (strcmp(key, "Pss") == 0) out->pss_kb = kb;
  if (strcmp(key, "Anonymous") == 0) out->anonymous_kb = kb;
}

/* ---- the events ---- */

static void begin_event(struct answer *answer, const struct identity *process) {
  event_begin("mappings");
  event_string("id", answer->id);
  event_number("pid", process->pid);
  event_string("comm", process->comm);
  event_array("mappings");
}

static void end_event(struct answer *answer) {
  event_array_end();
  event_end();
  answer->in_event = 0;
}

/* The kernel's own page that every process sees, [vsyscall]: it counts as nobody's address space. */
static bool is_kernels(const struct mapping *mapping) { return mapping->from >> 63 != 0; }

static void put(struct answer *answer, const struct identity *process, const struct mapping *mapping) {
  char start[24];
  if (is_kernels(mapping)) return;
  if (answer->mappings == MAPPINGS_MAX) {
    answer->left_out++;
    return;
  }
  if (answer->in_event == MAPPINGS_IN_EVENT) end_event(answer);
  if (answer->in_event == 0) begin_event(answer, process);
  event_item();
  snprintf(start, sizeof start, "%llx", (unsigned long long)mapping->from);
  event_string("start", start);
  event_number("bytes", (int64_t)(mapping->to - mapping->from));
  event_string("perms", mapping->perms);
  event_number("rssBytes", mapping->rss_kb * 1024);
  event_number("pssBytes", mapping->pss_kb * 1024);
  event_number("anonymousBytes", mapping->anonymous_kb * 1024);
  if (mapping->name[0] != 0) event_string("name", mapping->name);
  event_object_end();
  answer->mappings++;
  answer->in_event++;
}

/* False where it can't be read: the process hides its memory. One that has ended has nothing mapped. */
static bool put_all(struct answer *answer, const struct identity *process, FILE *smaps) {
  static char line[PATH_BYTES + 128];
  static struct mapping mapping, next;
  bool any = false;
  errno = 0;
  while (fgets(line, sizeof line, smaps) != NULL) {
    if (!read_head(line, &next)) {
      read_figure(line, &mapping);
      continue;
    }
    if (any) put(answer, process, &mapping);
    mapping = next;
    any = true;
  }
  bool is_read = !ferror(smaps) || errno == ESRCH;
  if (any) put(answer, process, &mapping);
  if (any) answer->processes++;
  if (answer->in_event > 0) end_event(answer);
  return is_read;
}

/* ---- the processes ---- */

static void put_process(struct answer *answer, pid_t pid) {
  struct identity process;
  char path[64];
  if (tracee_identity(pid, &process) != 0) return;
  snprintf(path, sizeof path, "/proc/%d/smaps", pid);
  FILE *smaps = fopen(path, "re");
  bool is_read = smaps == NULL ? errno == ENOENT || errno == ESRCH : put_all(answer, &process, smaps);
  if (smaps != NULL) fclose(smaps);
  if (!is_read) answer->unreadable++;
}

struct processes {
  pid_t pids[PROCESSES_MAX];
  size_t count;
  bool are_all;
};

static void add_process(struct processes *processes, pid_t pid) {
  if (processes->count == PROCESSES_MAX) processes->are_all = false;
  else processes->pids[processes->count++] = pid;
}

/* The children of each thread of a process: proc_tid_children(5). */
static void add_children(struct processes *processes, pid_t parent) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%d/task", parent);
  DIR *threads = opendir(path);
  for (struct dirent *thread; threads != NULL && (thread = readdir(threads)) != NULL;) {
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", parent, thread->d_name);
    FILE *children = thread->d_name[0] == '.' ? NULL : fopen(path, "re");
    for (int pid; children != NULL && fscanf(children, "%d", &pid) == 1;) add_process(processes, pid);
    if (children != NULL) fclose(children);
  }
  if (threads != NULL) closedir(threads);
}

/* What descends from writegate, which is everybody's last parent: the main process, and what it has started. */
static void find_processes(struct processes *out) {
  out->count = 0;
  out->are_all = true;
  add_children(out, getpid());
  for (size_t i = 0; i < out->count; i++) add_children(out, out->pids[i]);
}

void maps_report(const char *id) {
  static struct processes found;
  struct answer answer = {.id = id};
  int64_t began_ns = now_ns();
  find_processes(&found);
  for (size_t i = 0; i < found.count; i++) put_process(&answer, found.pids[i]);
  event_begin("mapped");
  event_string("id", id);
  event_number("processes", (int64_t)answer.processes);
  event_number("mappings", (int64_t)answer.mappings);
  event_number("leftOut", (int64_t)answer.left_out);
  event_number("unreadable", (int64_t)answer.unreadable);
  event_bool("allProcesses", found.are_all);
  memory_describe_charge();
  event_number("tookUs", (now_ns() - began_ns) / 1000);
  event_end();
}
