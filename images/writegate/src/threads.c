#include "threads.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "giveup.h"
#include "tracee.h"

struct let_go {
  struct seccomp_data call;
  pid_t tid;
  uint64_t start_time, user_ticks; /* 0: not looked at since */
  int64_t writes;
};

static struct let_go *table;
static size_t used, size;

static struct let_go *find(pid_t tid) {
  for (size_t i = 0; i < used; i++)
    if (table[i].tid == tid) return &table[i];
  return NULL;
}

static void drop(struct let_go *entry) { *entry = table[--used]; }

static void drop_the_dead(void) {
  for (size_t i = used; i-- > 0;)
    if (tracee_start_time(table[i].tid) != table[i].start_time) drop(&table[i]);
}

static struct let_go *add(void) {
  if (used == size) drop_the_dead();
  if (used == size) {
    size = size == 0 ? 64 : size * 2;
    table = realloc(table, size * sizeof *table);
    if (table == NULL) give_up("out of memory");
  }
  return &table[used++];
}

void threads_let_go(const struct seccomp_notif *call, uint64_t start_time, int64_t writes) {
  struct let_go *entry = find((pid_t)call->pid);
  if (entry == NULL) entry = add();
  *entry = (struct let_go){.call = call->data, .tid = (pid_t)call->pid, .start_time = start_time, .writes = writes};
}

bool threads_never_ran(const struct seccomp_notif *call) {
  const struct let_go *entry = find((pid_t)call->pid);
  int64_t writes, bytes;
  return entry != NULL && entry->writes >= 0 && entry->call.nr == call->data.nr &&
         memcmp(entry->call.args, call->data.args, sizeof entry->call.args) == 0 &&
         tracee_start_time(entry->tid) == entry->start_time && tracee_writes(entry->tid, &writes, &bytes) &&
         writes == entry->writes;
}

void threads_returned(pid_t tid) {
  struct let_go *entry = find(tid);
  if (entry != NULL) drop(entry);
}

enum settled threads_settled(void) {
  enum settled all = SETTLED;
  for (size_t i = used; i-- > 0;) {
    struct let_go *entry = &table[i];
    switch (tracee_whereabouts(entry->tid, &entry->call)) {
      case STILL_IN_CALL:
        all = UNSETTLED;
        break;
      case RUNNING:
        /* The kernel does not say where it is. It is out of the call if it has used time of its own since. */
        if (tracee_has_run(entry->tid, &entry->user_ticks)) drop(entry);
        else all = UNSETTLED;
        break;
      case ELSEWHERE_NOW:
      case GONE:
        drop(entry);
        break;
      case CANNOT_TELL:
        if (all == SETTLED) all = UNKNOWN;
        break;
    }
  }
  return all;
}

enum activity threads_activity(pid_t pid, pid_t but) {
  static pid_t running, running_of; /* the one that ran when this was asked last: most likely it runs still */
  enum activity most = WAITING;
  char name[64];
  if (running_of == pid && running != but && running != 0 && tracee_activity(running) == RUNNING_NOW) return RUNNING_NOW;
  running_of = pid;
  running = 0;
  int64_t processor_ns = tracee_processor_ns(pid);
  snprintf(name, sizeof name, "/proc/%d/task", pid);
  DIR *tasks = opendir(name);
  if (tasks == NULL) return WAITING;
  for (struct dirent *task; running == 0 && (task = readdir(tasks)) != NULL;) {
    pid_t tid = (pid_t)atoi(task->d_name);
    enum activity activity = tid > 0 && tid != but ? tracee_activity(tid) : WAITING;
    if (activity == RUNNING_NOW) running = tid;
    if (activity > most) most = activity;
  }
  closedir(tasks);
  /* They are looked at one after the other. One that waited may have been woken by one that waits by now, which has used time then, or has ended. */
  return tracee_processor_ns(pid) == processor_ns ? most : RUNNING_NOW;
}
