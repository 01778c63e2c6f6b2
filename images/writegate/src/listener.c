#include "listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "giveup.h"

/* Newer than Debian 12's headers: Linux 6.6. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* The kernel's structures may be larger than the headers'. It refuses a buffer that is not zeroed. */
static struct seccomp_notif_sizes sizes;
static struct seccomp_notif *request;
static struct seccomp_notif_resp *response;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

bool listener_prepare(void) {
  if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return false;
  request = malloc(larger(sizes.seccomp_notif, sizeof *request));
  response = malloc(larger(sizes.seccomp_notif_resp, sizeof *response));
  return request != NULL && response != NULL;
}

bool listener_wake_in_step(int listener) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
}

bool listener_receive(int listener, struct seccomp_notif *out) {
  memset(request, 0, larger(sizes.seccomp_notif, sizeof *request));
  while (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request) != 0) {
    if (errno == ENOENT) return false;
    if (errno != EINTR) give_up("the kernel gives no notifications any more");
  }
  *out = *request;
  return true;
}

bool listener_is_valid(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

static bool respond(int listener, uint64_t id, int64_t value, int error, uint32_t flags) {
  memset(response, 0, larger(sizes.seccomp_notif_resp, sizeof *response));
  response->id = id;
  response->val = value;
  response->error = error;
  response->flags = flags;
  while (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response) != 0) {
    if (errno == ENOENT) return false;
    if (errno != EINTR) give_up("the kernel takes no answers any more");
  }
  return true;
}

bool listener_let_run(int listener, uint64_t id) { return respond(listener, id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

bool listener_answer(int listener, uint64_t id, int64_t result) {
  return respond(listener, id, result < 0 ? 0 : result, result < 0 ? (int)result : 0, 0);
}
