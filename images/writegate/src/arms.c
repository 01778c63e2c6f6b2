#include "arms.h"

#include <string.h>

#include "match.h"

static struct arm arms[ARMS_MAX];
static size_t used;

const char *when_name(enum when when) {
  switch (when) {
    case BEFORE: return "before";
    case TORN: return "torn";
    case AFTER: return "after";
  }
  return "";
}

static struct arm *find(const char *id) {
  for (size_t i = 0; i < used; i++)
    if (strcmp(arms[i].id, id) == 0) return &arms[i];
  return NULL;
}

bool arms_any(void) { return used > 0; }

bool arms_has(const char *id) { return find(id) != NULL; }

bool arms_add(const struct arm *arm) {
  if (used == ARMS_MAX) return false;
  arms[used++] = *arm;
  return true;
}

bool arms_remove(const char *id) {
  struct arm *arm = find(id);
  if (arm == NULL) return false;
  memmove(arm, arm + 1, (size_t)(arms + used - arm - 1) * sizeof *arm);
  used--;
  return true;
}

static bool matches(const struct arm *arm, const struct call *call) {
  if ((arm->op != OP_COUNT && arm->op != call->op) || !path_matches(arm->path, call->path.path)) return false;
  return arm->to[0] == 0 || (call->has_to && path_matches(arm->to, call->to.path));
}

static void count(struct arm *arm, const struct call *call) {
  if (call->serial <= arm->last_serial || !matches(arm, call)) return;
  arm->last_serial = call->serial;
  arm->seen++;
}

bool arms_take(const struct call *call, struct arm *out) {
  struct arm *due = NULL;
  for (size_t i = 0; i < used; i++) {
    count(&arms[i], call);
    if (due == NULL && arms[i].seen == arms[i].nth) due = &arms[i];
  }
  if (due == NULL) return false;
  *out = *due;
  arms_remove(out->id);
  return true;
}
