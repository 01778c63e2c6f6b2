/* Memory that belongs to no process: a file in /dev/shm, charged to the container's cgroup. */
#ifndef BALLAST_H
#define BALLAST_H

#include "writegate.h"

/* 0, EALREADY while it is filling, or an errno. */
int ballast_start(int64_t max_bytes);
bool ballast_is_filling(void);
/* Fills on, and ends the filling when there is a reason to. While memory may be short nothing else is done: this returns when something has died. */
void ballast_look(void);
/* The gateway is dead: gives the memory back before anything asks for some, and ends the filling, with its event. */
void ballast_gateway_died(void);
void ballast_remove(void);

#endif
