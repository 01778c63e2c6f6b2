#ifndef MATCH_H
#define MATCH_H

#include <stdbool.h>

/* Does `path` match `pattern`? `*` and `?` (one character of UTF-8) do not cross a slash; `**` does, and a `**` that is
 * a whole folder of the pattern stands for any number of folders, none included. Nothing else is special. */
bool path_matches(const char *pattern, const char *path);

#endif
