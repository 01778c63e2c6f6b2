#include "refusals.h"

#include <string.h>

#include "errors.h"
#include "match.h"

static struct refusal refusals[REFUSALS_MAX];
static size_t used;

static struct refusal *find(const char *id) {
  for (size_t i = 0; i < used; i++)
    if (strcmp(refusals[i].id, id) == 0) return &refusals[i];
  return NULL;
}

bool refusals_has(const char *id) { return find(id) != NULL; }

bool refusals_add(const struct refusal *refusal) {
  if (used == REFUSALS_MAX) return false;
  refusals[used++] = *refusal;
  return true;
}

bool refusals_remove(const char *id, int64_t *answered) {
  struct refusal *refusal = find(id);
  if (refusal == NULL) return false;
  *answered = refusal->answered;
  memmove(refusal, refusal + 1, (size_t)(refusals + used - refusal - 1) * sizeof *refusal);
  used--;
  return true;
}

/* What is the same in every path that matches comes first: most calls differ from it in that, and cost nothing more. */
static bool reaches(const char *pattern, const char *path) {
  size_t same = strcspn(pattern, "*?");
  return strncmp(pattern, path, same) == 0 && path_matches(pattern, path);
}

static bool meets(const struct refusal *refusal, const struct call *call) {
  if (refusal->most > 0 && refusal->answered >= refusal->most) return false;
  if (refusal->op != OP_COUNT && refusal->op != call->op) return false;
  if (!error_fits_call(refusal->number, call)) return false;
  return reaches(refusal->path, call->path.path) || (call->has_to && reaches(refusal->path, call->to.path));
}

struct refusal *refusals_match(const struct call *call) {
  for (size_t i = 0; i < used; i++)
    if (meets(&refusals[i], call)) return &refusals[i];
  return NULL;
}
