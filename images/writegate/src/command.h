/* The commands on stdin. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

/* Takes what came in, and runs each line that is complete. */
void command_feed(const char *bytes, size_t count);

#endif
