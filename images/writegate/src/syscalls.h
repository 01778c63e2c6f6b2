/* The table of the syscalls that change a file system: which the kernel reports, and where their arguments are. */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "writegate.h"

enum op {
  OP_CREATE, OP_TRUNCATE, OP_WRITE, OP_RENAME, OP_LINK, OP_SYMLINK, OP_UNLINK, OP_MKDIR, OP_MKNOD, OP_SYNC,
  OP_ALLOCATE, OP_COPY, OP_CHMOD, OP_CHOWN, OP_UTIME, OP_XATTR, OP_MAP,
  OP_COUNT
};

/* How the arguments that are not paths or descriptors are read. */
enum shape {
  SHAPE_PLAIN,     /* a path, two paths or a descriptor, and nothing more */
  SHAPE_OPEN,      /* open, openat: the flags are in an argument */
  SHAPE_OPEN_HOW,  /* openat2: the flags are in memory, so BPF can't look at them */
  SHAPE_CREAT,     /* creat: the flags are implied */
  SHAPE_BUFFER,    /* write, pwrite64: address and length */
  SHAPE_VECTOR,    /* writev, pwritev, pwritev2: iovecs */
  SHAPE_LENGTH,    /* a length in an argument */
  SHAPE_MAP,       /* mmap */
  SHAPE_MAP_SYNC,  /* msync: an address and no descriptor */
};

/* What BPF asks beyond the number, so that the many calls that change nothing cost nothing. */
enum condition {
  ALWAYS,
  IF_OPEN_CHANGES, /* O_CREAT, O_TRUNC or O_TMPFILE; every one with --opens */
  IF_SHARED_FILE,  /* MAP_SHARED and not MAP_ANONYMOUS */
  IF_CLONES,       /* ioctl: FICLONE, FICLONERANGE */
};

/* Does a symbolic link as the path's last part stand for what it points to? */
enum follow { NEVER, FOLLOWS, UNLESS_NOFOLLOW_FLAG, IF_FOLLOW_FLAG };

enum { NO_ARG = 0 };

struct rule {
  int nr;
  const char *name;
  enum op op;
  enum shape shape;
  enum condition condition;
  enum follow follow;
  /* Places of arguments, counted from 1; NO_ARG: it has none. A path without a folder is relative to the cwd. */
  uint8_t folder, path, folder2, path2, fd, flags, address, length, offset;
};

extern const struct rule rules[];
extern const size_t rule_count;

const struct rule *rule_of(int nr);
const char *op_name(enum op op);
/* The op of that name; OP_COUNT if there is none. */
enum op op_named(const char *name);

#endif
