#include "unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "effect.h"
#include "event.h"

enum {
  KEPT_MAX = 256,
  SIZE_MAX_BYTES = 16 * 1024 * 1024, /* it is charged to the container as the gateway's memory is */
};

struct kept {
  dev_t device;
  ino_t inode;
  char *content; /* NULL: too large, or it could not be read */
  int64_t size;
};

static struct kept kept[KEPT_MAX];
static size_t used;
static bool is_tracked;

void unsynced_track(void) { is_tracked = true; }
bool unsynced_is_tracked(void) { return is_tracked; }

static int open_file(const struct call *call, int flags) {
  char name[PATH_BYTES];
  if (call->fd != NOT_GIVEN) snprintf(name, sizeof name, "/proc/%u/fd/%d", call->notification.pid, call->fd);
  else snprintf(name, sizeof name, "%s", call->path.path);
  return open(name, flags | O_CLOEXEC);
}

static struct kept *find(const struct stat *file) {
  for (size_t i = 0; i < used; i++)
    if (kept[i].device == file->st_dev && kept[i].inode == file->st_ino) return &kept[i];
  return NULL;
}

static void forget(struct kept *entry) {
  free(entry->content);
  *entry = kept[--used];
}

static bool read_whole(int fd, char *content, int64_t size) {
  for (int64_t done = 0; done < size;) {
    ssize_t count = pread(fd, content + done, (size_t)(size - done), done);
    if (count == 0 || (count < 0 && errno != EINTR)) return false;
    if (count > 0) done += count;
  }
  return true;
}

static void keep(const struct call *call) {
  struct stat file;
  int fd = open_file(call, O_RDONLY);
  if (fd < 0) return;
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && find(&file) == NULL) {
    if (used == KEPT_MAX) forget(&kept[0]);
    struct kept *entry = &kept[used++];
    *entry = (struct kept){.device = file.st_dev, .inode = file.st_ino, .size = file.st_size};
    if (file.st_size <= SIZE_MAX_BYTES) entry->content = malloc((size_t)file.st_size + 1);
    if (entry->content != NULL && !read_whole(fd, entry->content, file.st_size)) {
      free(entry->content);
      entry->content = NULL;
    }
  }
  close(fd);
}

/* A write to a file that was opened with O_SYNC or O_DSYNC is synced when it is over. */
static bool is_synchronous(const struct call *call) {
  struct descriptor descriptor;
  return call->fd != NOT_GIVEN && tracee_descriptor((pid_t)call->notification.pid, call->fd, &descriptor) == 0 &&
         (descriptor.flags & O_DSYNC) != 0;
}

void unsynced_before(const struct call *call) {
  struct stat file;
  switch (call->op) {
    case OP_WRITE:
    case OP_TRUNCATE:
    case OP_ALLOCATE:
    case OP_COPY:
      if (!is_synchronous(call)) keep(call);
      return;
    case OP_SYNC: {
      int fd = open_file(call, O_RDONLY);
      if (fd < 0) return;
      struct kept *entry = fstat(fd, &file) == 0 ? find(&file) : NULL;
      if (entry != NULL) forget(entry);
      close(fd);
      return;
    }
    default: return;
  }
}

static int put_back(int fd, const struct kept *entry) {
  for (int64_t done = 0; done < entry->size;) {
    ssize_t count = pwrite(fd, entry->content + done, (size_t)(entry->size - done), done);
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) done += count;
  }
  return ftruncate(fd, entry->size) == 0 ? 0 : errno;
}

int unsynced_lose(const struct call *call, int64_t *bytes) {
  struct stat file;
  *bytes = 0;
  int fd = open_file(call, O_RDONLY);
  if (fd < 0) return errno;
  struct kept *entry = fstat(fd, &file) == 0 ? find(&file) : NULL;
  close(fd);
  if (entry == NULL) return 0;
  if (entry->content == NULL) return EFBIG;
  int writable = effect_open_again(call);
  if (writable < 0) return errno;
  /* Of a file that only grew, what was added; of one that was written over, all of it may be. */
  *bytes = file.st_size > entry->size ? file.st_size - entry->size : file.st_size;
  int error = put_back(writable, entry);
  close(writable);
  if (error == 0) forget(entry);
  return error;
}
