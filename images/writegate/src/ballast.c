#include "ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "event.h"
#include "gateway.h"
#include "giveup.h"
#include "memory.h"

#define BALLAST "/dev/shm/midwrite-ballast"
/* One point is a thousandth of the limit: at 999, a gateway that is a few pages smaller than the writer would not be the victim. */
#define WRITER_SCORE "900"

/*
 * Who dies, and who must not. The kernel marks a victim's memory as given back a moment before it is (exit_mmap() in mm/mmap.c sets MMF_OOM_SKIP, and
 * may be preempted before tlb_finish_mmu()). What asks for a page in that moment costs the next process by score: after the gateway (1000) the writer
 * of the ballast (900), after the writer writegate, and with it the evidence: a score below 0 takes a privilege. So it never asks:
 *  - The ballast belongs to no process, so that it makes none a larger victim than the gateway; and it outlives its writer.
 *  - A process of its own writes it, in bursts. While one lasts, writegate is parked: it waits for a death, and all that it runs until the ballast is
 *    given back is in wait_for_death(), which needs no memory: no call in it is charged for any, and what it touches is locked beforehand.
 *  - A burst ends for writegate's sake only far below the limit; from there on the writer goes on to the end.
 *  - The first thing that happens after a kill is that the ballast is given back.
 */
enum {
  PIECE_BYTES = 4096, /* one page: what a larger write asks for after a kill could cost the next process */
  FAR_BYTES = 32 * 1024 * 1024, /* what the gateway can't take, if nothing holds it, in one turn of writegate's loop */
  CODE_BYTES = 1024, /* more than any function that runs while writegate is parked */
  STACK_BYTES = 2 * 4096,
};
static const int64_t BURST_NS = INT64_C(50) * 1000 * 1000;
static const int64_t BREATH_NS = INT64_C(10) * 1000 * 1000; /* between two bursts: the others' calls are answered */
static const int64_t REPORT_EVERY_NS = INT64_C(100) * 1000 * 1000;
static const int64_t DEATH_LIMIT_NS = INT64_C(10) * 1000 * 1000 * 1000;

/* How the writer ends. */
enum { WROTE_ALL = 0, NO_SPACE = 1, SAW_KILL = 2, PAUSED = 3 };

static struct {
  _Atomic int64_t bytes;
  _Atomic bool go, stop;
} *shared;

static struct {
  bool is_filling, was_killed;
  int fd, deaths; /* deaths: a signalfd for SIGCHLD alone, since reading it takes the signals away */
  int64_t max_bytes, oom_kills_before, killed_at_ns, reported_at_ns, resumes_at_ns;
} ballast = {.fd = -1, .deaths = -1};

bool ballast_is_filling(void) { return ballast.is_filling; }

static bool has_killed(void) { return cgroup_oom_kills() > ballast.oom_kills_before; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- the writer ---- */

static bool is_far_from_limit(void) {
  struct memory memory = cgroup_memory();
  return memory.limit_bytes < 0 || memory.limit_bytes - memory.current_bytes > FAR_BYTES;
}

static _Noreturn void write_ballast(void) {
  static const char zeros[PIECE_BYTES];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* /proc/self belongs to root while this is not dumpable, as writegate is; and its descriptors must not stay open to the gateway. */
  prctl(PR_SET_DUMPABLE, 1);
  bool is_offered = oom_score_raise(WRITER_SCORE);
  prctl(PR_SET_DUMPABLE, 0);
  if (!is_offered) _exit(NO_SPACE);
  while (!shared->go) sched_yield();
  int64_t pause_ns = now_ns() + BURST_NS;
  while (shared->bytes < ballast.max_bytes && !shared->stop) {
    /* Nothing more is written once anything was killed: the next process would be taken too. */
    if (has_killed()) _exit(SAW_KILL);
    if (now_ns() > pause_ns && is_far_from_limit()) _exit(PAUSED);
    ssize_t count = write(ballast.fd, zeros, (size_t)smaller(PIECE_BYTES, ballast.max_bytes - shared->bytes));
    if (count > 0) shared->bytes += count;
    else if (errno != EINTR) _exit(has_killed() ? SAW_KILL : NO_SPACE);
  }
  _exit(has_killed() ? SAW_KILL : WROTE_ALL);
}

/* ---- writegate, parked ---- */

static void lock(const void *from, size_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)from & ~(page - 1);
  /* Without a right to lock anything, what was touched a moment ago is as a rule still there. */
  (void)mlock((const void *)first, (uintptr_t)from + bytes - first);
}

static bool has_ended(pid_t pid, siginfo_t *how) {
  how->si_pid = 0;
  return waitid(P_PID, (id_t)pid, how, WEXITED | WNOHANG | WNOWAIT) != 0 || how->si_pid == pid;
}

/* Until the gateway or the writer has ended. If anything was killed, the ballast is gone when this returns. */
static __attribute__((noinline)) void wait_for_death(pid_t writer) {
  struct signalfd_siginfo signal;
  siginfo_t gateway, how;
  bool is_gateway_dead, is_writer_dead;
  for (;;) {
    is_gateway_dead = has_ended(gateway_pid(), &gateway);
    is_writer_dead = has_ended(writer, &how);
    if (is_gateway_dead || is_writer_dead) break;
    /* A freeze interrupts it and the kernel starts it again. */
    if (read(ballast.deaths, &signal, sizeof signal) < 0 && errno != EINTR) break;
  }
  if (!is_gateway_dead && is_writer_dead && how.si_code == CLD_EXITED && how.si_status != SAW_KILL) return;
  shared->stop = true;
  (void)!ftruncate(ballast.fd, 0);
}

/* Also takes back what fork() has made common with the writer: the first write to such a page asks for a copy. */
static void lock_what_parked_needs(void) {
  lock((const char *)__builtin_frame_address(0) - STACK_BYTES, 2 * STACK_BYTES);
  lock(&ballast, sizeof ballast);
  lock(shared, sizeof *shared);
  lock((const void *)&shared, sizeof shared);
  lock(&errno, sizeof errno);
  lock((const void *)wait_for_death, CODE_BYTES);
  lock((const void *)has_ended, CODE_BYTES);
  lock((const void *)gateway_pid, CODE_BYTES);
  lock((const void *)waitid, CODE_BYTES);
  lock((const void *)read, CODE_BYTES);
  lock((const void *)ftruncate, CODE_BYTES);
}

/* ---- writegate ---- */

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

static int open_deaths(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

static void fill_for_a_while(void) {
  int status;
  shared->go = false;
  pid_t writer = fork();
  if (writer == 0) write_ballast();
  if (writer < 0) {
    event_error("cannot-fill", "the writer of the ballast can't be started: %s", strerror(errno));
    ballast.is_filling = false;
    return;
  }
  lock_what_parked_needs();
  shared->go = true;
  wait_for_death(writer);
  if (waitpid(writer, &status, 0) != writer) give_up("the writer of the ballast was reaped by something else");
  /* writegate never kills it: a signal is the kernel's. */
  if (WIFSIGNALED(status)) ballast.was_killed = true;
  if (ballast.was_killed || WEXITSTATUS(status) == SAW_KILL) ballast.killed_at_ns = now_ns();
  else if (!shared->stop && WEXITSTATUS(status) != PAUSED) finish(WEXITSTATUS(status) == NO_SPACE ? "no-space" : "maximum");
}

int ballast_start(int64_t max_bytes) {
  if (ballast.is_filling) return EALREADY;
  if (shared == NULL) {
    void *page = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return errno;
    shared = page;
  }
  if (ballast.deaths < 0) ballast.deaths = open_deaths();
  if (ballast.deaths < 0) return errno;
  if (ballast.fd < 0) ballast.fd = open(BALLAST, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (ballast.fd < 0) return errno;
  shared->bytes = 0;
  shared->stop = false;
  ballast.was_killed = false;
  ballast.killed_at_ns = ballast.reported_at_ns = ballast.resumes_at_ns = 0;
  ballast.max_bytes = max_bytes;
  ballast.oom_kills_before = cgroup_oom_kills();
  memory_report();
  ballast.is_filling = true;
  report_progress();
  return 0;
}

void ballast_look(void) {
  if (ballast.killed_at_ns != 0) {
    /* The gateway's death ends the filling; if that does not come, it was not the victim. */
    if (now_ns() - ballast.killed_at_ns > DEATH_LIMIT_NS) finish("another-died");
  } else if (now_ns() >= ballast.resumes_at_ns) {
    fill_for_a_while();
    ballast.resumes_at_ns = now_ns() + BREATH_NS;
    if (ballast.is_filling) report_progress();
  }
}

void ballast_gateway_died(void) {
  /* First: also after a fill that took nothing away, whatever is asked for now may be over the limit. */
  if (ballast.fd >= 0) (void)!ftruncate(ballast.fd, 0);
  if (ballast.is_filling) finish("gateway-died");
}

void ballast_remove(void) {
  if (ballast.fd < 0) return;
  close(ballast.fd);
  ballast.fd = -1;
  unlink(BALLAST);
}
