/* The gateway's threads, as far as they have been let go with a change that may still be running in the kernel. */
#ifndef THREADS_H
#define THREADS_H

#include "writegate.h"

enum settled { SETTLED, UNSETTLED, UNKNOWN };

void threads_let_go(const struct seccomp_notif *call, uint64_t start_time);
/* It made another call: the one before is over. */
void threads_returned(pid_t tid);
/* Are all calls that were let go out of the kernel? */
enum settled threads_settled(void);

/* Does every other thread of the process wait for something, if only for a call that is not answered yet? */
bool threads_at_rest(pid_t pid, pid_t but);

#endif
