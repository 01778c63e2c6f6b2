/* One call of the gateway's, as the kernel reported it and as it reads. */
#ifndef CALL_H
#define CALL_H

#include "path.h"
#include "syscalls.h"
#include "tracee.h"

enum { NOT_GIVEN = -1 };

struct call {
  struct seccomp_notif notification;
  const struct rule *rule;
  enum op op;
  uint64_t serial;     /* counts the calls that were looked at: an armed id counts each once */
  int64_t seq;         /* of its `op` event */
  struct identity caller;
  struct resolved path, to;
  bool has_to, has_bytes, has_offset, has_flags;
  bool append;    /* of a write: it goes to the end, whatever the position */
  bool synchronous; /* of a write: it is synced when it is over */
  int fd;         /* or NOT_GIVEN */
  int64_t bytes;
  int64_t offset; /* NOT_GIVEN: the file's own position */
  int64_t position; /* of a write without an offset that is no append: where it goes; else NOT_GIVEN */
  int64_t flags;
};

enum reading {
  READ_CHANGE,    /* a change of a file in a state folder */
  READ_ELSEWHERE, /* a change of a file in no state folder */
  READ_OPENED,    /* with --opens: an open of what is in a state folder, which changes nothing */
  READ_NOTHING,   /* no change of a file: a socket, a pipe, an open of what exists, a call that fails by itself */
  READ_FAILED,    /* it can't be read what it does */
};

/* Reads what the call is about. With READ_FAILED, `*error` is why. */
enum reading call_read(struct call *call, int *error);

/* Puts the fields of an `op` event into the event that is being written. */
void call_describe(const struct call *call);

/* Is it the same call of the same thread, which the kernel has started again? */
bool call_is_again(const struct seccomp_notif *before, const struct seccomp_notif *now);

uint64_t call_argument(const struct call *call, uint8_t place);
/* The raw path in an argument, as the caller gave it. 0 or an errno. */
int call_raw_path(const struct call *call, uint8_t place, char *raw, size_t size);
/* The folder that a path of this call is relative to. */
int call_folder(const struct call *call, uint8_t place);

/* Reads the first `count` bytes that a write would write. 0 or an errno. */
int call_read_buffer(const struct call *call, char *buffer, size_t count);

#endif
