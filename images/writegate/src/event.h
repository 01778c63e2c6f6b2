/* Events: one JSON object a line on stdout. A line is written whole before anything else goes on. */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void event_begin(const char *name);
/* The `seq` of the event that was begun last. */
int64_t event_last_seq(void);
void event_string(const char *key, const char *value);
void event_base64(const char *key, const char *bytes, size_t count);
void event_number(const char *key, int64_t value);
void event_bool(const char *key, bool value);
void event_null(const char *key);
/* A number, or null where it is negative: a figure that is not known. */
void event_known(const char *key, int64_t value);
void event_object(const char *key);
void event_object_end(void);
/* A list of objects: each begins with an item and ends with event_object_end. */
void event_array(const char *key);
void event_item(void);
void event_array_end(void);
void event_list(const char *key, char *const *values, int64_t count);
void event_end(void);

/* Between the two, events are made and not yet written. */
void event_cork(void);
void event_uncork(void);

void event_error(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
