/* The gateway's processes: started under the filter, signalled, reaped. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "writegate.h"

enum started { STARTED, NO_FILTER, NO_COMMAND };

/* Starts options.command. What went wrong is in errno. */
enum started gateway_start(int *listener);
pid_t gateway_pid(void);
void gateway_signal(int signal);
/* Reaps what has ended. True once the main process has, with its wait status. */
bool gateway_reap(int *status);
/* Kills and reaps whatever is left. */
void gateway_kill_rest(void);

/* Makes the OOM killer prefer this process. To raise the score needs no privilege: proc_pid_oom_score_adj(5). */
bool oom_score_raise(const char *score);

/* Forks a child that puts itself under the filter and hands its listener over, and then runs `run`; -1 with errno set.
 * `channel`: the parent's end of a socket pair to the child. */
pid_t gateway_fork_filtered(void (*run)(int channel), int *listener, int *channel);

#endif
