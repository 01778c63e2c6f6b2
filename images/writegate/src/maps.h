/* What the gateway's processes have mapped: the answer to the command `maps`. */
#ifndef MAPS_H
#define MAPS_H

/* Says it all in `mappings` events, and then how much it was in one `mapped`. */
void maps_report(const char *id);

#endif
