/* The `memory` events, and what the charge is made of. */
#ifndef MEMORY_H
#define MEMORY_H

void memory_report(void);
/* Reports if it has changed enough. */
void memory_sample(void);
/* The `charged` event. */
void memory_report_charge(const char *id);
/* Its fields, in an event that has been begun. */
void memory_describe_charge(void);

#endif
