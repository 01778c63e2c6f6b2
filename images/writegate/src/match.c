#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "giveup.h"

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xc0) == 0x80; }

/* One row of the table below: `now[j]` says whether the pattern up to here matches the first j bytes of the path.
 * A table takes time in proportion to pattern times path; backtracking could take exponential time. */
static size_t step(const char *p, bool after_slash, const char *path, size_t length, const bool *before, bool *now) {
  bool reach = false;
  if (after_slash && p[0] == '*' && p[1] == '*' && p[2] == '/') {
    for (size_t j = 0; j <= length; j++) {
      now[j] = before[j] || (reach && j > 0 && path[j - 1] == '/');
      reach = reach || before[j];
    }
    return 3;
  }
  if (p[0] == '*' && p[1] == '*') {
    for (size_t j = 0; j <= length; j++) now[j] = reach = reach || before[j];
    return 2;
  }
  if (p[0] == '*') {
    for (size_t j = 0; j <= length; j++) now[j] = reach = before[j] || (reach && path[j - 1] != '/');
    return 1;
  }
  now[0] = false;
  for (size_t j = 1; j <= length; j++) {
    if (p[0] != '?') now[j] = before[j - 1] && path[j - 1] == p[0];
    else now[j] = path[j - 1] != '/' && (is_continuation(path[j - 1]) ? now[j - 1] : before[j - 1]);
  }
  return 1;
}

bool path_matches(const char *pattern, const char *path) {
  size_t length = strlen(path);
  bool *before = calloc(length + 1, sizeof *before), *now = calloc(length + 1, sizeof *now);
  if (before == NULL || now == NULL) give_up("out of memory");
  before[0] = true;
  for (const char *p = pattern; *p != 0;) {
    p += step(p, p == pattern || p[-1] == '/', path, length, before, now);
    bool *swap = before;
    before = now;
    now = swap;
  }
  bool matches = before[length];
  free(before);
  free(now);
  return matches;
}
