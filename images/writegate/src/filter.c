#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "options.h"
#include "syscalls.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u /* __X32_SYSCALL_BIT: the other numbering under the same AUDIT_ARCH, seccomp(2) */
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "writegate knows x86_64 and aarch64"
#endif

#define TMPFILE_BIT 020000000u /* O_TMPFILE without the O_DIRECTORY that is part of it */

static struct sock_filter program[512];
static unsigned short used;

static void put(uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t k) {
  program[used++] = (struct sock_filter){code, if_true, if_false, k};
}

static void put_return(uint32_t action) { put(BPF_RET | BPF_K, 0, 0, action); }

static void put_load(size_t offset) { put(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset); }

/* The lower half of an argument: both architectures are little-endian, and what is asked for here fits in it. */
static void put_load_argument(uint8_t place) { put_load(offsetof(struct seccomp_data, args) + 8u * (place - 1)); }

/* Each leaves the filter (RET) if its test says "let it run", and else falls through. */
static void put_allow_unless_any(uint32_t bits) {
  put(BPF_JMP | BPF_JSET | BPF_K, 1, 0, bits);
  put_return(SECCOMP_RET_ALLOW);
}

static void put_allow_if_any(uint32_t bits) {
  put(BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
  put_return(SECCOMP_RET_ALLOW);
}

static void put_condition(const struct rule *rule) {
  switch (rule->condition) {
    case ALWAYS:
      return;
    case IF_OPEN_CHANGES:
      if (options.tells_opens) return;
      put_load_argument(rule->flags);
      put_allow_unless_any(O_CREAT | O_TRUNC | TMPFILE_BIT);
      return;
    case IF_SHARED_FILE: /* MAP_SHARED is a bit of MAP_SHARED_VALIDATE too; prot is not asked: mprotect may add it */
      put_load_argument(4);
      put_allow_unless_any(MAP_SHARED);
      put_allow_if_any(MAP_ANONYMOUS);
      return;
    case IF_CLONES:
      put_load_argument(2);
      put(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, FICLONE);
      put(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FICLONERANGE);
      put_return(SECCOMP_RET_ALLOW);
      return;
  }
}

static void put_rule(const struct rule *rule) {
  unsigned short jump = used;
  put(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)rule->nr);
  put_condition(rule);
  put_return(SECCOMP_RET_USER_NOTIF);
  program[jump].jf = (uint8_t)(used - jump - 1);
}

static void put_denied(int nr) {
  put(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)nr);
  put_return(SECCOMP_RET_ERRNO | ENOSYS);
}

/* A process that hides its memory could not be looked at, and each of its calls would have to be refused: it is told that it did. */
static void put_stays_readable(void) {
  unsigned short jump = used;
  put(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, __NR_prctl);
  put_load_argument(1);
  put(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PR_SET_DUMPABLE);
  put_return(SECCOMP_RET_ALLOW);
  put_load_argument(2);
  put(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
  put_return(SECCOMP_RET_ALLOW);
  put_return(SECCOMP_RET_ERRNO); /* errno 0: it returns 0, and the kernel never runs it */
  program[jump].jf = (uint8_t)(used - jump - 1);
}

static void build(void) {
  used = 0;
  /* i386 and x32 programs on x86_64, and arm on aarch64, use other numbers: they get ENOSYS, not a way past. */
  put_load(offsetof(struct seccomp_data, arch));
  put(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE_ARCH);
  put_return(SECCOMP_RET_ERRNO | ENOSYS);
  put_load(offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
  put(BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
  put_return(SECCOMP_RET_ERRNO | ENOSYS);
#endif
  for (size_t i = 0; i < rule_count; i++) put_rule(&rules[i]);
  /* Both write to files without a syscall of their own (io_uring; Linux AIO's IOCB_CMD_PWRITE): there is none here. */
  put_denied(__NR_io_uring_setup);
  put_denied(__NR_io_setup);
  put_stays_readable();
  put_return(SECCOMP_RET_ALLOW);
}

int filter_install(void) {
  build();
  struct sock_fprog filter = {used, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  /* No WAIT_KILLABLE_RECV: a call that waits killably can't be frozen, and docker pause would hang. */
  return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}
