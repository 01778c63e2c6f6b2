/* Recording: every change of a state folder with what it did, read from the disk when the call is over. */
#ifndef RECORD_H
#define RECORD_H

#include "call.h"

/* Writes down the state folders as they are, and records from here on. False if it records already. */
bool record_begin(void);
/* Looks once more at what is mapped, and ends. False if nothing is recorded. */
bool record_end(void);
bool record_is_on(void);

/* Before a call is let go: looks at what the call is about to change. */
void record_before(const struct call *call);
/* False: what was looked at says that it will fail, or change nothing. */
bool record_expects_change(void);
/* It was not let go: forgets what was looked at. */
void record_drop(void);

/* Is the call out of the kernel? To be asked until it says so; `gave_up`: it was asked for too long. */
bool record_is_over(void);
/* The same thread makes another call: the one that is waited for is over. */
bool record_is_of(pid_t tid);
void record_returned(void);

/* Writes down what the call did. `is_over` is false where it was waited for in vain. */
void record_after(bool is_over);
/* The same for a call that writegate has done in the caller's place. */
void record_performed(const struct call *call);

/* A call that changes no file: what goes out through a socket may be an acknowledgement, and its place in the order counts. */
void record_sent(const struct call *call);

#endif
