/* Memory that belongs to no process: a file in /dev/shm, charged to the container's cgroup. */
#ifndef BALLAST_H
#define BALLAST_H

#include "writegate.h"

/* 0, EALREADY while it is filling, or an errno. */
int ballast_start(int64_t max_bytes, int64_t step_bytes);
bool ballast_is_filling(void);
/* Writes the next piece, unless there is a reason to stop. */
void ballast_fill(void);
/* The gateway is dead: ends the filling, with its event. */
void ballast_gateway_died(void);
void ballast_remove(void);

#endif
