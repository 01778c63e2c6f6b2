#include "ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "event.h"
#include "gateway.h"
#include "memory.h"

#define BALLAST "/dev/shm/midwrite-ballast"

enum {
  PIECE_BYTES = 4096, /* one page: what a larger write asks for after a kill could cost the next process */
  REPORT_EVERY_NS = 100 * 1000 * 1000,
};
static const int64_t DEATH_LIMIT_NS = INT64_C(2000) * 1000 * 1000;

/* How the writer ends. */
enum { WROTE_ALL = 0, NO_SPACE = 1, SAW_KILL = 2 };

/* The writer is a process of its own. The kernel marks a victim's memory as given back a moment before it is (exit_mmap() in mm/mmap.c sets
 * MMF_OOM_SKIP before the last pages are uncharged); a page that is asked for in that moment costs a second victim. Its score, just below the
 * gateway's, makes it the writer and not writegate. */
static struct {
  _Atomic int64_t bytes;
  _Atomic bool stop;
} *shared;

static struct {
  bool is_filling, was_killed;
  int fd;
  pid_t writer; /* -1: none */
  int64_t max_bytes, oom_kills_before, killed_at_ns, reported_at_ns;
} ballast = {.fd = -1, .writer = -1};

bool ballast_is_filling(void) { return ballast.is_filling; }

bool ballast_writer_is(pid_t pid) { return ballast.writer > 0 && pid == ballast.writer; }

static bool has_killed(void) { return cgroup_oom_kills() > ballast.oom_kills_before; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static _Noreturn void write_ballast(void) {
  static const char zeros[PIECE_BYTES];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* /proc/self belongs to root while this is not dumpable, as writegate is; and its descriptors must not stay open to the gateway. */
  prctl(PR_SET_DUMPABLE, 1);
  bool is_offered = oom_score_raise("999");
  prctl(PR_SET_DUMPABLE, 0);
  if (!is_offered) _exit(NO_SPACE);
  for (int64_t bytes = 0; bytes < ballast.max_bytes && !shared->stop;) {
    /* Nothing more is written once anything was killed: the next process would be taken too. */
    if (has_killed()) _exit(SAW_KILL);
    ssize_t count = write(ballast.fd, zeros, (size_t)smaller(PIECE_BYTES, ballast.max_bytes - bytes));
    if (count > 0) shared->bytes = bytes += count;
    else if (errno != EINTR) _exit(has_killed() ? SAW_KILL : NO_SPACE);
  }
  _exit(WROTE_ALL);
}

int ballast_start(int64_t max_bytes) {
  if (ballast.is_filling) return EALREADY;
  if (shared == NULL) {
    void *page = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return errno;
    shared = page;
  }
  if (ballast.fd < 0) ballast.fd = open(BALLAST, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (ballast.fd < 0) return errno;
  shared->bytes = 0;
  shared->stop = false;
  ballast.was_killed = false;
  ballast.killed_at_ns = ballast.reported_at_ns = 0;
  ballast.max_bytes = max_bytes;
  ballast.oom_kills_before = cgroup_oom_kills();
  memory_report();
  ballast.writer = fork();
  if (ballast.writer == 0) write_ballast();
  if (ballast.writer < 0) return errno;
  ballast.is_filling = true;
  return 0;
}

static void finish(const char *why) {
  ballast.is_filling = false;
  memory_report();
  event_begin("filled");
  event_number("bytes", shared->bytes);
  event_string("why", why);
  event_known("oomKillsBefore", ballast.oom_kills_before);
  event_known("oomKillsAfter", cgroup_oom_kills());
  event_bool("writerKilled", ballast.was_killed);
  event_end();
}

static void report_progress(void) {
  if (now_ns() - ballast.reported_at_ns < REPORT_EVERY_NS) return;
  ballast.reported_at_ns = now_ns();
  event_begin("filling");
  event_number("bytes", shared->bytes);
  event_end();
}

bool ballast_writer_ended(pid_t pid, int status) {
  if (pid != ballast.writer) return false;
  ballast.writer = -1;
  /* writegate never kills it: a signal is the kernel's. */
  ballast.was_killed = WIFSIGNALED(status);
  if (!ballast.is_filling || shared->stop) return true;
  if (ballast.was_killed || WEXITSTATUS(status) == SAW_KILL) ballast.killed_at_ns = now_ns();
  else finish(WEXITSTATUS(status) == NO_SPACE ? "no-space" : "maximum");
  return true;
}

void ballast_look(void) {
  if (ballast.killed_at_ns == 0) report_progress();
  /* The gateway's death ends the filling; if that does not come, it was not the victim. */
  else if (now_ns() - ballast.killed_at_ns > DEATH_LIMIT_NS) finish("another-died");
}

void ballast_gateway_died(void) {
  if (ballast.writer > 0) {
    int status;
    pid_t writer = ballast.writer;
    shared->stop = true;
    if (waitpid(writer, &status, 0) == writer) ballast_writer_ended(writer, status);
  }
  if (ballast.is_filling) finish("gateway-died");
}

void ballast_remove(void) {
  if (ballast.fd < 0) return;
  close(ballast.fd);
  ballast.fd = -1;
  unlink(BALLAST);
}
