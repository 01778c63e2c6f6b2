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

/* A file as it was when it was synced last. Of one that has only grown since, how long it was is enough: it is read when something else is done to it. */
struct kept {
  dev_t device;
  ino_t inode;
  bool is_read;
  char *content; /* NULL: not read, too large, or it could not be read */
  int64_t size;
};

static struct kept kept[KEPT_MAX];
static size_t used;
static bool is_tracked;

void unsynced_track(void) { is_tracked = true; }
bool unsynced_is_tracked(void) { return is_tracked; }

static void name_of(const struct call *call, char *name, size_t size) {
  if (call->fd != NOT_GIVEN) snprintf(name, size, "/proc/%u/fd/%d", call->notification.pid, call->fd);
  else snprintf(name, size, "%s", call->path.path);
}

static int look_at(const struct call *call, struct stat *file) {
  char name[PATH_BYTES];
  name_of(call, name, sizeof name);
  return stat(name, file) == 0 ? 0 : errno;
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

static void read_content(const struct call *call, struct kept *entry) {
  char name[PATH_BYTES];
  entry->is_read = true;
  if (entry->size == 0 || entry->size > SIZE_MAX_BYTES) return;
  name_of(call, name, sizeof name);
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  entry->content = malloc((size_t)entry->size);
  if (entry->content != NULL && !read_whole(fd, entry->content, entry->size)) {
    free(entry->content);
    entry->content = NULL;
  }
  close(fd);
}

static struct kept *kept_of(const struct stat *file) {
  struct kept *entry = find(file);
  if (entry != NULL) return entry;
  if (used == KEPT_MAX) forget(&kept[0]);
  entry = &kept[used++];
  *entry = (struct kept){.device = file->st_dev, .inode = file->st_ino, .size = file->st_size};
  return entry;
}

static bool only_adds(const struct call *call, int64_t size) {
  if (call->op != OP_WRITE) return false;
  return call->append || (call->offset >= 0 ? call->offset : call->position) >= size;
}

static void keep(const struct call *call) {
  struct stat file;
  if (look_at(call, &file) != 0 || !S_ISREG(file.st_mode)) return;
  struct kept *entry = kept_of(&file);
  if (!entry->is_read && !only_adds(call, entry->size)) read_content(call, entry);
}

void unsynced_before(const struct call *call) {
  struct stat file;
  switch (call->op) {
    case OP_WRITE:
    case OP_TRUNCATE:
    case OP_ALLOCATE:
    case OP_COPY:
      if (!call->synchronous) keep(call);
      return;
    case OP_SYNC: {
      struct kept *entry = used > 0 && look_at(call, &file) == 0 ? find(&file) : NULL;
      if (entry != NULL) forget(entry);
      return;
    }
    default: return;
  }
}

static int put_back(int fd, const struct kept *entry) {
  for (int64_t done = 0; entry->is_read && done < entry->size;) {
    ssize_t count = pwrite(fd, entry->content + done, (size_t)(entry->size - done), done);
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) done += count;
  }
  return ftruncate(fd, entry->size) == 0 ? 0 : errno;
}

int unsynced_lose(const struct call *call, int64_t *bytes) {
  struct stat file;
  *bytes = 0;
  int error = look_at(call, &file);
  if (error != 0) return error;
  struct kept *entry = find(&file);
  if (entry == NULL) return 0;
  if (entry->is_read && entry->size > 0 && entry->content == NULL) return EFBIG;
  int writable = effect_open_again(call);
  if (writable < 0) return errno;
  /* Of a file that only grew, what was added; of one that was written over, all of it may be. */
  *bytes = file.st_size > entry->size ? file.st_size - entry->size : file.st_size;
  error = put_back(writable, entry);
  close(writable);
  if (error == 0) forget(entry);
  return error;
}
