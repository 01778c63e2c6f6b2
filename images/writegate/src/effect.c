#include "effect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "giveup.h"

int effect_open_again(const struct call *call) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%u/fd/%d", call->notification.pid, call->fd);
  int fd = open(name, O_WRONLY | O_CLOEXEC);
  if (fd >= 0 || errno != EACCES) return fd;
  /* A file may be made so that nobody can open it again for writing (git's objects are); who made it may change that. */
  struct stat found;
  if (stat(name, &found) != 0 || chmod(name, (found.st_mode & 07777) | S_IWUSR) != 0) {
    errno = EACCES;
    return -1;
  }
  fd = open(name, O_WRONLY | O_CLOEXEC);
  int error = errno;
  if (chmod(name, found.st_mode & 07777) != 0) give_up("can't give a file its mode back");
  errno = error;
  return fd;
}

/* Where the write goes, and in `appended_to` the size that the file has before an append. -1 with errno set. */
static int64_t place_of(const struct call *call, int fd, int64_t *appended_to) {
  struct stat found;
  struct descriptor descriptor;
  *appended_to = -1;
  if (call->append) {
    if (fstat(fd, &found) != 0) return -1;
    return *appended_to = found.st_size;
  }
  if (call->offset >= 0) return call->offset;
  int error = tracee_descriptor((pid_t)call->notification.pid, call->fd, &descriptor);
  errno = error;
  return error == 0 ? descriptor.position : -1;
}

static int copy_prefix(const struct call *call, int fd, int64_t place, int64_t bytes) {
  char *buffer = malloc((size_t)bytes + 1);
  if (buffer == NULL) return ENOMEM;
  int error = call_read_buffer(call, buffer, (size_t)bytes);
  for (int64_t done = 0; error == 0 && done < bytes;) {
    ssize_t count = pwrite(fd, buffer + done, (size_t)(bytes - done), place + done);
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) done += count;
  }
  free(buffer);
  return error;
}

int effect_tear(const struct call *call, int64_t bytes, struct tear *out) {
  *out = (struct tear){.fd = effect_open_again(call), .bytes = bytes < call->bytes ? bytes : call->bytes, .appended_to_size = -1};
  if (out->fd < 0) return errno;
  int64_t place = place_of(call, out->fd, &out->appended_to_size);
  int error = place < 0 ? errno : copy_prefix(call, out->fd, place, out->bytes);
  if (error != 0) effect_untear(out);
  return error;
}

void effect_untear(struct tear *tear) {
  if (tear->fd >= 0 && tear->appended_to_size >= 0 && ftruncate(tear->fd, tear->appended_to_size) != 0)
    give_up("can't take back a part of an append");
  effect_keep_torn(tear);
}

void effect_keep_torn(struct tear *tear) {
  if (tear->fd >= 0) close(tear->fd);
  tear->fd = -1;
}

static struct rlimit unlimited;

int effect_limit(const struct call *call, int64_t bytes) {
  int64_t appended_to;
  int fd = effect_open_again(call);
  if (fd < 0) return errno;
  int64_t place = place_of(call, fd, &appended_to);
  int error = place < 0 ? errno : 0;
  close(fd);
  if (error != 0) return error;
  pid_t tid = (pid_t)call->notification.pid;
  if (prlimit(tid, RLIMIT_FSIZE, NULL, &unlimited) != 0) return errno;
  struct rlimit limit = {.rlim_cur = (rlim_t)(place + bytes), .rlim_max = unlimited.rlim_max};
  return prlimit(tid, RLIMIT_FSIZE, &limit, NULL) == 0 ? 0 : errno;
}

void effect_lift_limit(const struct call *call) {
  if (prlimit((pid_t)call->notification.pid, RLIMIT_FSIZE, &unlimited, NULL) != 0 && errno != ESRCH)
    give_up("can't lift the limit of a file's size");
}

/* A path of the call with the folder that it is relative to. The path is not the resolved one: with the caller's own
 * the kernel gives the caller's own result (a slash at the end, a name that is too long). */
struct place {
  int folder;
  char path[PATH_BYTES];
};

static int open_place(const struct call *call, uint8_t folder, uint8_t path, struct place *out) {
  char raw[PATH_MAX];
  int error = call_raw_path(call, path, raw, sizeof raw);
  if (error != 0) return error;
  path_for_us((pid_t)call->notification.pid, raw, out->path, sizeof out->path);
  out->folder = path_open_base((pid_t)call->notification.pid, call_folder(call, folder), out->path);
  return out->folder == -1 ? errno : 0;
}

static void close_place(const struct place *place) {
  if (place->folder >= 0) close(place->folder);
}

static int make_folder(const struct call *call, const struct place *place) {
  /* mkdir(path, mode), mkdirat(folder, path, mode) */
  mode_t mode = (mode_t)call_argument(call, call->rule->path + 1), before = umask(tracee_umask((pid_t)call->notification.pid));
  int result = mkdirat(place->folder, place->path, mode);
  int error = errno;
  umask(before);
  errno = error;
  return result;
}

static int unlink_flags(const struct call *call) {
#ifdef __NR_rmdir
  if (call->rule->nr == __NR_rmdir) return AT_REMOVEDIR;
#endif
  return call->has_flags ? (int)call->flags : 0;
}

static int perform(const struct call *call, const struct place *from, const struct place *to) {
  int flags = call->has_flags ? (int)call->flags : 0;
  switch (call->op) {
    case OP_RENAME:
      return (int)syscall(__NR_renameat2, from->folder, from->path, to->folder, to->path, (unsigned)flags);
    case OP_LINK: return linkat(from->folder, from->path, to->folder, to->path, flags);
    case OP_UNLINK: return unlinkat(from->folder, from->path, unlink_flags(call));
    case OP_MKDIR: return make_folder(call, from);
    default: errno = ENOSYS; return -1;
  }
}

int effect_perform(const struct call *call) {
  static struct place from, to;
  from.folder = to.folder = AT_FDCWD;
  int error = open_place(call, call->rule->folder, call->rule->path, &from);
  if (error == 0 && call->has_to) error = open_place(call, call->rule->folder2, call->rule->path2, &to);
  if (error == 0 && perform(call, &from, &to) != 0) error = errno;
  close_place(&from);
  close_place(&to);
  return -error;
}
