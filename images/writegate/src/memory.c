#include "memory.h"

#include <stdlib.h>

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

void memory_describe_charge(void) {
  struct memory memory = cgroup_memory();
  struct charge charge = cgroup_charge();
  event_known("currentBytes", memory.current_bytes);
  event_known("anonymousBytes", charge.anonymous_bytes);
  event_known("fileBytes", charge.file_bytes);
}

void memory_report_charge(const char *id) {
  event_begin("charged");
  event_string("id", id);
  memory_describe_charge();
  event_end();
}
