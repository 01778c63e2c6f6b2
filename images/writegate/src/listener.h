/* The kernel's side of seccomp user notification: one ioctl a function, seccomp_unotify(2). */
#ifndef LISTENER_H
#define LISTENER_H

#include "writegate.h"

/* Asks the kernel how large its structures are. False if it has no user notification. */
bool listener_prepare(void);
/* Makes the kernel switch to the other side at once at each notification. False where it can't (before Linux 6.6). */
bool listener_wake_in_step(int listener);

/* Takes the next notification. False if there is none: its caller died or was frozen in between. */
bool listener_receive(int listener, struct seccomp_notif *out);
bool listener_is_valid(int listener, uint64_t id);

/* Each answers; false if the kernel had taken the notification back. */
bool listener_let_run(int listener, uint64_t id);
/* The call returns `result`: 0 or more, or a negative errno. */
bool listener_answer(int listener, uint64_t id, int64_t result);

#endif
