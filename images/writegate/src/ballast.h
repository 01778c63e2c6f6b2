/* Memory that belongs to no process: a file in /dev/shm, charged to the container's cgroup. */
#ifndef BALLAST_H
#define BALLAST_H

#include "writegate.h"

/* 0, EALREADY while it is filling, or an errno. */
int ballast_start(int64_t max_bytes);
bool ballast_is_filling(void);
/* Looks how far the writer is, and ends the filling when there is a reason to. */
void ballast_look(void);
bool ballast_writer_is(pid_t pid);
/* True if it was the writer that was reaped. */
bool ballast_writer_ended(pid_t pid, int status);
/* The gateway is dead: stops the writer and ends the filling, with its event. */
void ballast_gateway_died(void);
void ballast_remove(void);

#endif
