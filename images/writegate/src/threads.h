/* The gateway's threads, as far as they have been let go with a change that may still be running in the kernel. */
#ifndef THREADS_H
#define THREADS_H

#include "tracee.h"
#include "writegate.h"

enum settled { SETTLED, UNSETTLED, UNKNOWN };

/* `writes`: how many the thread had made before; -1: not known, or the call is no write. */
void threads_let_go(const struct seccomp_notif *call, uint64_t start_time, int64_t writes);
/* Is it the call that the thread was let go with, which the kernel has started again without having run it? Only of a write is that known: a signal in the
 * very moment of the answer makes the kernel take the answer and begin the call anew (seccomp_do_user_notification()). */
bool threads_never_ran(const struct seccomp_notif *call);
/* It made another call: the one before is over. */
void threads_returned(pid_t tid);
/* Are all calls that were let go out of the kernel? */
enum settled threads_settled(void);

/* The most active of the process's threads other than `but`, all looked at in one moment. */
enum activity threads_activity(pid_t pid, pid_t but);

#endif
