#include "errors.h"

#include <errno.h>
#include <string.h>

#define BIT(op) (1u << (op))

enum {
  /* What takes room: a block, an entry of a folder, an inode. fsync(2) too: with delayed allocation the blocks are taken only then. */
  TAKES_ROOM = BIT(OP_CREATE) | BIT(OP_WRITE) | BIT(OP_RENAME) | BIT(OP_LINK) | BIT(OP_SYMLINK) | BIT(OP_MKDIR) |
               BIT(OP_MKNOD) | BIT(OP_SYNC) | BIT(OP_ALLOCATE) | BIT(OP_COPY) | BIT(OP_XATTR),
  OPENS = BIT(OP_CREATE) | BIT(OP_TRUNCATE), /* open(2) with O_CREAT or O_TRUNC */
  ALL_BUT_MAP = (BIT(OP_COUNT) - 1) & ~BIT(OP_MAP),
};

/* The section ERRORS of each call's manual page. EROFS of a write and of a sync: ext4 after it has aborted its journal (ext4_journal_check_start(),
 * ext4_sync_file()), as a file system that was remounted read-only under its programs answers. */
static const struct {
  const char *name;
  int number;
  unsigned ops;
} errors[] = {
    {"EIO", EIO, ALL_BUT_MAP},
    {"ENOSPC", ENOSPC, TAKES_ROOM},
    {"EDQUOT", EDQUOT, TAKES_ROOM},
    {"EMFILE", EMFILE, OPENS},
    {"EROFS", EROFS, ALL_BUT_MAP},
};
static const size_t error_count = sizeof errors / sizeof errors[0];

int error_named(const char *name) {
  for (size_t i = 0; i < error_count; i++)
    if (strcmp(errors[i].name, name) == 0) return errors[i].number;
  return 0;
}

const char *error_name(int number) {
  for (size_t i = 0; i < error_count; i++)
    if (errors[i].number == number) return errors[i].name;
  return "";
}

bool error_fits(int number, enum op op) {
  for (size_t i = 0; i < error_count; i++)
    if (errors[i].number == number) return op < OP_COUNT && (errors[i].ops & BIT(op)) != 0;
  return false;
}

bool error_fits_call(int number, const struct call *call) {
  bool is_open = call->rule->shape == SHAPE_OPEN || call->rule->shape == SHAPE_OPEN_HOW || call->rule->shape == SHAPE_CREAT;
  return error_fits(number, call->op) && (number != EMFILE || is_open);
}
