/* What a failing sync loses: the content that each file had when it was synced last. Kept only where that was asked for (`track`). */
#ifndef UNSYNCED_H
#define UNSYNCED_H

#include "call.h"

void unsynced_track(void);
bool unsynced_is_tracked(void);

/* Before a call is let go: a file that is about to be changed for the first time since its last sync is kept as it is; a sync forgets what was kept. */
void unsynced_before(const struct call *call);

/* Makes the file of a sync what it was when it was synced last. 0 or an errno; `*bytes`: how many were lost, 0 where nothing was unsynced, as of a folder. */
int unsynced_lose(const struct call *call, int64_t *bytes);

#endif
