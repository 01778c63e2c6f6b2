/* The absolute path that a call means, by the kernel's own lookup. */
#ifndef PATH_H
#define PATH_H

#include "writegate.h"

struct resolved {
  char path[PATH_BYTES];
  bool exists;
  mode_t mode; /* of what exists */
};

/* A path as a thread gave it. The folder part is looked up by the kernel (symbolic links resolve), the last part is not,
 * unless `follow`. Folders that do not exist are kept as they are written. 0 or an errno that is not the path's own fault. */
int path_resolve(pid_t tid, int folder, const char *raw, bool follow, struct resolved *out);

/* The file behind a descriptor. `is_file` is false for a socket, a pipe, a device and the like. 0 or an errno. */
int path_of_descriptor(pid_t tid, int fd, struct resolved *out, bool *is_file);

/* Whether a path certainly leads to no state folder, in one lookup: every state folder is a mount or lies in one, and on the way from the root no other
 * mount is met. False: it has to be resolved to tell. */
bool path_is_on_root_mount(const char *raw);

/* Is it a state folder, or in one? */
bool path_is_watched(const char *path);

/* A descriptor of the folder that `raw` is relative to, with O_PATH; AT_FDCWD if it is absolute; -1 with errno set. */
int path_open_base(pid_t tid, int folder, const char *raw);

/* /proc/self means the one who looks: writes the path that means the same to writegate. */
void path_for_us(pid_t tid, const char *raw, char *out, size_t size);

#endif
