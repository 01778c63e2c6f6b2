#include "giveup.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "writegate.h"

static void (*end_first)(void);

void give_up_after(void (*end)(void)) { end_first = end; }

void give_up(const char *why) {
  fprintf(stderr, "writegate: gives up, and ends the gateway: %s (%s)\n", why, strerror(errno));
  if (end_first != NULL) end_first();
  _exit(EXIT_REFUSED);
}
