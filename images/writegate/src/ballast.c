#include "ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cgroup.h"
#include "event.h"
#include "memory.h"

#define BALLAST "/dev/shm/midwrite-ballast"

enum {
  PIECE_BYTES = 4096, /* one page: what a larger write asks for after a kill could cost the next process */
  REPORT_EVERY_NS = 100 * 1000 * 1000,
};
static const int64_t DEATH_LIMIT_NS = INT64_C(2000) * 1000 * 1000;

static struct {
  bool is_filling;
  int fd;
  int64_t bytes, max_bytes, step_bytes, oom_kills_before, killed_at_ns, reported_at_ns;
} ballast = {.fd = -1};

bool ballast_is_filling(void) { return ballast.is_filling; }

int ballast_start(int64_t max_bytes, int64_t step_bytes) {
  if (ballast.is_filling) return EALREADY;
  if (ballast.fd < 0) ballast.fd = open(BALLAST, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (ballast.fd < 0) return errno;
  ballast.is_filling = true;
  ballast.bytes = ballast.killed_at_ns = ballast.reported_at_ns = 0;
  ballast.max_bytes = max_bytes;
  ballast.step_bytes = step_bytes;
  ballast.oom_kills_before = cgroup_oom_kills();
  memory_report();
  return 0;
}

static void finish(const char *why) {
  ballast.is_filling = false;
  memory_report();
  event_begin("filled");
  event_number("bytes", ballast.bytes);
  event_string("why", why);
  event_known("oomKillsBefore", ballast.oom_kills_before);
  event_known("oomKillsAfter", cgroup_oom_kills());
  event_end();
}

static bool has_killed(void) {
  if (ballast.killed_at_ns == 0 && cgroup_oom_kills() > ballast.oom_kills_before) ballast.killed_at_ns = now_ns();
  return ballast.killed_at_ns != 0;
}

static void report_progress(void) {
  if (now_ns() - ballast.reported_at_ns < REPORT_EVERY_NS) return;
  ballast.reported_at_ns = now_ns();
  event_begin("filling");
  event_number("bytes", ballast.bytes);
  event_end();
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

void ballast_fill(void) {
  static const char zeros[PIECE_BYTES];
  int64_t end = smaller(ballast.bytes + ballast.step_bytes, ballast.max_bytes);
  while (!has_killed() && ballast.bytes < end) {
    ssize_t count = write(ballast.fd, zeros, (size_t)smaller(PIECE_BYTES, end - ballast.bytes));
    if (count > 0) ballast.bytes += count;
    else if (errno != EINTR && !has_killed()) return finish("no-space");
  }
  /* The next process would be taken too: nothing more is written, whoever was killed. */
  if (has_killed()) {
    if (now_ns() - ballast.killed_at_ns > DEATH_LIMIT_NS) finish("another-died");
  } else if (ballast.bytes >= ballast.max_bytes) {
    finish("maximum");
  } else {
    report_progress();
  }
}

void ballast_gateway_died(void) {
  if (ballast.is_filling) finish("gateway-died");
}

void ballast_remove(void) {
  if (ballast.fd < 0) return;
  close(ballast.fd);
  ballast.fd = -1;
  unlink(BALLAST);
}
