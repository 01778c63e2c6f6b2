/*
 * A call is let go with SECCOMP_USER_NOTIF_FLAG_CONTINUE, and nobody tells its result. So what it did is read from the disk: the gate lets no other change
 * go on until this one is over, and then the bytes, the names and the attributes are what the kernel made of it.
 */
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event.h"
#include "giveup.h"
#include "options.h"
#include "tracee.h"

enum {
  CHUNK_BYTES = 48 * 1024, /* of data in one event: 64 KiB of base64 */
  MAPPED_FILES_MAX = 64,
  MAPPED_BYTES_MAX = 4 * 1024 * 1024,
  PAGE_BYTES = 4096,
  NOT_KNOWN = -1,
  STARTS_BYTES = 12, /* "HTTP/1.1 200" */
};

/* A name, as it is on disk. */
struct named {
  bool is_given, exists;
  char path[PATH_BYTES];
  struct stat found;
};

static struct {
  bool is_on;
  int64_t calls;
} recording;

/* The call that was let go. */
static struct {
  enum op op;
  pid_t tid;
  struct seccomp_data data;
  struct named path, to;
  int file;              /* opened again by writegate, so that a close changes nothing; -1: none */
  struct stat before;    /* of `file` */
  bool is_counted;       /* `writes` and `bytes` are what the thread had written before */
  int64_t writes, bytes;
  int64_t place, asked;  /* of a write */
  bool is_synchronous;
  bool can_change;       /* false: it will fail, or changes nothing */
  bool has_returned;
  uint64_t user_ticks;
} pending = {.file = -1};

/* Files with a shared mapping that can be written through: looked at before each call. */
static struct {
  int fd;
  ino_t ino;
  char *copy;
  int64_t size;
} mapped[MAPPED_FILES_MAX];
static size_t mapped_count;

bool record_is_on(void) { return recording.is_on; }

/* ---- what is written down ---- */

static void unrecorded(const char *path, const char *why, int error) {
  event_begin("unrecorded");
  event_string("path", path);
  event_string("why", why);
  event_number("errno", error);
  event_end();
}

static const char *type_name(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  return S_ISLNK(mode) ? "symlink" : "other";
}

static void emit_inode(const struct stat *found, const char *link) {
  char target[PATH_BYTES];
  event_begin("inode");
  event_number("ino", (int64_t)found->st_ino);
  event_string("type", type_name(found->st_mode));
  event_number("mode", found->st_mode & 07777);
  event_number("uid", found->st_uid);
  event_number("gid", found->st_gid);
  event_number("nlink", (int64_t)found->st_nlink);
  event_number("size", S_ISREG(found->st_mode) ? found->st_size : 0);
  event_number("mtimeMs", (int64_t)found->st_mtim.tv_sec * 1000 + found->st_mtim.tv_nsec / 1000000);
  if (S_ISLNK(found->st_mode) && link != NULL) {
    ssize_t count = readlink(link, target, sizeof target - 1);
    target[count < 0 ? 0 : count] = 0;
    event_string("target", target);
  }
  event_end();
}

static void emit_name(const char *path, const struct stat *found) {
  event_begin("name");
  event_string("path", path);
  if (found == NULL) event_null("ino");
  else event_number("ino", (int64_t)found->st_ino);
  event_end();
}

static void emit_data(ino_t ino, int64_t offset, const char *bytes, size_t count) {
  event_begin("data");
  event_number("ino", (int64_t)ino);
  event_number("offset", offset);
  event_number("bytes", (int64_t)count);
  event_base64("base64", bytes, count);
  event_end();
}

/* The bytes of a file from `offset`, at most `count`, as they are now. */
static void emit_range(int fd, ino_t ino, const char *path, int64_t offset, int64_t count) {
  static char chunk[CHUNK_BYTES];
  while (count > 0) {
    ssize_t got = pread(fd, chunk, count < CHUNK_BYTES ? (size_t)count : CHUNK_BYTES, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) unrecorded(path, "its bytes can't be read", errno);
    if (got <= 0) return;
    emit_data(ino, offset, chunk, (size_t)got);
    offset += got;
    count -= got;
  }
}

/* ---- the folder as it is at the beginning ---- */

static void walk(const char *path);

static void walk_folder(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) {
    unrecorded(path, "the folder can't be listed", errno);
    return;
  }
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char *inside = malloc(strlen(path) + strlen(entry->d_name) + 2);
    if (inside == NULL) give_up("out of memory");
    sprintf(inside, "%s/%s", strcmp(path, "/") == 0 ? "" : path, entry->d_name);
    walk(inside);
    free(inside);
  }
  closedir(folder);
}

static void walk(const char *path) {
  struct stat found;
  if (lstat(path, &found) != 0) {
    unrecorded(path, "it can't be looked at", errno);
    return;
  }
  emit_name(path, &found);
  emit_inode(&found, path);
  if (S_ISREG(found.st_mode) && found.st_size > 0) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) unrecorded(path, "it can't be opened", errno);
    else emit_range(fd, found.st_ino, path, 0, found.st_size);
    if (fd >= 0) close(fd);
  }
  if (S_ISDIR(found.st_mode)) walk_folder(path);
}

/* ---- shared mappings ---- */

static void emit_done(const char *op, bool is_over, int64_t bytes);

static void forget_mapped(void) {
  for (size_t i = 0; i < mapped_count; i++) {
    close(mapped[i].fd);
    free(mapped[i].copy);
  }
  mapped_count = 0;
}

/* What a process has written through a mapping is no call: it counts as done just before the next one. */
static void look_at_mapped(void) {
  static char bytes[MAPPED_BYTES_MAX];
  for (size_t i = 0; i < mapped_count; i++) {
    struct stat found;
    if (fstat(mapped[i].fd, &found) != 0 || found.st_size > MAPPED_BYTES_MAX) continue;
    ssize_t count = pread(mapped[i].fd, bytes, (size_t)found.st_size, 0);
    if (count < 0 || (count == mapped[i].size && memcmp(bytes, mapped[i].copy, (size_t)count) == 0)) continue;
    emit_inode(&found, NULL);
    for (ssize_t at = 0; at < count; at += PAGE_BYTES) {
      size_t length = count - at < PAGE_BYTES ? (size_t)(count - at) : PAGE_BYTES;
      if (at + (ssize_t)length > mapped[i].size || memcmp(bytes + at, mapped[i].copy + at, length) != 0)
        emit_data(mapped[i].ino, at, bytes + at, length);
    }
    memcpy(mapped[i].copy, bytes, (size_t)count);
    mapped[i].size = count;
    emit_done("mapped", true, NOT_KNOWN);
  }
}

static void add_mapped(int fd, const struct stat *found, const char *path) {
  for (size_t i = 0; i < mapped_count; i++)
    if (mapped[i].ino == found->st_ino) return;
  if (mapped_count == MAPPED_FILES_MAX || found->st_size > MAPPED_BYTES_MAX) {
    unrecorded(path, "what is written through its shared mapping can't be followed", EFBIG);
    return;
  }
  char *copy = malloc(MAPPED_BYTES_MAX);
  int kept = copy == NULL ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (kept < 0) give_up("out of memory");
  ssize_t count = pread(kept, copy, MAPPED_BYTES_MAX, 0);
  mapped[mapped_count].fd = kept;
  mapped[mapped_count].ino = found->st_ino;
  mapped[mapped_count].copy = copy;
  mapped[mapped_count++].size = count < 0 ? 0 : count;
}

/* ---- before a call ---- */

static void look_at_name(const char *path, struct named *out) {
  out->is_given = true;
  snprintf(out->path, sizeof out->path, "%s", path);
  out->exists = lstat(path, &out->found) == 0;
}

static bool is_about_names(enum op op) {
  switch (op) {
    case OP_CREATE: case OP_RENAME: case OP_LINK: case OP_SYMLINK: case OP_UNLINK: case OP_MKDIR: case OP_MKNOD: return true;
    default: return false;
  }
}

static int open_file(const struct call *call) {
  char name[64];
  if (call->fd != NOT_GIVEN) snprintf(name, sizeof name, "/proc/%u/fd/%d", call->notification.pid, call->fd);
  const char *path = call->fd != NOT_GIVEN ? name : call->path.path;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return fd >= 0 ? fd : open(path, O_PATH | O_CLOEXEC);
}

static void look_at_write(const struct call *call) {
  struct descriptor descriptor;
  pending.asked = call->bytes;
  if (tracee_descriptor((pid_t)call->notification.pid, call->fd, &descriptor) != 0) return;
  pending.is_synchronous = (descriptor.flags & (O_SYNC | O_DSYNC)) != 0;
  pending.place = call->append ? pending.before.st_size : call->offset >= 0 ? call->offset : descriptor.position;
  pending.is_counted = tracee_writes(pending.tid, &pending.writes, &pending.bytes);
}

/* A call that finds nothing to do, or something in its way, is over at once: nothing else changes meanwhile. */
static bool will_change(const struct call *call) {
  const struct named *path = &pending.path, *to = &pending.to;
  switch (call->op) {
    case OP_CREATE: return (call->flags & O_TMPFILE) != O_TMPFILE && !path->exists;
    case OP_SYMLINK: case OP_MKDIR: case OP_MKNOD: return !path->exists;
    case OP_UNLINK: return path->exists;
    case OP_RENAME: return path->exists && !(to->exists && to->found.st_ino == path->found.st_ino);
    case OP_LINK: return !to->exists;
    case OP_MAP: return false;
    case OP_TRUNCATE: return pending.file < 0 || pending.before.st_size != (call->has_bytes ? call->bytes : 0);
    default: return true;
  }
}

void record_drop(void) {
  if (pending.file >= 0) close(pending.file);
  pending.file = -1;
}

void record_before(const struct call *call) {
  record_drop();
  look_at_mapped();
  pending.op = call->op;
  pending.tid = (pid_t)call->notification.pid;
  pending.data = call->notification.data;
  pending.place = pending.asked = NOT_KNOWN;
  pending.is_synchronous = pending.has_returned = pending.is_counted = false;
  pending.user_ticks = 0;
  pending.path.is_given = pending.to.is_given = false;
  look_at_name(call->path.path, &pending.path);
  if (call->has_to) look_at_name(call->to.path, &pending.to);
  if (!is_about_names(call->op)) {
    pending.file = open_file(call);
    if (pending.file >= 0) fstat(pending.file, &pending.before);
    if (call->op == OP_WRITE) look_at_write(call);
    if (call->op == OP_MAP && pending.file >= 0) add_mapped(pending.file, &pending.before, call->path.path);
  }
  pending.can_change = will_change(call);
}

bool record_expects_change(void) { return pending.can_change; }

/* ---- until it is over ---- */

bool record_is_of(pid_t tid) { return tid == pending.tid; }

void record_returned(void) { pending.has_returned = true; }

static bool is_changed(const struct named *before) {
  struct stat now;
  bool exists = before->is_given && lstat(before->path, &now) == 0;
  return before->is_given && (exists != before->exists || (exists && now.st_ino != before->found.st_ino));
}

/* `status` is set anew by each successful change of an attribute: inode(7). */
static bool has_new_attributes(void) {
  struct stat now;
  return pending.file >= 0 && fstat(pending.file, &now) == 0 &&
         (now.st_size != pending.before.st_size || now.st_ctim.tv_sec != pending.before.st_ctim.tv_sec ||
          now.st_ctim.tv_nsec != pending.before.st_ctim.tv_nsec);
}

/* A call of these that succeeds shows. */
static bool can_show(void) {
  switch (pending.op) {
    case OP_WRITE: return pending.is_counted;
    case OP_SYNC: case OP_COPY: case OP_ALLOCATE: case OP_MAP: return false;
    default: return true;
  }
}

static bool shows(void) {
  int64_t writes, bytes;
  switch (pending.op) {
    case OP_WRITE: return tracee_writes(pending.tid, &writes, &bytes) && writes > pending.writes;
    case OP_TRUNCATE: case OP_CHMOD: case OP_CHOWN: case OP_UTIME: case OP_XATTR: return has_new_attributes();
    default: return is_changed(&pending.path) || is_changed(&pending.to);
  }
}

/* Where nothing shows: the thread is out of the call if it is somewhere else, or has used time of its own since. Of a thread that runs that is a guess: it is
 * not made where success would show. */
static bool has_left(void) {
  switch (tracee_whereabouts(pending.tid, &pending.data)) {
    case STILL_IN_CALL: return false;
    case ELSEWHERE_NOW: case GONE: return true;
    case CANNOT_TELL: return false;
    case RUNNING: break;
  }
  return !can_show() && tracee_has_run(pending.tid, &pending.user_ticks);
}

bool record_is_over(void) { return !pending.can_change || pending.has_returned || (can_show() && shows()) || has_left(); }

/* ---- what it did ---- */

static void emit_named(const struct named *before) {
  struct stat now;
  if (!before->is_given) return;
  if (lstat(before->path, &now) != 0) {
    emit_name(before->path, NULL);
    return;
  }
  emit_name(before->path, &now);
  emit_inode(&now, before->path);
}

/* How many bytes were written: as the kernel counted them; else what is there of what was asked for. */
static int64_t written(const struct stat *now) {
  int64_t writes, bytes;
  if (pending.is_counted && tracee_writes(pending.tid, &writes, &bytes)) return writes > pending.writes ? bytes - pending.bytes : 0;
  int64_t there = now->st_size - pending.place;
  return there < 0 ? 0 : there < pending.asked ? there : pending.asked;
}

/* -1: not known. */
static int64_t emit_file(void) {
  struct stat now;
  int64_t count = NOT_KNOWN;
  if (pending.file < 0 || fstat(pending.file, &now) != 0) {
    unrecorded(pending.path.path, "the file can't be opened again", errno);
    return count;
  }
  emit_inode(&now, pending.path.path);
  if (pending.op == OP_WRITE && pending.place >= 0) {
    count = written(&now);
    emit_range(pending.file, now.st_ino, pending.path.path, pending.place, count);
  } else if (pending.op == OP_WRITE || pending.op == OP_COPY || pending.op == OP_ALLOCATE) {
    emit_range(pending.file, now.st_ino, pending.path.path, 0, now.st_size);
  }
  return count;
}

static void emit_done(const char *op, bool is_over, int64_t bytes) {
  event_begin("done");
  event_string("op", op);
  if (bytes >= 0) {
    event_number("bytes", bytes);
    event_known("offset", pending.place);
    event_bool("synchronous", pending.is_synchronous);
  }
  event_bool("over", is_over);
  event_end();
}

void record_after(bool is_over) {
  int64_t bytes = NOT_KNOWN;
  if (is_about_names(pending.op)) {
    emit_named(&pending.path);
    emit_named(&pending.to);
  } else {
    bytes = emit_file();
  }
  emit_done(op_name(pending.op), is_over, bytes);
  recording.calls++;
  record_drop();
}

void record_performed(const struct call *call) {
  record_before(call);
  record_after(true);
}

void record_sent(const struct call *call) {
  char starts[STARTS_BYTES + 1] = {0};
  if (!recording.is_on || call->rule->op != OP_WRITE || strncmp(call->path.path, "socket:", strlen("socket:")) != 0) return;
  uint64_t length = call_argument(call, call->rule->length);
  size_t count = call->rule->shape == SHAPE_BUFFER && length < STARTS_BYTES ? (size_t)length : STARTS_BYTES;
  if (call_read_buffer(call, starts, count) != 0) starts[0] = 0;
  event_begin("sent");
  event_number("fd", call->fd);
  event_string("starts", starts);
  event_end();
}

bool record_begin(void) {
  if (recording.is_on) return false;
  recording.is_on = true;
  recording.calls = 0;
  event_begin("recording");
  event_end();
  for (size_t i = 0; i < options.state_count; i++) walk(options.state[i]);
  event_begin("base");
  event_end();
  return true;
}

bool record_end(void) {
  if (!recording.is_on) return false;
  look_at_mapped();
  forget_mapped();
  recording.is_on = false;
  event_begin("recorded");
  event_number("calls", recording.calls);
  event_end();
  return true;
}
