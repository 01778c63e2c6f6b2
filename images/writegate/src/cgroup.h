/* The memory of the container, by its cgroup. The difference between cgroup v1 and v2 is known here and nowhere else. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdint.h>

struct memory {
  int64_t current_bytes, peak_bytes, limit_bytes, oom_kills; /* -1: not known (limit: none) */
};

/* What the charge is made of, as far as memory.stat tells: pages of no file, and pages of files (which the kernel can take back) with those
 * of tmpfs (which it can't, without swap). The rest is the kernel's own. */
struct charge {
  int64_t anonymous_bytes, file_bytes; /* -1: not known */
};

/* `root`: where the hierarchy is mounted. */
void cgroup_open(const char *root);
/* 1, 2, or 0 where there is none that can be read. */
int cgroup_version(void);
struct memory cgroup_memory(void);
struct charge cgroup_charge(void);
/* Processor time of all that has run in the container since it was made; -1: not known. */
int64_t cgroup_cpu_us(void);
int64_t cgroup_oom_kills(void);

#endif
