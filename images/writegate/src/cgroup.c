#include "cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Open all the time: what is read at every sample is one pread each. */
static struct {
  int version, current, peak, limit, events, stat, cpu;
} files = {0, -1, -1, -1, -1, -1, -1};

static int open_file(const char *root, const char *name) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

void cgroup_open(const char *root) {
  int controllers = open_file(root, "cgroup.controllers");
  bool unified = controllers >= 0;
  if (unified) {
    close(controllers);
    files.current = open_file(root, "memory.current");
    files.peak = open_file(root, "memory.peak"); /* since Linux 5.19 */
    files.limit = open_file(root, "memory.max");
    files.events = open_file(root, "memory.events");
    files.stat = open_file(root, "memory.stat");
    files.cpu = open_file(root, "cpu.stat");
  } else {
    files.current = open_file(root, "memory/memory.usage_in_bytes");
    files.peak = open_file(root, "memory/memory.max_usage_in_bytes");
    files.limit = open_file(root, "memory/memory.limit_in_bytes");
    files.events = open_file(root, "memory/memory.oom_control");
    files.stat = open_file(root, "memory/memory.stat");
    files.cpu = open_file(root, "cpuacct/cpuacct.usage");
  }
  files.version = unified ? 2 : files.current >= 0 ? 1 : 0;
}

int cgroup_version(void) { return files.version; }

static bool read_text(int fd, char *text, size_t size) {
  ssize_t count = fd < 0 ? -1 : pread(fd, text, size - 1, 0);
  if (count <= 0) return false;
  text[count] = 0;
  return true;
}

static int64_t read_number(int fd) {
  char text[64];
  if (!read_text(fd, text, sizeof text) || text[0] < '0' || text[0] > '9') return -1;
  return strtoll(text, NULL, 10);
}

/* The number behind a word that begins a line; -1 where there is none. */
static int64_t number_behind(const char *text, const char *word) {
  for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
    if ((at == text || at[-1] == '\n') && at[strlen(word)] == ' ') return strtoll(at + strlen(word), NULL, 10);
  return -1;
}

int64_t cgroup_oom_kills(void) {
  char text[512];
  return read_text(files.events, text, sizeof text) ? number_behind(text, "oom_kill") : -1;
}

/* cgroup-v1/memory.rst and cgroup-v2.rst of the kernel, memory.stat. What is not within the first 8 KiB is not known. */
struct charge cgroup_charge(void) {
  char text[8192];
  if (!read_text(files.stat, text, sizeof text)) return (struct charge){-1, -1};
  bool unified = files.version == 2;
  return (struct charge){number_behind(text, unified ? "anon" : "rss"), number_behind(text, unified ? "file" : "cache")};
}

/* cgroup-v2.rst, cpu.stat: microseconds; cgroup-v1/cpuacct.rst: nanoseconds. */
int64_t cgroup_cpu_us(void) {
  char text[512];
  if (files.version == 2) return read_text(files.cpu, text, sizeof text) ? number_behind(text, "usage_usec") : -1;
  int64_t ns = read_number(files.cpu);
  return ns < 0 ? -1 : ns / 1000;
}

struct memory cgroup_memory(void) {
  int64_t limit = read_number(files.limit);
  return (struct memory){
      .current_bytes = read_number(files.current),
      .peak_bytes = read_number(files.peak),
      /* "max" on v2; on v1 no limit is the largest page-aligned number */
      .limit_bytes = limit >= INT64_C(1) << 60 ? -1 : limit,
      .oom_kills = cgroup_oom_kills(),
  };
}
