/* What /proc tells about a thread of the gateway's: its memory, its file descriptors, where it is.
 * process_vm_readv would be faster, but Docker's default seccomp profile refuses it. */
#ifndef TRACEE_H
#define TRACEE_H

#include "writegate.h"

struct identity {
  pid_t pid;
  char comm[32];
  uint64_t start_time; /* of the thread: ticks since boot; with the tid it names the thread for good */
};

struct descriptor {
  int64_t position;
  int flags; /* open(2)'s */
};

/* What a thread does, from the quietest on. */
enum activity {
  WAITING, /* for something, if only for a call that is not answered yet */
  NAPPING, /* for nothing but a short time: a lock that spins (in the allocators of tcmalloc and V8) sleeps for up to 2 ms. It goes on by itself */
  ENDED,
  RUNNING_NOW, /* or it could if it had a processor, or will when a disk has answered (a page of its program that is not in memory, say) */
};

enum whereabouts { STILL_IN_CALL, RUNNING, ELSEWHERE_NOW, GONE, CANNOT_TELL };

/* Each returns 0, or an errno. */
int tracee_read(pid_t tid, uint64_t address, void *buffer, size_t count);
int tracee_string(pid_t tid, uint64_t address, char *text, size_t size);
int tracee_link(pid_t tid, const char *what, char *target, size_t size);
int tracee_descriptor(pid_t tid, int fd, struct descriptor *out);
int tracee_identity(pid_t tid, struct identity *out);
mode_t tracee_umask(pid_t tid);
/* The path of the file that is mapped at `address`; empty if none is. */
int tracee_mapping(pid_t tid, uint64_t address, char *path, size_t size);

/* Ticks since boot; 0 if the thread is gone or dead. With the tid it names a thread for good: tids are used again. */
uint64_t tracee_start_time(pid_t tid);
/* Has the thread used user time since this was asked first? `*first` is 0 before that. The kernel shares out time between user and system by samples
 * (cputime_adjust): of a thread that runs it is a guess. */
bool tracee_has_run(pid_t tid, uint64_t *first);
/* Of all threads of a process together, those that have ended too: clock_getcpuclockid(3). What a thread has used is added at the latest when it sleeps. */
int64_t tracee_processor_ns(pid_t pid);
/* How many writes of any kind a thread has made, and how many bytes: Linux counts them when they are over, proc_pid_io(5). False: not known. */
bool tracee_writes(pid_t tid, int64_t *writes, int64_t *bytes);
enum activity tracee_activity(pid_t tid);
enum whereabouts tracee_whereabouts(pid_t tid, const struct seccomp_data *call);

#endif
