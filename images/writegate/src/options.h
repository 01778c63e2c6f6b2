/* The command line of `writegate run`. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  STATE_FOLDERS_MAX = 16,
  FIRST_COMMANDS_MAX = 64,
  GATEWAY_PID_MAX = 1024,
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

/* Reads what stands behind the word `run`. False: it is no command line of writegate's. */
bool options_read(char **arguments);

#endif
