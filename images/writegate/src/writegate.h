/* What every part of writegate shares. The contract (events, commands, exit codes) is README.md. */
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
  STATE_FOLDERS_MAX = 16,
  FIRST_COMMANDS_MAX = 64,
  GATEWAY_PID_MAX = 1024,
  PATH_BYTES = 8192, /* PATH_MAX is 4096, and a path relative to a deep folder may exceed it */
};

struct options {
  const char *state[STATE_FOLDERS_MAX];
  size_t state_count;
  int64_t sample_ms;
  int64_t gateway_pid; /* where writegate is its container's first process */
  bool exit_on_eof;
  bool tells_opens;
  const char *first_commands[FIRST_COMMANDS_MAX]; /* run before the gateway's first call is looked at */
  size_t first_command_count;
  char **command;
};

extern struct options options;

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t now_ns(void);

/* Ends the gateway and writegate itself: there is no way to tell the lab what happens any more. */
_Noreturn void give_up(const char *why);

#endif
