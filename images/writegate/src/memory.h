/* The `memory` events. */
#ifndef MEMORY_H
#define MEMORY_H

void memory_report(void);
/* Reports if it has changed enough. */
void memory_sample(void);

#endif
