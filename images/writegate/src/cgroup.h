/* The memory of the container, by its cgroup. The difference between cgroup v1 and v2 is known here and nowhere else. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdint.h>

struct memory {
  int64_t current_bytes, peak_bytes, limit_bytes, oom_kills; /* -1: not known (limit: none) */
};

/* `root`: where the hierarchy is mounted. */
void cgroup_open(const char *root);
/* 1, 2, or 0 where there is none that can be read. */
int cgroup_version(void);
struct memory cgroup_memory(void);
int64_t cgroup_oom_kills(void);

#endif
