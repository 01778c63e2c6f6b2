#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "options.h"
#include "tracee.h"

enum { LINKS_MAX = 40 }; /* path_resolution(7) */

bool path_is_watched(const char *path) {
  for (size_t i = 0; i < options.state_count; i++) {
    size_t length = strlen(options.state[i]);
    if (strncmp(path, options.state[i], length) == 0 && (path[length] == 0 || path[length] == '/')) return true;
    if (strcmp(options.state[i], "/") == 0) return path[0] == '/';
  }
  return false;
}

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

void path_for_us(pid_t tid, const char *raw, char *out, size_t size) {
  if (starts_with(raw, "/proc/self/")) snprintf(out, size, "/proc/%d/%s", tid, raw + strlen("/proc/self/"));
  else if (starts_with(raw, "/proc/thread-self/")) snprintf(out, size, "/proc/%d/%s", tid, raw + strlen("/proc/thread-self/"));
  else if (raw != out) snprintf(out, size, "%s", raw);
}

int path_open_base(pid_t tid, int folder, const char *raw) {
  if (raw[0] == '/') return AT_FDCWD;
  char name[64];
  if (folder == AT_FDCWD) snprintf(name, sizeof name, "/proc/%d/cwd", tid);
  else snprintf(name, sizeof name, "/proc/%d/fd/%d", tid, folder);
  return open(name, O_PATH | O_CLOEXEC);
}

static int descriptor_path(int fd, char *path, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(name, path, size - 1);
  if (count < 0) return errno;
  path[count] = 0;
  return 0;
}

static void join(char *path, size_t size, const char *last) {
  size_t length = strlen(path);
  snprintf(path + length, size - length, "%s%s", length > 0 && path[length - 1] == '/' ? "" : "/", last);
}

/* Cuts the last part off `path`, which then names its folder. The last part, without slashes at its end. */
static const char *cut_last(char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') path[--length] = 0;
  char *slash = strrchr(path, '/');
  if (slash == NULL) return NULL;
  *slash = 0;
  return slash + 1;
}

struct split {
  char folder[PATH_BYTES];
  char last[PATH_BYTES];
};

/* "." and ".." at the end, and the root, are folders themselves: then `last` is empty. */
static void split_path(const char *raw, struct split *out) {
  char copy[PATH_BYTES];
  snprintf(copy, sizeof copy, "%s", raw);
  const char *last = cut_last(copy);
  const char *name = last == NULL ? copy : last;
  bool whole = name[0] == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
  snprintf(out->last, sizeof out->last, "%s", whole ? "" : name);
  if (whole) snprintf(out->folder, sizeof out->folder, "%s", raw);
  else if (last == NULL) snprintf(out->folder, sizeof out->folder, ".");
  else snprintf(out->folder, sizeof out->folder, "%s", copy[0] == 0 ? "/" : copy);
}

/* Opens the folder of `parts`. Where it does not exist, the deepest one that does; the rest goes before `last`. */
static int open_folder(int base, struct split *parts) {
  for (;;) {
    int fd = openat(base, parts->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) return fd;
    char whole[PATH_BYTES], missing[PATH_BYTES];
    bool has_slash = strchr(parts->folder, '/') != NULL;
    if (strcmp(parts->folder, ".") == 0 || strcmp(parts->folder, "/") == 0) return -1;
    snprintf(missing, sizeof missing, "%s", has_slash ? cut_last(parts->folder) : parts->folder);
    if (!has_slash) snprintf(parts->folder, sizeof parts->folder, ".");
    else if (parts->folder[0] == 0) snprintf(parts->folder, sizeof parts->folder, "/");
    snprintf(whole, sizeof whole, "%.*s/%.*s", PATH_MAX / 2, missing, PATH_MAX / 2, parts->last);
    snprintf(parts->last, sizeof parts->last, "%s", whole);
  }
}

/* A folder like /dev/fd leads through /proc/self, which was ours: opens the thread's in its place. */
static int reopen_if_ours(pid_t tid, int fd, char *path, size_t size) {
  char ours[64], theirs[PATH_BYTES];
  snprintf(ours, sizeof ours, "/proc/%d/", getpid());
  if (!starts_with(path, ours)) return fd;
  snprintf(theirs, sizeof theirs, "/proc/%d/%.*s", tid, PATH_MAX, path + strlen(ours));
  snprintf(path, size, "%s", theirs);
  close(fd);
  return open(theirs, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void look_at(int folder, const char *last, struct resolved *out) {
  struct stat found;
  out->exists = fstatat(folder, last, &found, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0;
  out->mode = out->exists ? found.st_mode : 0;
}

/* One lookup. If the last part is a symbolic link to be followed: its target in `next`, and its folder's descriptor. */
static int resolve_once(pid_t tid, int base, const char *raw, bool follow, struct resolved *out, char *next) {
  static struct split parts;
  split_path(raw, &parts);
  next[0] = 0;
  int folder = open_folder(base, &parts);
  if (folder < 0) return -1;
  if (descriptor_path(folder, out->path, sizeof out->path) != 0) out->path[0] = 0;
  folder = reopen_if_ours(tid, folder, out->path, sizeof out->path);
  if (folder < 0) return -1;
  look_at(folder, parts.last, out);
  if (follow && S_ISLNK(out->mode)) {
    ssize_t count = readlinkat(folder, parts.last, next, PATH_BYTES - 1);
    next[count < 0 ? 0 : count] = 0;
  }
  if (parts.last[0] != 0) join(out->path, sizeof out->path, parts.last);
  return folder;
}

int path_resolve(pid_t tid, int folder, const char *raw, bool follow, struct resolved *out) {
  char current[PATH_BYTES], next[PATH_BYTES];
  out->path[0] = 0;
  out->exists = false;
  path_for_us(tid, raw, current, sizeof current);
  int base = path_open_base(tid, folder, current);
  if (base == -1) return errno;
  for (int links = 0; links <= LINKS_MAX; links++) {
    int parent = resolve_once(tid, base, current, follow, out, next);
    int error = errno;
    if (base >= 0) close(base);
    if (parent < 0) return error;
    base = parent;
    if (next[0] == 0) break;
    path_for_us(tid, next, current, sizeof current);
  }
  if (base >= 0) close(base);
  return 0;
}

/* Looks a path up from the root without entering another mount, openat2(2): 0, or an errno; EXDEV if it would. */
static int look_up_on_root_mount(const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV};
  int fd = (int)syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

bool path_is_on_root_mount(const char *raw) {
  static bool is_known, is_told_by_mounts;
  if (raw[0] != '/') return false;
  if (!is_known) {
    is_known = is_told_by_mounts = true;
    for (size_t i = 0; i < options.state_count; i++)
      if (look_up_on_root_mount(options.state[i]) != EXDEV) is_told_by_mounts = false;
  }
  if (!is_told_by_mounts) return false;
  int error = look_up_on_root_mount(raw);
  return error == 0 || error == ENOENT;
}

/* The kernel adds " (deleted)" to the name of a file that is in no folder any more, proc_pid_fd(5). */
static void cut_deleted(char *path, const struct stat *open_file) {
  static const char mark[] = " (deleted)";
  size_t length = strlen(path), cut = length - strlen(mark);
  struct stat named;
  if (length <= strlen(mark) || strcmp(path + cut, mark) != 0) return;
  if (lstat(path, &named) == 0 && named.st_dev == open_file->st_dev && named.st_ino == open_file->st_ino) return;
  path[cut] = 0;
}

int path_of_descriptor(pid_t tid, int fd, struct resolved *out, bool *is_file) {
  char name[64], what[32];
  struct stat found;
  *is_file = false;
  out->exists = true;
  snprintf(what, sizeof what, "fd/%d", fd);
  int error = tracee_link(tid, what, out->path, sizeof out->path);
  if (error != 0) return error;
  /* "socket:[1]", "pipe:[1]", "anon_inode:[eventfd]": by far the most frequent, and no path */
  if (out->path[0] != '/' || starts_with(out->path, "/memfd:")) return 0;
  snprintf(name, sizeof name, "/proc/%d/fd/%d", tid, fd);
  if (stat(name, &found) != 0) return errno;
  *is_file = S_ISREG(found.st_mode) || S_ISDIR(found.st_mode);
  out->mode = found.st_mode;
  cut_deleted(out->path, &found);
  return 0;
}
