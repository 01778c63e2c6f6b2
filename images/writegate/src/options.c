#include "options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct options options = {.sample_ms = 100, .gateway_pid = 32};

static bool is_option(const char *argument, const char *name) { return strcmp(argument, name) == 0; }

/* The paths of calls come resolved from the kernel, so the folders' must be too. One that does not exist yet stays. */
static bool add_state(const char *folder) {
  if (folder == NULL || folder[0] != '/' || options.state_count == STATE_FOLDERS_MAX) return false;
  char *resolved = realpath(folder, NULL);
  if (resolved == NULL) resolved = strdup(folder);
  for (size_t end = strlen(resolved); end > 1 && resolved[end - 1] == '/';) resolved[--end] = 0;
  options.state[options.state_count++] = resolved;
  return true;
}

static bool read_number(const char *text, int64_t smallest, int64_t largest, int64_t *out) {
  char *end;
  if (text == NULL || text[0] < '0' || text[0] > '9') return false;
  *out = strtoll(text, &end, 10);
  return *end == 0 && *out >= smallest && *out <= largest;
}

static bool add_command(const char *line) {
  if (line == NULL || options.first_command_count == FIRST_COMMANDS_MAX) return false;
  options.first_commands[options.first_command_count++] = line;
  return true;
}

bool options_read(char **arguments) {
  for (; *arguments != NULL; arguments++) {
    if (is_option(*arguments, "--")) {
      options.command = arguments + 1;
      return options.command[0] != NULL && options.state_count > 0;
    }
    if (is_option(*arguments, "--exit-on-eof")) options.exit_on_eof = true;
    else if (is_option(*arguments, "--opens")) options.tells_opens = true;
    else if (is_option(*arguments, "--state") && add_state(arguments[1])) arguments++;
    else if (is_option(*arguments, "--sample-ms") && read_number(arguments[1], 1, INT_MAX, &options.sample_ms)) arguments++;
    else if (is_option(*arguments, "--pid") && read_number(arguments[1], 2, GATEWAY_PID_MAX, &options.gateway_pid)) arguments++;
    else if (is_option(*arguments, "--command") && add_command(arguments[1])) arguments++;
    else return false;
  }
  return false;
}
