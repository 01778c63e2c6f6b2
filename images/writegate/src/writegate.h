/* Numbers that every part of writegate shares; no function. The contract (events, commands, exit codes) is README.md. */
#ifndef WRITEGATE_H
#define WRITEGATE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WRITEGATE_VERSION "0.1.0"
#define WRITEGATE_PROTOCOL 1

enum {
  EXIT_LAB_GONE = 125,
  EXIT_REFUSED = 70,
  PATH_BYTES = 8192, /* PATH_MAX is 4096, and a path relative to a deep folder may exceed it */
};

#endif
