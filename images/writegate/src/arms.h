/* The crash points that are armed. */
#ifndef ARMS_H
#define ARMS_H

#include "call.h"

enum {
  ID_BYTES = 65,
  ARMS_MAX = 64,
  HALF = -1, /* torn_bytes: half of the buffer, rounded down */
};

enum when { BEFORE, TORN, AFTER };

struct arm {
  char id[ID_BYTES];
  enum op op; /* OP_COUNT: any */
  char path[PATH_BYTES], to[PATH_BYTES]; /* patterns; an empty `to` matches all */
  int64_t nth, seen;
  enum when when;
  int64_t torn_bytes;
  uint64_t last_serial; /* of the newest call that was counted, or had happened before it was armed */
};

const char *when_name(enum when when);

/* Each says whether it could: an id is armed once; there is room for ARMS_MAX. */
bool arms_add(const struct arm *arm);
bool arms_remove(const char *id);
bool arms_has(const char *id);
bool arms_any(void);

/* Counts the call for every arm that matches it and has not counted it. The first that has reached its nth is spent: it
 * is copied to `out` and disarmed. Asked again about the same call, the other arms keep their counts. */
bool arms_take(const struct call *call, struct arm *out);

#endif
