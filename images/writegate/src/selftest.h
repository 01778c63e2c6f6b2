/* Does writegate work on this machine, in this container? */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "writegate.h"

struct capability {
  const char *refusal; /* NULL: it works; else the code of the `refused` event */
  const char *message; /* what to do about it */
};

struct capability selftest(void);

#endif
