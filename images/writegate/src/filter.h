/* The BPF filter, and the process that runs under it. */
#ifndef FILTER_H
#define FILTER_H

#include "writegate.h"

/* Puts the calling process under the filter for good. The listener's descriptor, or -1 with errno set. */
int filter_install(void);

#endif
