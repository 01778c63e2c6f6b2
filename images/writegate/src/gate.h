/* Decides about each call: it may run, it waits, or it is held. */
#ifndef GATE_H
#define GATE_H

#include "arms.h"

void gate_open(int listener);
/* Takes one notification and deals with it. For when the listener can be read. */
void gate_receive(void);
/* Looks after the held call. To be called after at most gate_patience_ms(), which is -1 if nothing is held. */
void gate_look(void);
int gate_patience_ms(void);

/* All that could make calls is dead: a call that was held is lost. */
void gate_callers_are_dead(void);

/* False if no call is held under that id. */
bool gate_release(const char *id);
/* The held call fails with an error, in place of being run; `loses`: of a sync, with what was not synced. Says why it can't. */
void gate_fail(const char *id, int number, bool loses);
/* The held write writes a part and returns how much: the bytes that are torn, or `bytes` (HALF: half) of it. Says why it can't. */
void gate_shorten(const char *id, int64_t bytes);
/* From now on each call in a state folder takes so much longer; 0: no more. */
void gate_slow(int64_t ms);
bool gate_holds(const char *id);
/* While a call is held: from now on other threads' calls go on until it is released. False if it is held torn: its file
 * must not change under it. */
bool gate_pass(void);
/* The newest call that was looked at: an arm counts later ones only. */
uint64_t gate_serial(void);

/* Puts the counters of the `exit` event into the event that is being written. */
void gate_describe_counters(void);

#endif
