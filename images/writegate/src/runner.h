/* Runs command lines in the system's own container, one for each connection: README.md, "runner". */
#ifndef RUNNER_H
#define RUNNER_H

/* `arguments` are those behind the word `runner`. Gives the exit code. */
int runner_main(char **arguments);

#endif
