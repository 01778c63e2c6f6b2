#include "memory.h"

#include <stdlib.h>
#include <time.h>

#include "cgroup.h"
#include "event.h"

enum { STEP_BYTES = 256 * 1024 };

static int64_t reported_bytes;

static void report(const struct memory *memory) {
  event_begin("memory");
  event_known("currentBytes", memory->current_bytes);
  event_known("peakBytes", memory->peak_bytes);
  event_known("oomKills", memory->oom_kills);
  event_end();
  reported_bytes = memory->current_bytes;
}

void memory_report(void) {
  struct memory memory = cgroup_memory();
  report(&memory);
}

void memory_sample(void) {
  struct memory memory = cgroup_memory();
  if (llabs(memory.current_bytes - reported_bytes) >= STEP_BYTES) report(&memory);
}

static int64_t own_cpu_us(void) {
  struct timespec used;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

void memory_describe_charge(void) {
  struct memory memory = cgroup_memory();
  struct charge charge = cgroup_charge();
  event_known("currentBytes", memory.current_bytes);
  event_known("anonymousBytes", charge.anonymous_bytes);
  event_known("fileBytes", charge.file_bytes);
  event_known("cpuUs", cgroup_cpu_us());
  event_number("ownCpuUs", own_cpu_us());
}

void memory_report_charge(const char *id) {
  event_begin("charged");
  event_string("id", id);
  memory_describe_charge();
  event_end();
}
