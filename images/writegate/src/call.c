#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "event.h"
#include "options.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20 /* since Linux 6.9 */
#endif

uint64_t call_argument(const struct call *call, uint8_t place) {
  return place == NO_ARG ? 0 : call->notification.data.args[place - 1];
}

static pid_t tid_of(const struct call *call) { return (pid_t)call->notification.pid; }

int call_folder(const struct call *call, uint8_t place) {
  return place == NO_ARG ? AT_FDCWD : (int)call_argument(call, place);
}

int call_raw_path(const struct call *call, uint8_t place, char *raw, size_t size) {
  return tracee_string(tid_of(call), call_argument(call, place), raw, size < PATH_MAX ? size : PATH_MAX);
}

bool call_is_again(const struct seccomp_notif *before, const struct seccomp_notif *now) {
  return before->pid == now->pid && before->data.nr == now->data.nr &&
         memcmp(before->data.args, now->data.args, sizeof now->data.args) == 0;
}

/* The kernel fails such a call by itself, so it changes nothing. */
static bool fails_by_itself(int error) {
  return error == ENOENT || error == EBADF || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG ||
         error == ESRCH;
}

static enum reading failed(int reason, int *error) {
  *error = reason;
  return fails_by_itself(reason) ? READ_NOTHING : READ_FAILED;
}

static bool follows(const struct call *call) {
  switch (call->rule->follow) {
    case NEVER: return false;
    case FOLLOWS: return true;
    case UNLESS_NOFOLLOW_FLAG: return (call->flags & AT_SYMLINK_NOFOLLOW) == 0;
    case IF_FOLLOW_FLAG: return (call->flags & AT_SYMLINK_FOLLOW) != 0;
  }
  return false;
}

static enum reading watched(const struct call *call) {
  bool is_watched = path_is_watched(call->path.path) || (call->has_to && path_is_watched(call->to.path));
  return is_watched ? READ_CHANGE : READ_ELSEWHERE;
}

static enum reading read_descriptor(struct call *call, int fd, int *error) {
  bool is_file;
  call->fd = fd;
  int reason = path_of_descriptor(tid_of(call), fd, &call->path, &is_file);
  if (reason != 0) return failed(reason, error);
  return is_file ? watched(call) : READ_NOTHING;
}

/* An empty path, or none (utimensat), means the descriptor in the folder's place: AT_EMPTY_PATH. */
static enum reading read_path(struct call *call, bool follow, int *error) {
  char raw[PATH_MAX];
  const struct rule *rule = call->rule;
  int folder = call_folder(call, rule->folder);
  if (rule->folder != NO_ARG && call_argument(call, rule->path) == 0) return read_descriptor(call, folder, error);
  int reason = call_raw_path(call, rule->path, raw, sizeof raw);
  if (reason != 0) return failed(reason, error);
  if (raw[0] == 0 && folder != AT_FDCWD) {
    enum reading reading = read_descriptor(call, folder, error);
    if (!call->has_to) return reading;
  } else {
    reason = path_resolve(tid_of(call), folder, raw, follow, &call->path);
    if (reason != 0) return failed(reason, error);
  }
  return watched(call);
}

static enum reading read_to(struct call *call, int *error) {
  char raw[PATH_MAX];
  int reason = call_raw_path(call, call->rule->path2, raw, sizeof raw);
  if (reason == 0) reason = path_resolve(tid_of(call), call_folder(call, call->rule->folder2), raw, false, &call->to);
  call->has_to = true;
  return reason != 0 ? failed(reason, error) : READ_CHANGE;
}

static enum reading read_plain(struct call *call, int *error) {
  const struct rule *rule = call->rule;
  call->has_flags = rule->flags != NO_ARG;
  call->flags = (int)call_argument(call, rule->flags);
  if (rule->path == NO_ARG) return read_descriptor(call, (int)call_argument(call, rule->fd), error);
  if (rule->path2 != NO_ARG) {
    enum reading reading = read_to(call, error);
    if (reading != READ_CHANGE) return reading;
  }
  return read_path(call, follows(call), error);
}

static int read_open_flags(struct call *call) {
  struct open_how how = {0};
  call->has_flags = true;
  switch (call->rule->shape) {
    case SHAPE_CREAT:
      call->flags = O_CREAT | O_WRONLY | O_TRUNC;
      return 0;
    case SHAPE_OPEN_HOW: {
      int error = tracee_read(tid_of(call), call_argument(call, call->rule->address), &how, sizeof how);
      call->flags = (int64_t)how.flags;
      return error;
    }
    default:
      call->flags = (int)call_argument(call, call->rule->flags);
      return 0;
  }
}

/* Most of what a program opens while it starts are its own modules. */
static bool opens_elsewhere(const struct call *call) {
  char raw[PATH_MAX];
  return call_raw_path(call, call->rule->path, raw, sizeof raw) == 0 && path_is_on_root_mount(raw);
}

/* What is only opened is not denied where its path can't be read: it is told without one. */
static enum reading read_opened(struct call *call, int *error) {
  if (!options.tells_opens || opens_elsewhere(call)) return READ_NOTHING;
  enum reading reading = read_path(call, (call->flags & O_NOFOLLOW) == 0, error);
  if (reading == READ_NOTHING) return READ_NOTHING;
  if (reading == READ_FAILED) call->path.path[0] = 0;
  else if (reading == READ_ELSEWHERE || !call->path.exists) return READ_NOTHING;
  return READ_OPENED;
}

/* What an open changes depends on what is there: it makes the file, or empties it, or does nothing. */
static enum reading read_open(struct call *call, int *error) {
  int reason = read_open_flags(call);
  if (reason != 0) return failed(reason, error);
  bool makes = (call->flags & O_CREAT) != 0, empties = (call->flags & O_TRUNC) != 0;
  bool nameless = (call->flags & O_TMPFILE) == O_TMPFILE, exclusive = makes && (call->flags & O_EXCL) != 0;
  if (!makes && !empties && !nameless) return read_opened(call, error);
  enum reading reading = read_path(call, nameless || (!exclusive && (call->flags & O_NOFOLLOW) == 0), error);
  if (reading == READ_NOTHING || reading == READ_FAILED || nameless) return reading;
  if (!call->path.exists) return makes ? reading : READ_NOTHING;
  if (exclusive || !empties || !S_ISREG(call->path.mode))
    return options.tells_opens && reading == READ_CHANGE ? READ_OPENED : READ_NOTHING;
  call->op = OP_TRUNCATE;
  return reading;
}

enum { VECTORS_MAX = 1024 }; /* UIO_MAXIOV, readv(2) */

static int read_vectors(const struct call *call, struct iovec *vectors, size_t *count) {
  uint64_t wanted = call_argument(call, call->rule->length);
  *count = wanted > VECTORS_MAX ? 0 : (size_t)wanted;
  return tracee_read(tid_of(call), call_argument(call, call->rule->address), vectors, *count * sizeof *vectors);
}

static int read_length(struct call *call) {
  struct iovec vectors[VECTORS_MAX];
  size_t count;
  call->has_bytes = true;
  call->bytes = (int64_t)call_argument(call, call->rule->length);
  if (call->rule->shape != SHAPE_VECTOR) return 0;
  int error = read_vectors(call, vectors, &count);
  call->bytes = 0;
  for (size_t i = 0; error == 0 && i < count; i++) call->bytes += (int64_t)vectors[i].iov_len;
  return error;
}

static enum reading read_write(struct call *call, int *error) {
  const struct rule *rule = call->rule;
  struct descriptor descriptor;
  enum reading reading = read_descriptor(call, (int)call_argument(call, rule->fd), error);
  if (reading != READ_CHANGE) return reading;
  int reason = read_length(call);
  if (reason == 0) reason = tracee_descriptor(tid_of(call), call->fd, &descriptor);
  if (reason != 0) return failed(reason, error);
  call->has_flags = rule->flags != NO_ARG;
  call->flags = (int64_t)call_argument(call, rule->flags);
  /* On Linux even pwrite appends to a file that was opened with O_APPEND: pwrite(2), BUGS. */
  call->append = ((descriptor.flags & O_APPEND) != 0 && (call->flags & RWF_NOAPPEND) == 0) || (call->flags & RWF_APPEND) != 0;
  call->synchronous = (descriptor.flags & O_DSYNC) != 0 || (call->flags & (RWF_DSYNC | RWF_SYNC)) != 0;
  call->has_offset = true;
  call->offset = rule->offset == NO_ARG ? NOT_GIVEN : (int64_t)call_argument(call, rule->offset);
  if (call->offset < 0 && !call->append) call->position = descriptor.position;
  return READ_CHANGE;
}

/* A mapping that is not writable yet can be made so later (mprotect), if the file is open for writing. */
static enum reading read_map(struct call *call, int *error) {
  struct descriptor descriptor;
  enum reading reading = read_plain(call, error);
  if (reading != READ_CHANGE) return reading;
  int reason = tracee_descriptor(tid_of(call), call->fd, &descriptor);
  if (reason != 0) return failed(reason, error);
  call->has_bytes = call->has_offset = true;
  call->bytes = (int64_t)call_argument(call, call->rule->length);
  call->offset = (int64_t)call_argument(call, call->rule->offset);
  return (descriptor.flags & O_ACCMODE) == O_RDONLY ? READ_NOTHING : READ_CHANGE;
}

static enum reading read_map_sync(struct call *call, int *error) {
  uint64_t address = call_argument(call, call->rule->address);
  int reason = tracee_mapping(tid_of(call), address, call->path.path, sizeof call->path.path);
  if (reason != 0) return failed(reason, error);
  if (call->path.path[0] != '/') return READ_NOTHING;
  call->has_bytes = true;
  call->bytes = (int64_t)call_argument(call, call->rule->length);
  return watched(call);
}

static enum reading read_with_length(struct call *call, int *error) {
  const struct rule *rule = call->rule;
  call->has_bytes = true;
  call->bytes = (int64_t)call_argument(call, rule->length);
  call->has_offset = rule->offset != NO_ARG;
  call->offset = (int64_t)call_argument(call, rule->offset);
  return read_plain(call, error);
}

static enum reading read_by_shape(struct call *call, int *error) {
  switch (call->rule->shape) {
    case SHAPE_PLAIN: return read_plain(call, error);
    case SHAPE_OPEN:
    case SHAPE_OPEN_HOW:
    case SHAPE_CREAT: return read_open(call, error);
    case SHAPE_BUFFER:
    case SHAPE_VECTOR: return read_write(call, error);
    case SHAPE_LENGTH: return read_with_length(call, error);
    case SHAPE_MAP: return read_map(call, error);
    case SHAPE_MAP_SYNC: return read_map_sync(call, error);
  }
  return READ_NOTHING;
}

enum reading call_read(struct call *call, int *error) {
  call->rule = rule_of(call->notification.data.nr);
  call->op = call->rule->op;
  call->has_to = call->has_bytes = call->has_offset = call->has_flags = call->append = call->synchronous = false;
  call->fd = NOT_GIVEN;
  call->position = NOT_GIVEN;
  enum reading reading = read_by_shape(call, error);
  if (reading != READ_CHANGE) return reading;
  int reason = tracee_identity(tid_of(call), &call->caller);
  return reason != 0 ? failed(reason, error) : READ_CHANGE;
}

void call_describe(const struct call *call) {
  event_string("op", op_name(call->op));
  event_string("syscall", call->rule->name);
  event_number("pid", call->caller.pid);
  event_number("tid", call->notification.pid);
  event_string("comm", call->caller.comm);
  event_string("path", call->path.path);
  if (call->has_to) event_string("to", call->to.path);
  if (call->fd != NOT_GIVEN) event_number("fd", call->fd);
  if (call->has_bytes) event_number("bytes", call->bytes);
  if (call->has_offset) event_known("offset", call->offset);
  if (call->position != NOT_GIVEN) event_number("position", call->position);
  if (call->has_flags) event_number("flags", call->flags);
  if (call->op == OP_WRITE) event_bool("append", call->append);
}

int call_read_buffer(const struct call *call, char *buffer, size_t count) {
  struct iovec vectors[VECTORS_MAX];
  size_t vector_count, done = 0;
  if (call->rule->shape == SHAPE_BUFFER)
    return tracee_read(tid_of(call), call_argument(call, call->rule->address), buffer, count);
  int error = read_vectors(call, vectors, &vector_count);
  for (size_t i = 0; error == 0 && i < vector_count && done < count; i++) {
    size_t part = vectors[i].iov_len < count - done ? vectors[i].iov_len : count - done;
    error = tracee_read(tid_of(call), (uint64_t)(uintptr_t)vectors[i].iov_base, buffer + done, part);
    done += part;
  }
  return error;
}
