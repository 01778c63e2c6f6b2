#include "gate.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "effect.h"
#include "errors.h"
#include "event.h"
#include "giveup.h"
#include "listener.h"
#include "memory.h"
#include "record.h"
#include "refusals.h"
#include "threads.h"
#include "unsynced.h"

enum {
  SETTLE_LIMIT_MS = 2000,
  RETURN_LIMIT_MS = 1000,
  REST_ROUND_US = 100,
  LOOK_EVERY_MS = 20,
  DOUBTS_MAX = 10, /* looks after which a call that is neither dead nor back counts as cancelled */
  AGAIN_MAX = 256,
  NAPS_MAX = 200,      /* rounds: 20 ms, for a program with a thread that does nothing but nap */
  REST_LIMIT_MS = 2000,
  BUSY_NS = 300000, /* so long a call that is recorded is waited for without giving the processor away for a whole ms */
};

/* A program that is never at rest has had its turn after so much processor time; on a loaded machine that can take long. */
static const int64_t REST_PROCESSOR_NS = 20000000;

enum phase {
  OPEN,      /* nothing is held */
  SETTLING,  /* a call is chosen, those before it are still in the kernel */
  HELD,
  DOUBTED,   /* the kernel took the notification back: the caller was frozen, got a signal, or is about to die */
  CANCELLED, /* it is not dead, and not back either */
};

static struct {
  enum phase phase;
  struct arm arm;
  struct call call;
  struct tear tear;
  int result; /* of an `after` */
  int doubts;
  bool is_passing; /* other threads' calls go on, and no arm sees them */
} hold;

/* A call that was counted, but whose answer came too late: the kernel starts it again. It is not to be counted twice. */
struct again {
  struct seccomp_notif call;
  uint64_t start_time;
  bool is_performed;
  int result;
};

static struct again again[AGAIN_MAX];
static size_t again_count;

static struct {
  struct seccomp_notif *calls;
  size_t count, size;
} waiting;

static struct {
  int64_t notified, watched, ops[OP_COUNT];
} counters;

static struct {
  int64_t ms, calls;
} slow;

static int listener = -1;
static uint64_t serial;

static void process(const struct seccomp_notif *notification);
static void process_behind_hold(const struct seccomp_notif *notification);
static void take_into_line(void);
static void emit_op(const struct call *call);

void gate_open(int fd) {
  listener = fd;
}

uint64_t gate_serial(void) { return serial; }

bool gate_holds(const char *id) { return hold.phase != OPEN && strcmp(hold.arm.id, id) == 0; }

static void emit_id(const char *event, const char *id) {
  event_begin(event);
  event_string("id", id);
  event_end();
}

/* ---- calls that come again ---- */

static void remember_again(const struct seccomp_notif *call, uint64_t start_time, bool is_performed, int result) {
  for (size_t i = again_count; i-- > 0;)
    if (tracee_start_time((pid_t)again[i].call.pid) != again[i].start_time) again[i] = again[--again_count];
  if (again_count == AGAIN_MAX) give_up("too many calls were interrupted at once");
  again[again_count++] = (struct again){*call, start_time, is_performed, result};
}

/* Takes the thread's entry out. True if this is that call; another call means that the program gave it up (EINTR). */
static bool take_again(const struct seccomp_notif *notification, struct again *out) {
  for (size_t i = 0; i < again_count; i++) {
    if (again[i].call.pid != notification->pid) continue;
    *out = again[i];
    again[i] = again[--again_count];
    return call_is_again(&out->call, notification) &&
           tracee_start_time((pid_t)notification->pid) == out->start_time;
  }
  return false;
}

/* What the held call's own thread does besides (in a signal handler) waits even while others pass. */
static bool may_go(const struct seccomp_notif *notification) {
  return hold.phase == OPEN || (hold.is_passing && notification->pid != hold.call.notification.pid);
}

static bool go(const struct call *call) {
  int64_t writes = -1, bytes;
  if (call->op == OP_WRITE && !tracee_writes((pid_t)call->notification.pid, &writes, &bytes)) writes = -1;
  bool went = listener_let_run(listener, call->notification.id);
  if (went) threads_let_go(&call->notification, call->caller.start_time, writes);
  else remember_again(&call->notification, call->caller.start_time, false, 0);
  return went;
}

static bool can_receive_within(struct timespec limit) {
  struct pollfd ready = {.fd = listener, .events = POLLIN};
  return ppoll(&ready, 1, &limit, NULL) > 0 && (ready.revents & POLLIN) != 0;
}

static bool can_receive(int limit_ms) {
  return can_receive_within((struct timespec){limit_ms / 1000, limit_ms % 1000 * 1000000L});
}

/* Takes the next notification. False: its caller is gone or frozen. */
static bool receive(struct seccomp_notif *out) {
  if (!listener_receive(listener, out)) return false;
  counters.notified++;
  if (threads_never_ran(out)) remember_again(out, tracee_start_time((pid_t)out->pid), false, 0);
  threads_returned((pid_t)out->pid);
  return true;
}

static void receive_aside(void) {
  struct seccomp_notif notification;
  if (receive(&notification)) process_behind_hold(&notification);
}

/* Which of two threads is first is chance, and a record has one order: a change is made as late as it can be, when the process's other threads wait for
 * something. So an answer that waits for no change comes before it. */
static void let_others_come_to_rest(const struct call *call) {
  static const struct timespec at_once = {0, 0}, a_round = {0, REST_ROUND_US * 1000L};
  pid_t pid = call->caller.pid;
  int64_t limit_ns = now_ns() + (int64_t)REST_LIMIT_MS * 1000000, enough_ns = tracee_processor_ns(pid) + REST_PROCESSOR_NS;
  for (int naps = 0; naps < NAPS_MAX && now_ns() < limit_ns && tracee_processor_ns(pid) < enough_ns;) {
    enum activity activity = threads_activity(pid, (pid_t)call->notification.pid);
    if (activity == WAITING && !can_receive(0)) return;
    naps += activity == NAPPING;
    for (struct timespec limit = activity == WAITING ? at_once : a_round; can_receive_within(limit); limit = at_once) receive_aside();
  }
}

/* A record is made of one call after the other: the next one waits until this one is over. */
static void go_recorded(const struct call *call) {
  bool is_over = false;
  event_uncork();
  record_before(call);
  /* No other change goes on meanwhile: what was looked at stays as it is. */
  if (record_expects_change()) let_others_come_to_rest(call);
  if (!go(call)) {
    record_drop();
    return;
  }
  int64_t limit_ns = now_ns() + (int64_t)SETTLE_LIMIT_MS * 1000000, patience_ns = now_ns() + BUSY_NS;
  while (!(is_over = record_is_over()) && now_ns() < limit_ns)
    if (now_ns() < patience_ns) sched_yield();
    else take_into_line();
  event_cork();
  record_after(is_over);
  event_uncork();
}

static void let_run(const struct call *call) {
  if (unsynced_is_tracked()) unsynced_before(call);
  if (record_is_on()) go_recorded(call);
  else go(call);
}

static void answer(const struct call *call, int result) {
  if (!listener_answer(listener, call->notification.id, result)) remember_again(&call->notification, call->caller.start_time, true, result);
}

static void finish_again(const struct seccomp_notif *notification, const struct again *entry) {
  static struct call call;
  int error = 0;
  call.notification = *notification;
  call.caller.start_time = entry->start_time;
  if (entry->is_performed) {
    answer(&call, entry->result);
    return;
  }
  /* What it does is as it was; what it finds may be something else by now. */
  if (call_read(&call, &error) != READ_CHANGE) {
    listener_let_run(listener, notification->id);
    return;
  }
  /* A record tells of a call before it tells what that did, and another one may have come between. */
  if (record_is_on()) emit_op(&call);
  let_run(&call);
}

/* ---- the queue behind a held call ---- */

static void wait_in_line(const struct seccomp_notif *notification) {
  if (waiting.count == waiting.size) {
    waiting.size = waiting.size == 0 ? 64 : waiting.size * 2;
    waiting.calls = realloc(waiting.calls, waiting.size * sizeof *waiting.calls);
    if (waiting.calls == NULL) give_up("out of memory");
  }
  waiting.calls[waiting.count++] = *notification;
}

/* What was frozen in the line is there twice, once with an id that is not valid any more: process() passes over it. */
static void go_on(void) {
  /* What comes meanwhile has its turn later: commands are to be heard in between. */
  for (size_t i = 0, left = waiting.count; left > 0 && i < waiting.count && (hold.phase == OPEN || hold.is_passing); left--) {
    struct seccomp_notif next = waiting.calls[i];
    if (!may_go(&next)) {
      i++;
      continue;
    }
    memmove(waiting.calls + i, waiting.calls + i + 1, (--waiting.count - i) * sizeof *waiting.calls);
    process(&next);
  }
}

static int64_t count_waiting(void) {
  int64_t count = 0;
  for (size_t i = 0; i < waiting.count; i++) count += listener_is_valid(listener, waiting.calls[i].id);
  return count;
}

/* ---- the held call ---- */

static bool is_valid(void) { return listener_is_valid(listener, hold.call.notification.id); }

static bool is_caller_gone(void) {
  return tracee_start_time((pid_t)hold.call.notification.pid) != hold.call.caller.start_time;
}

/* While a call is recorded nothing else is dealt with, but another call of its thread shows that it is over. */
static void take_into_line(void) {
  struct seccomp_notif notification;
  if (!can_receive(1) || !receive(&notification)) return;
  if (record_is_of((pid_t)notification.pid)) record_returned();
  wait_in_line(&notification);
}

static void receive_all(int limit_ms) {
  for (int limit = limit_ms; can_receive(limit); limit = 0) gate_receive();
}

/* Counted in rounds and not by the clock: while the container is frozen, the clock goes on and writegate does not. */
static enum settled settle(void) {
  enum settled settled = UNSETTLED;
  for (int round = 0; round < SETTLE_LIMIT_MS && settled == UNSETTLED; round++) {
    receive_all(round == 0 ? 0 : 1);
    settled = threads_settled();
  }
  return settled;
}

static bool wait_for_caller(void) {
  for (int round = 0; round < RETURN_LIMIT_MS && !is_valid() && !is_caller_gone(); round++) receive_all(1);
  return is_valid();
}

static bool act(void) {
  hold.tear = (struct tear){.fd = -1, .appended_to_size = -1};
  switch (hold.arm.when) {
    case BEFORE:
      return true;
    case TORN: {
      int64_t bytes = hold.arm.torn_bytes == HALF ? hold.call.bytes / 2 : hold.arm.torn_bytes;
      int error = effect_tear(&hold.call, bytes, &hold.tear);
      if (error != 0)
        event_error("cannot-tear", "%s: a part of the write can't be put into the file (%s); the call goes on, not held",
                    hold.arm.id, strerror(error));
      return error == 0;
    }
    case AFTER:
      hold.result = effect_perform(&hold.call);
      return true;
  }
  return false;
}

static void emit_held(enum settled settled) {
  memory_report();
  event_begin("held");
  event_string("id", hold.arm.id);
  event_number("nth", hold.arm.nth);
  event_string("at", when_name(hold.arm.when));
  call_describe(&hold.call);
  if (hold.arm.when == TORN) event_number("tornBytes", hold.tear.bytes);
  if (hold.arm.when == AFTER) event_number("result", hold.result);
  if (settled == UNKNOWN) event_null("quiesced");
  else event_bool("quiesced", settled == SETTLED);
  event_number("waiting", count_waiting());
  event_end();
}

static void begin_hold(const struct call *call, const struct arm *arm) {
  event_uncork();
  hold.call = *call;
  hold.arm = *arm;
  hold.phase = SETTLING;
  hold.doubts = 0;
  hold.is_passing = false;
  enum settled settled = settle();
  if (!wait_for_caller()) {
    hold.phase = OPEN;
    event_error("caller-lost", "%s: the caller died or gave the call up before it could be held", hold.arm.id);
  } else if (!act()) {
    hold.phase = OPEN;
    let_run(&hold.call);
  } else {
    hold.phase = HELD;
    emit_held(settled);
  }
}

/* False: it fails by itself, as `mkdir -p` does on what is there and `rm -f` on what is not. */
static bool would_change(const struct call *call) {
  switch (call->op) {
    case OP_CREATE: return true;
    case OP_MKDIR:
    case OP_MKNOD:
    case OP_SYMLINK: return !call->path.exists;
    case OP_LINK: return call->path.exists && !call->to.exists;
    default: return call->path.exists;
  }
}

/* What is there already is no matter of room or of a bad block: the kernel says so first (EEXIST). */
static struct refusal *met_by(const struct call *call) {
  bool makes = call->op == OP_MKDIR || call->op == OP_MKNOD || call->op == OP_SYMLINK || call->op == OP_LINK;
  struct refusal *refusal = makes && !would_change(call) ? NULL : refusals_match(call);
  if (refusal == NULL) return NULL;
  /* A full disk lets a name that is there be replaced, and syncs what it had taken: the room for that was set aside by the write. */
  bool is_of_room = refusal->number == ENOSPC || refusal->number == EDQUOT;
  bool takes_none = call->op == OP_SYNC || (call->op == OP_RENAME && call->to.exists);
  return is_of_room && takes_none ? NULL : refusal;
}

/* The kernel never runs it, or it ran otherwise than it was asked to. `refusal`: what it met; NULL: it was held. */
static void tell_answered(const struct call *call, const char *id, const struct refusal *refusal, int64_t result, int64_t lost) {
  event_begin("answered");
  event_string("id", id);
  event_number("of", call->seq);
  event_string("op", op_name(call->op));
  event_string("syscall", call->rule->name);
  event_string("path", call->path.path);
  if (call->has_to) event_string("to", call->to.path);
  event_string("by", refusal == NULL ? "hold" : "refusal");
  event_number("result", result);
  if (result < 0) event_string("error", error_name((int)-result));
  if (lost >= 0) event_number("lostBytes", lost);
  event_end();
}

static void refuse(const struct call *call, struct refusal *refusal) {
  answer(call, -refusal->number);
  if (++refusal->answered <= TOLD_MAX) tell_answered(call, refusal->id, refusal, -refusal->number, -1);
}

/* A program that tries again and again is answered each time, and told of no more. */
static bool is_refused_in_silence(const struct call *call) {
  struct refusal *refusal = hold.phase == OPEN && !arms_any() ? met_by(call) : NULL;
  if (refusal == NULL || refusal->answered < TOLD_MAX) return false;
  refuse(call, refusal);
  return true;
}

/* One disk for all: the others wait in line. What changes no file goes on. */
static void take_its_time(void) {
  slow.calls++;
  for (int64_t end_ns = now_ns() + slow.ms * 1000000, left_ns; (left_ns = end_ns - now_ns()) > 0;)
    if (can_receive_within((struct timespec){left_ns / 1000000000, left_ns % 1000000000})) receive_aside();
}

static void meet_disk(const struct call *call) {
  struct refusal *refusal = met_by(call);
  if (slow.ms > 0) {
    event_uncork();
    take_its_time();
  }
  if (refusal != NULL) refuse(call, refusal);
  else let_run(call);
}

static void decide(const struct call *call) {
  struct arm arm;
  if (hold.phase == OPEN && arms_take(call, &arm)) begin_hold(call, &arm);
  else meet_disk(call);
}

static void hold_again(const struct seccomp_notif *notification) {
  hold.call.notification = *notification;
  if (hold.phase == SETTLING) return;
  if (hold.phase != CANCELLED) emit_id("cancelled", hold.arm.id);
  emit_id("reheld", hold.arm.id);
  hold.phase = HELD;
}

static void lose(void) {
  effect_keep_torn(&hold.tear);
  hold.phase = OPEN;
  emit_id("lost", hold.arm.id);
  go_on();
}

void gate_callers_are_dead(void) {
  waiting.count = 0;
  if (hold.phase != OPEN) lose();
}

int gate_patience_ms(void) {
  switch (hold.phase) {
    case OPEN: return waiting.count > 0 ? 0 : -1;
    case SETTLING:
    case HELD:
    case CANCELLED: return LOOK_EVERY_MS;
    case DOUBTED: return LOOK_EVERY_MS / 4;
  }
  return -1;
}

void gate_look(void) {
  if (hold.phase == OPEN && waiting.count > 0) go_on();
  if (hold.phase == HELD && !is_valid()) {
    hold.phase = DOUBTED;
    hold.doubts = 0;
  }
  if (hold.phase != DOUBTED && hold.phase != CANCELLED) return;
  if (is_caller_gone()) {
    lose();
  } else if (hold.phase == DOUBTED && ++hold.doubts > DOUBTS_MAX) {
    emit_id("cancelled", hold.arm.id);
    hold.phase = CANCELLED;
  }
}

bool gate_pass(void) {
  if (hold.arm.when == TORN) return false;
  hold.is_passing = true;
  emit_id("passing", hold.arm.id);
  go_on();
  return true;
}

static void emit_released(const char *id, const char *how) {
  memory_report();
  event_begin("released");
  event_string("id", id);
  event_string("how", how);
  event_end();
}

bool gate_release(const char *id) {
  static struct call call;
  if (!gate_holds(id)) return false;
  bool is_performed = hold.arm.when == AFTER;
  call = hold.call;
  effect_untear(&hold.tear);
  hold.phase = OPEN;
  emit_released(id, is_performed ? "answered" : "continued");
  if (is_performed && record_is_on()) record_performed(&call);
  if (is_performed) answer(&call, hold.result);
  else if (hold.arm.when == BEFORE && listener_is_valid(listener, call.notification.id)) decide(&call);
  else let_run(&call);
  go_on();
  return true;
}

void gate_fail(const char *id, int number, bool loses) {
  static struct call call;
  int64_t lost = -1;
  if (!gate_holds(id)) {
    event_error("unknown-id", "%s is not held", id);
    return;
  }
  if (hold.arm.when == AFTER) {
    event_error("cannot-fail", "%s is held at=after: the kernel has done it, and it can't fail any more", id);
    return;
  }
  if (hold.tear.bytes > 0) {
    event_error("cannot-fail", "%s is held at=torn, and a write that took a part returns how much: shorten it, and refuse the next one", id);
    return;
  }
  if (!error_fits_call(number, &hold.call)) {
    event_error("cannot-fail", "%s: a %s by %s can't return %s", id, op_name(hold.call.op), hold.call.rule->name, error_name(number));
    return;
  }
  if (loses && (hold.call.op != OP_SYNC || !unsynced_is_tracked())) {
    event_error("cannot-lose", "%s: only a failing sync loses something, and what it loses must be tracked from the start", id);
    return;
  }
  int error = loses ? unsynced_lose(&hold.call, &lost) : 0;
  if (error != 0) {
    event_error("cannot-lose", "%s: what was synced last can't be put back (%s)", id, strerror(error));
    return;
  }
  call = hold.call;
  effect_keep_torn(&hold.tear);
  hold.phase = OPEN;
  emit_released(id, "failed");
  tell_answered(&call, id, NULL, -number, lost);
  answer(&call, -number);
  go_on();
}

/* The call's own count of what it has written, when it is over; -1: it can't be told. Nothing else is answered meanwhile. */
static int64_t written_by(const struct call *call, int64_t writes, int64_t bytes) {
  int64_t now_writes, now_bytes;
  for (int64_t limit_ns = now_ns() + (int64_t)SETTLE_LIMIT_MS * 1000000; now_ns() < limit_ns; sched_yield()) {
    if (!tracee_writes((pid_t)call->notification.pid, &now_writes, &now_bytes)) return -1;
    if (now_writes > writes) return now_bytes - bytes;
  }
  return -1;
}

void gate_shorten(const char *id, int64_t bytes) {
  static struct call call;
  int64_t writes, before, result = -1;
  if (!gate_holds(id)) {
    event_error("unknown-id", "%s is not held", id);
    return;
  }
  if (hold.call.op != OP_WRITE || hold.call.bytes < 2) {
    event_error("cannot-shorten", "%s: a %s of %lld bytes can't be cut short", id, op_name(hold.call.op), (long long)hold.call.bytes);
    return;
  }
  call = hold.call;
  if (bytes == HALF) bytes = hold.arm.when == TORN && hold.tear.bytes > 0 ? hold.tear.bytes : call.bytes / 2;
  if (bytes >= call.bytes) bytes = call.bytes - 1;
  effect_untear(&hold.tear);
  bool is_counted = tracee_writes((pid_t)call.notification.pid, &writes, &before);
  int error = is_counted ? effect_limit(&call, bytes) : EPERM;
  if (error != 0) {
    event_error("cannot-shorten", "%s: its process can't be limited (%s); it is still held", id, strerror(error));
    return;
  }
  emit_released(id, "short");
  if (unsynced_is_tracked()) unsynced_before(&call);
  if (go(&call)) result = written_by(&call, writes, before);
  effect_lift_limit(&call);
  hold.phase = OPEN;
  tell_answered(&call, id, NULL, result, -1);
  go_on();
}

void gate_slow(int64_t ms) {
  event_begin(ms > 0 ? "slow" : "slowed");
  if (ms > 0) event_number("ms", ms);
  else event_number("calls", slow.calls);
  event_end();
  slow.ms = ms;
  slow.calls = 0;
}

/* ---- notifications ---- */

static void emit_op(const struct call *call) {
  event_begin("op");
  call_describe(call);
  event_end();
}

static void deny(const struct call *call, int error) {
  event_begin("unknown-path");
  event_string("op", op_name(call->op));
  event_string("syscall", call->rule->name);
  event_number("errno", error);
  event_end();
  listener_answer(listener, call->notification.id, -EIO);
}

/* Places that are nobody's state: devices, the kernel's own, and what is gone with the container. */
static bool is_no_state(const char *path) {
  static const char *const places[] = {"/dev", "/proc", "/sys", "/tmp", "/run", "/var/run"};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    size_t length = strlen(places[i]);
    if (strncmp(path, places[i], length) == 0 && (path[length] == '/' || path[length] == 0)) return true;
  }
  return path[0] != '/';
}

static bool is_outside(const char *path) { return !path_is_watched(path) && !is_no_state(path); }

/* Something outside the state folders is to be changed: told once for each path. A write through a descriptor is not told, its open is. */
static void tell_outside(const struct call *call) {
  enum { TOLD_MAX = 64 };
  static char *told[TOLD_MAX];
  static size_t count;
  struct identity caller;
  if (count == TOLD_MAX || call->rule->path == NO_ARG || call->fd != NOT_GIVEN || !would_change(call)) return;
  const char *path = call->has_to && is_outside(call->to.path) ? call->to.path : call->path.path;
  if (!is_outside(path)) return;
  for (size_t i = 0; i < count; i++)
    if (strcmp(told[i], path) == 0) return;
  told[count] = strdup(path);
  if (told[count] == NULL) return;
  count++;
  event_begin("outside");
  event_string("op", op_name(call->op));
  event_string("syscall", call->rule->name);
  if (tracee_identity((pid_t)call->notification.pid, &caller) == 0) event_string("comm", caller.comm);
  event_string("path", path);
  event_end();
}

/* What changes no file in a state folder. */
static void let_run_unwatched(const struct call *call, enum reading reading) {
  if (reading == READ_NOTHING) record_sent(call);
  bool went = listener_let_run(listener, call->notification.id);
  if (went && reading == READ_ELSEWHERE) tell_outside(call);
  if (!went || reading != READ_OPENED) return;
  event_begin("opened");
  if (call->path.path[0] == 0) event_null("path");
  else event_string("path", call->path.path);
  event_end();
}

static void process(const struct seccomp_notif *notification) {
  static struct call call;
  struct again entry;
  int error = 0;
  if (take_again(notification, &entry)) {
    finish_again(notification, &entry);
    return;
  }
  call.notification = *notification;
  enum reading reading = call_read(&call, &error);
  if (reading == READ_NOTHING || reading == READ_ELSEWHERE || reading == READ_OPENED) {
    let_run_unwatched(&call, reading);
    return;
  }
  /* Only now is it sure that it was the caller's memory that was read: seccomp_unotify(2). */
  if (!listener_is_valid(listener, notification->id)) return;
  if (reading == READ_FAILED) {
    deny(&call, error);
    return;
  }
  call.serial = ++serial;
  counters.watched++;
  counters.ops[call.op]++;
  /* A call that is not held goes on before its event is written: the gateway need not wait for the reader of the events. */
  if (is_refused_in_silence(&call)) return;
  event_cork();
  emit_op(&call);
  call.seq = event_last_seq();
  decide(&call);
  event_uncork();
}

/* What changes no file goes on even during a hold, so that only the held call's own thread stands still. */
static void process_behind_hold(const struct seccomp_notif *notification) {
  static struct call call;
  int error = 0;
  call.notification = *notification;
  enum reading reading = call_read(&call, &error);
  if (reading == READ_NOTHING || reading == READ_OPENED) let_run_unwatched(&call, reading);
  else wait_in_line(notification);
}

void gate_receive(void) {
  struct seccomp_notif notification;
  if (!receive(&notification)) return;
  if (hold.phase != OPEN && call_is_again(&hold.call.notification, &notification)) hold_again(&notification);
  else if (may_go(&notification)) process(&notification);
  else process_behind_hold(&notification);
  go_on();
}

void gate_describe_counters(void) {
  event_object("counters");
  event_number("notified", counters.notified);
  event_number("watched", counters.watched);
  event_object("ops");
  for (enum op op = 0; op < OP_COUNT; op++)
    if (counters.ops[op] > 0) event_number(op_name(op), counters.ops[op]);
  event_object_end();
  event_object_end();
}
