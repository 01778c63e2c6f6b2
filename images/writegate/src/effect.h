/* What a hold does to the disk in the caller's place: a part of its write, or the whole of another call. */
#ifndef EFFECT_H
#define EFFECT_H

#include "call.h"

struct tear {
  int fd;                   /* the file, opened again by writegate; -1: none */
  int64_t bytes;            /* how many are there */
  int64_t appended_to_size; /* the size before, if they were appended; else -1 */
};

/* Puts the first `bytes` (at most all) of the write where it goes, and no more. 0 or an errno: then nothing was done. */
int effect_tear(const struct call *call, int64_t bytes, struct tear *out);
/* Makes room for the whole write: takes away what was appended. Closes the file. */
void effect_untear(struct tear *tear);
void effect_keep_torn(struct tear *tear);

/* The file of the call's descriptor, opened again for writing: the gateway's own description keeps its position. -1 with errno set. */
int effect_open_again(const struct call *call);

/* Lets the kernel itself cut a write short: until the limit is lifted, it writes at most `bytes` of it (RLIMIT_FSIZE, setrlimit(2)). 0 or an errno. */
int effect_limit(const struct call *call, int64_t bytes);
void effect_lift_limit(const struct call *call);

/* Does a rename, link, unlink or mkdir. Its result: 0 or a negative errno. */
int effect_perform(const struct call *call);

#endif
