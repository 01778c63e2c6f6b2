#include "event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "giveup.h"

static struct {
  char *bytes;
  size_t used, size;
  int64_t seq;
  bool first; /* nothing is in the innermost object yet: no comma */
  bool corked;
} line;

static void put(const char *bytes, size_t count) {
  if (line.used + count > line.size) {
    line.size = (line.used + count) * 2;
    line.bytes = realloc(line.bytes, line.size);
    if (line.bytes == NULL) give_up("out of memory");
  }
  memcpy(line.bytes + line.used, bytes, count);
  line.used += count;
}

static void put_text(const char *text) { put(text, strlen(text)); }

static void put_escape(unsigned unit) {
  char text[8];
  snprintf(text, sizeof text, "\\u%04x", unit & 0xffff);
  put_text(text);
}

/* The code point at `s`, and its length in bytes; length 0 if it is not UTF-8 (overlong, surrogate, cut short). */
static unsigned decode(const unsigned char *s, int *length) {
  static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  int count = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
  unsigned point = count == 1 ? s[0] : s[0] & (0x7fu >> count);
  *length = 0;
  if (count == 0) return 0;
  for (int i = 1; i < count; i++) {
    if ((s[i] & 0xc0) != 0x80) return 0;
    point = point << 6 | (s[i] & 0x3f);
  }
  if (point < smallest[count] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
  *length = count;
  return point;
}

static bool is_utf8(const char *text) {
  int length = 1;
  for (const unsigned char *s = (const unsigned char *)text; *s != 0 && length > 0; s += length) decode(s, &length);
  return length > 0;
}

static void put_point(unsigned point) {
  if (point >= 0x10000) {
    put_escape(0xd800 + ((point - 0x10000) >> 10));
    put_escape(0xdc00 + ((point - 0x10000) & 0x3ff));
  } else if (point == '"' || point == '\\' || point < 0x20 || point >= 0x7f) {
    put_escape(point);
  } else {
    put(&(char){(char)point}, 1);
  }
}

static void put_string(const char *text) {
  bool utf8 = is_utf8(text);
  put_text("\"");
  for (const unsigned char *s = (const unsigned char *)text; *s != 0;) {
    int length = 1;
    put_point(utf8 ? decode(s, &length) : *s);
    s += length;
  }
  put_text("\"");
}

static void put_number(int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)value);
  put_text(text);
}

static void put_key(const char *key) {
  if (!line.first) put_text(",");
  line.first = false;
  put_string(key);
  put_text(":");
}

int64_t event_last_seq(void) { return line.seq; }

void event_begin(const char *name) {
  struct timespec wall;
  char millis[40];
  clock_gettime(CLOCK_REALTIME, &wall);
  snprintf(millis, sizeof millis, "%lld.%03ld", (long long)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
           wall.tv_nsec / 1000 % 1000);
  line.first = true;
  put_text("{");
  event_number("seq", ++line.seq);
  put_key("t");
  put_text(millis);
  event_number("mono", now_ns());
  event_string("ev", name);
}

void event_string(const char *key, const char *value) {
  put_key(key);
  put_string(value);
}

void event_base64(const char *key, const char *bytes, size_t count) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = (const unsigned char *)bytes;
  put_key(key);
  put_text("\"");
  for (size_t i = 0; i < count; i += 3) {
    unsigned group = (unsigned)in[i] << 16 | (i + 1 < count ? (unsigned)in[i + 1] << 8 : 0) | (i + 2 < count ? in[i + 2] : 0u);
    char four[4] = {digits[group >> 18], digits[group >> 12 & 63], i + 1 < count ? digits[group >> 6 & 63] : '=',
                    i + 2 < count ? digits[group & 63] : '='};
    put(four, sizeof four);
  }
  put_text("\"");
}

void event_number(const char *key, int64_t value) {
  put_key(key);
  put_number(value);
}

void event_bool(const char *key, bool value) {
  put_key(key);
  put_text(value ? "true" : "false");
}

void event_null(const char *key) {
  put_key(key);
  put_text("null");
}

void event_known(const char *key, int64_t value) {
  if (value < 0) event_null(key);
  else event_number(key, value);
}

void event_object(const char *key) {
  put_key(key);
  put_text("{");
  line.first = true;
}

void event_object_end(void) {
  put_text("}");
  line.first = false;
}

void event_array(const char *key) {
  put_key(key);
  put_text("[");
  line.first = true;
}

void event_item(void) {
  if (!line.first) put_text(",");
  put_text("{");
  line.first = true;
}

void event_array_end(void) {
  put_text("]");
  line.first = false;
}

void event_list(const char *key, char *const *values, int64_t count) {
  put_key(key);
  put_text("[");
  for (int64_t i = 0; i < count; i++) {
    if (i > 0) put_text(",");
    put_string(values[i]);
  }
  put_text("]");
}

/* Blocks until everything is out: back-pressure is right even during a hold, a lost or a partial line is not. */
static void flush(void) {
  for (size_t done = 0; done < line.used;) {
    ssize_t count = write(STDOUT_FILENO, line.bytes + done, line.used - done);
    if (count < 0 && errno != EINTR) give_up("stdout is gone");
    if (count > 0) done += (size_t)count;
  }
  line.used = 0;
}

void event_end(void) {
  put_text("}\n");
  if (!line.corked) flush();
}

void event_cork(void) { line.corked = true; }

void event_uncork(void) {
  line.corked = false;
  flush();
}

void event_error(const char *code, const char *format, ...) {
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  event_begin("error");
  event_string("code", code);
  event_string("message", message);
  event_end();
}
