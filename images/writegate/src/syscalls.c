#include "syscalls.h"

#include <string.h>
#include <sys/syscall.h>

/* Numbers that Debian 12's headers do not have yet; from Linux's scripts/syscall.tbl, the same on every architecture. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#endif
#ifndef __NR_removexattrat
#define __NR_removexattrat 466
#endif

#define RULE(call, kind, ...) {.nr = __NR_##call, .name = #call, .op = kind, __VA_ARGS__}

/* arm64 has only the newer form of many calls (include/uapi/asm-generic/unistd.h): hence the #ifdefs. */
const struct rule rules[] = {
    /* The most frequent first: BPF compares one after the other. Writes of 8 bytes are not left out, although libuv makes
     * them to eventfds: BPF can't tell those from files, and they cost an OpenClaw boot less than can be measured. */
    RULE(write, OP_WRITE, .shape = SHAPE_BUFFER, .fd = 1, .address = 2, .length = 3),
    RULE(openat, OP_CREATE, .shape = SHAPE_OPEN, .condition = IF_OPEN_CHANGES, .folder = 1, .path = 2, .flags = 3),
    RULE(mmap, OP_MAP, .shape = SHAPE_MAP, .condition = IF_SHARED_FILE, .length = 2, .flags = 3, .fd = 5, .offset = 6),
    RULE(writev, OP_WRITE, .shape = SHAPE_VECTOR, .fd = 1, .address = 2, .length = 3),
    RULE(pwrite64, OP_WRITE, .shape = SHAPE_BUFFER, .fd = 1, .address = 2, .length = 3, .offset = 4),
    RULE(pwritev, OP_WRITE, .shape = SHAPE_VECTOR, .fd = 1, .address = 2, .length = 3, .offset = 4),
    RULE(pwritev2, OP_WRITE, .shape = SHAPE_VECTOR, .fd = 1, .address = 2, .length = 3, .offset = 4, .flags = 6),
    RULE(openat2, OP_CREATE, .shape = SHAPE_OPEN_HOW, .folder = 1, .path = 2, .address = 3),
#ifdef __NR_open
    RULE(open, OP_CREATE, .shape = SHAPE_OPEN, .condition = IF_OPEN_CHANGES, .path = 1, .flags = 2),
#endif
#ifdef __NR_creat
    RULE(creat, OP_CREATE, .shape = SHAPE_CREAT, .path = 1),
#endif

#ifdef __NR_rename
    RULE(rename, OP_RENAME, .path = 1, .path2 = 2),
#endif
#ifdef __NR_renameat
    RULE(renameat, OP_RENAME, .folder = 1, .path = 2, .folder2 = 3, .path2 = 4),
#endif
    RULE(renameat2, OP_RENAME, .folder = 1, .path = 2, .folder2 = 3, .path2 = 4, .flags = 5),
#ifdef __NR_link
    RULE(link, OP_LINK, .path = 1, .path2 = 2),
#endif
    RULE(linkat, OP_LINK, .folder = 1, .path = 2, .folder2 = 3, .path2 = 4, .flags = 5, .follow = IF_FOLLOW_FLAG),
#ifdef __NR_symlink
    RULE(symlink, OP_SYMLINK, .path = 2),
#endif
    RULE(symlinkat, OP_SYMLINK, .folder = 2, .path = 3),
#ifdef __NR_unlink
    RULE(unlink, OP_UNLINK, .path = 1),
#endif
#ifdef __NR_rmdir
    RULE(rmdir, OP_UNLINK, .path = 1),
#endif
    RULE(unlinkat, OP_UNLINK, .folder = 1, .path = 2, .flags = 3),
#ifdef __NR_mkdir
    RULE(mkdir, OP_MKDIR, .path = 1),
#endif
    RULE(mkdirat, OP_MKDIR, .folder = 1, .path = 2),
#ifdef __NR_mknod
    RULE(mknod, OP_MKNOD, .path = 1),
#endif
    RULE(mknodat, OP_MKNOD, .folder = 1, .path = 2),

    RULE(truncate, OP_TRUNCATE, .shape = SHAPE_LENGTH, .path = 1, .length = 2, .follow = FOLLOWS),
    RULE(ftruncate, OP_TRUNCATE, .shape = SHAPE_LENGTH, .fd = 1, .length = 2),
    RULE(fallocate, OP_ALLOCATE, .shape = SHAPE_LENGTH, .fd = 1, .flags = 2, .offset = 3, .length = 4),

    RULE(fsync, OP_SYNC, .fd = 1),
    RULE(fdatasync, OP_SYNC, .fd = 1),
    RULE(syncfs, OP_SYNC, .fd = 1),
    RULE(sync_file_range, OP_SYNC, .shape = SHAPE_LENGTH, .fd = 1, .offset = 2, .length = 3, .flags = 4),
    RULE(msync, OP_SYNC, .shape = SHAPE_MAP_SYNC, .address = 1, .length = 2, .flags = 3),

    RULE(copy_file_range, OP_COPY, .shape = SHAPE_LENGTH, .fd = 3, .length = 5),
    RULE(sendfile, OP_COPY, .shape = SHAPE_LENGTH, .fd = 1, .length = 4),
    RULE(splice, OP_COPY, .shape = SHAPE_LENGTH, .fd = 3, .length = 5),
    RULE(ioctl, OP_COPY, .condition = IF_CLONES, .fd = 1),

#ifdef __NR_chmod
    RULE(chmod, OP_CHMOD, .path = 1, .follow = FOLLOWS),
#endif
    RULE(fchmod, OP_CHMOD, .fd = 1),
    RULE(fchmodat, OP_CHMOD, .folder = 1, .path = 2, .follow = FOLLOWS),
    RULE(fchmodat2, OP_CHMOD, .folder = 1, .path = 2, .flags = 4, .follow = UNLESS_NOFOLLOW_FLAG),
#ifdef __NR_chown
    RULE(chown, OP_CHOWN, .path = 1, .follow = FOLLOWS),
#endif
#ifdef __NR_lchown
    RULE(lchown, OP_CHOWN, .path = 1),
#endif
    RULE(fchown, OP_CHOWN, .fd = 1),
    RULE(fchownat, OP_CHOWN, .folder = 1, .path = 2, .flags = 5, .follow = UNLESS_NOFOLLOW_FLAG),

#ifdef __NR_utime
    RULE(utime, OP_UTIME, .path = 1, .follow = FOLLOWS),
#endif
#ifdef __NR_utimes
    RULE(utimes, OP_UTIME, .path = 1, .follow = FOLLOWS),
#endif
#ifdef __NR_futimesat
    RULE(futimesat, OP_UTIME, .folder = 1, .path = 2, .follow = FOLLOWS),
#endif
    RULE(utimensat, OP_UTIME, .folder = 1, .path = 2, .flags = 4, .follow = UNLESS_NOFOLLOW_FLAG),

    RULE(setxattr, OP_XATTR, .path = 1, .follow = FOLLOWS),
    RULE(lsetxattr, OP_XATTR, .path = 1),
    RULE(fsetxattr, OP_XATTR, .fd = 1),
    RULE(removexattr, OP_XATTR, .path = 1, .follow = FOLLOWS),
    RULE(lremovexattr, OP_XATTR, .path = 1),
    RULE(fremovexattr, OP_XATTR, .fd = 1),
    RULE(setxattrat, OP_XATTR, .folder = 1, .path = 2, .flags = 3, .follow = UNLESS_NOFOLLOW_FLAG),
    RULE(removexattrat, OP_XATTR, .folder = 1, .path = 2, .flags = 3, .follow = UNLESS_NOFOLLOW_FLAG),
};

const size_t rule_count = sizeof rules / sizeof rules[0];

static const char *const op_names[OP_COUNT] = {
    [OP_CREATE] = "create",     [OP_TRUNCATE] = "truncate", [OP_WRITE] = "write", [OP_RENAME] = "rename",
    [OP_LINK] = "link",         [OP_SYMLINK] = "symlink",   [OP_UNLINK] = "unlink", [OP_MKDIR] = "mkdir",
    [OP_MKNOD] = "mknod",       [OP_SYNC] = "sync",         [OP_ALLOCATE] = "allocate", [OP_COPY] = "copy",
    [OP_CHMOD] = "chmod",       [OP_CHOWN] = "chown",       [OP_UTIME] = "utime", [OP_XATTR] = "xattr",
    [OP_MAP] = "map",
};

const struct rule *rule_of(int nr) {
  for (size_t i = 0; i < rule_count; i++)
    if (rules[i].nr == nr) return &rules[i];
  return NULL;
}

const char *op_name(enum op op) { return op == OP_COUNT ? "any" : op_names[op]; }

enum op op_named(const char *name) {
  enum op op = 0;
  while (op < OP_COUNT && strcmp(op_names[op], name) != 0) op++;
  return op;
}
