/* Calls that fail from here on, until somebody takes that away: a file on a bad block, a full disk. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "arms.h"

enum { REFUSALS_MAX = 16, TOLD_MAX = 500 };

struct refusal {
  char id[ID_BYTES];
  enum op op;            /* OP_COUNT: each that can return the error */
  char path[PATH_BYTES]; /* a pattern: a call's path or its other path */
  int number;
  int64_t most; /* so many calls fail, and the others go on; 0: each fails */
  int64_t answered;
};

/* Each says whether it could: an id is there once; there is room for REFUSALS_MAX. */
bool refusals_add(const struct refusal *refusal);
bool refusals_has(const char *id);
/* Takes it away; `answered`: how many calls it has failed. */
bool refusals_remove(const char *id, int64_t *answered);

/* The first that a call meets, or NULL. Costs nothing while there is none. */
struct refusal *refusals_match(const struct call *call);

#endif
