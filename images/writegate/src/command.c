/*
 * command = word *( " " key "=" value ) LF
 * value   = *( any byte but space, LF, "%" ; or "%" and two hexadecimal digits )
 *
 * What is unknown, missing, double or contradictory is refused as a whole: it changes nothing.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballast.h"
#include "errors.h"
#include "event.h"
#include "gate.h"
#include "maps.h"
#include "memory.h"
#include "record.h"
#include "refusals.h"
#include "unsynced.h"

enum { LINE_BYTES = 32 * 1024, KEYS_MAX = 8, TEXT_BYTES = PATH_BYTES };

struct given {
  const char *word;
  size_t count;
  struct {
    const char *key;
    char *value;
  } pairs[KEYS_MAX];
};

static bool refuse(const char *why, const char *what) {
  event_error("bad-command", "%s: %.200s; see images/writegate/README.md, Commands", why, what);
  return false;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* In place. A NUL can be in no path and in no text. */
static bool decode(char *value) {
  char *out = value;
  for (const char *in = value; *in != 0; in++) {
    if (*in != '%') {
      *out++ = *in;
      continue;
    }
    int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
    if (low < 0 || (high == 0 && low == 0)) return refuse("not percent-encoded", value);
    *out++ = (char)(high << 4 | low);
    in += 2;
  }
  *out = 0;
  return true;
}

static const char *find(const struct given *given, const char *key) {
  for (size_t i = 0; i < given->count; i++)
    if (strcmp(given->pairs[i].key, key) == 0) return given->pairs[i].value;
  return NULL;
}

static bool add_pair(struct given *given, char *pair) {
  char *equals = strchr(pair, '=');
  if (equals == NULL || equals == pair) return refuse("not key=value", pair);
  *equals = 0;
  if (find(given, pair) != NULL) return refuse("given twice", pair);
  if (given->count == KEYS_MAX) return refuse("too many keys", pair);
  if (!decode(equals + 1)) return false;
  if (equals[1] == 0) return refuse("no value", pair);
  given->pairs[given->count].key = pair;
  given->pairs[given->count++].value = equals + 1;
  return true;
}

static bool parse(char *line, struct given *out) {
  char *rest = line;
  out->word = strsep(&rest, " ");
  out->count = 0;
  while (rest != NULL)
    if (!add_pair(out, strsep(&rest, " "))) return false;
  return true;
}

/* `allowed` and `needed`: keys with a space after each. */
static bool has_keys(const struct given *given, const char *needed, const char *allowed) {
  char key[32];
  for (size_t i = 0; i < given->count; i++) {
    int length = snprintf(key, sizeof key, " %s ", given->pairs[i].key);
    if (length >= (int)sizeof key || strstr(allowed, key) == NULL) return refuse("unknown key", given->pairs[i].key);
  }
  for (const char *at = needed; *at != 0; at += strcspn(at, " ") + 1) {
    snprintf(key, sizeof key, "%.*s", (int)strcspn(at, " "), at);
    if (find(given, key) == NULL) return refuse("missing key", key);
  }
  return true;
}

static bool read_number(const struct given *given, const char *key, int64_t smallest, int64_t *out) {
  const char *text = find(given, key);
  char *end;
  if (text == NULL) return true;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || number < smallest) return refuse("bad number", text);
  *out = number;
  return true;
}

static bool read_text(const struct given *given, const char *key, char *out, size_t size) {
  const char *text = find(given, key);
  if (text != NULL && strlen(text) >= size) return refuse("too long", key);
  snprintf(out, size, "%s", text == NULL ? "" : text);
  return true;
}

static bool read_when(const struct given *given, struct arm *arm) {
  const char *text = find(given, "at");
  arm->when = BEFORE;
  while (text != NULL && strcmp(text, when_name(arm->when)) != 0) {
    if (arm->when == AFTER) return refuse("at is before, torn or after", text);
    arm->when++;
  }
  return true;
}

static bool can_be_after(enum op op) {
  return op == OP_RENAME || op == OP_LINK || op == OP_UNLINK || op == OP_MKDIR;
}

static bool is_consistent(const struct given *given, const struct arm *arm) {
  if (arm->path[0] != '/' && arm->path[0] != '*') return refuse("path is a pattern over an absolute path", arm->path);
  if (find(given, "to") != NULL && arm->op != OP_RENAME && arm->op != OP_LINK) return refuse("to is for rename and link", arm->to);
  if (arm->when == TORN && arm->op != OP_WRITE) return refuse("at=torn is for write", op_name(arm->op));
  if (arm->when == AFTER && !can_be_after(arm->op)) return refuse("at=after is for rename, link, unlink, mkdir", op_name(arm->op));
  if (find(given, "bytes") != NULL && arm->when != TORN) return refuse("bytes is for at=torn", op_name(arm->op));
  return true;
}

static bool read_arm(const struct given *given, struct arm *arm) {
  *arm = (struct arm){.nth = 1, .torn_bytes = HALF, .last_serial = gate_serial()};
  if (!has_keys(given, "id op path ", " id op path to nth at bytes ")) return false;
  const char *op = find(given, "op");
  arm->op = op_named(op);
  if (arm->op == OP_COUNT && strcmp(op, "any") != 0) return refuse("unknown op", op);
  return read_text(given, "id", arm->id, sizeof arm->id) && read_text(given, "path", arm->path, sizeof arm->path) &&
         read_text(given, "to", arm->to, sizeof arm->to) && read_number(given, "nth", 1, &arm->nth) &&
         read_number(given, "bytes", 0, &arm->torn_bytes) && read_when(given, arm) && is_consistent(given, arm);
}

static void emit_id(const char *event, const char *id) {
  event_begin(event);
  event_string("id", id);
  event_end();
}

static void arm(const struct given *given) {
  static struct arm arm;
  if (!read_arm(given, &arm)) return;
  if (arms_has(arm.id) || gate_holds(arm.id)) event_error("duplicate-id", "%s is armed or held already", arm.id);
  else if (!arms_add(&arm)) event_error("too-many", "%d crash points are armed already", ARMS_MAX);
  else emit_id("armed", arm.id);
}

static void disarm(const struct given *given) {
  if (!has_keys(given, "id ", " id ")) return;
  const char *id = find(given, "id");
  if (arms_remove(id)) emit_id("disarmed", id);
  else event_error("unknown-id", "%s is not armed", id);
}

static void release(const struct given *given) {
  if (!has_keys(given, "id ", " id ")) return;
  if (!gate_release(find(given, "id"))) event_error("unknown-id", "%s is not held", find(given, "id"));
}

static bool read_error(const struct given *given, int *number) {
  *number = error_named(find(given, "errno"));
  return *number != 0 || refuse("errno is EIO, ENOSPC, EDQUOT, EMFILE or EROFS", find(given, "errno"));
}

static void fail(const struct given *given) {
  int number;
  if (!has_keys(given, "id errno ", " id errno lose ") || !read_error(given, &number)) return;
  const char *lose = find(given, "lose");
  if (lose != NULL && strcmp(lose, "unsynced") != 0) refuse("lose is unsynced", lose);
  else gate_fail(find(given, "id"), number, lose != NULL);
}

static void shorten(const struct given *given) {
  int64_t bytes = HALF;
  if (has_keys(given, "id ", " id bytes ") && read_number(given, "bytes", 1, &bytes)) gate_shorten(find(given, "id"), bytes);
}

static bool read_refusal(const struct given *given, struct refusal *out) {
  *out = (struct refusal){.op = OP_COUNT};
  if (!has_keys(given, "id path errno ", " id path errno op times ") || !read_error(given, &out->number)) return false;
  if (!read_number(given, "times", 1, &out->most)) return false;
  const char *op = find(given, "op");
  if (op != NULL) out->op = op_named(op);
  if (op != NULL && out->op == OP_COUNT && strcmp(op, "any") != 0) return refuse("unknown op", op);
  if (out->op != OP_COUNT && !error_fits(out->number, out->op)) return refuse("no such call can return the error", op);
  return read_text(given, "id", out->id, sizeof out->id) && read_text(given, "path", out->path, sizeof out->path);
}

static void begin_refusal(const struct given *given) {
  static struct refusal refusal;
  if (!read_refusal(given, &refusal)) return;
  if (refusals_has(refusal.id)) event_error("duplicate-id", "%s refuses already", refusal.id);
  else if (!refusals_add(&refusal)) event_error("too-many", "%d refusals are there already", REFUSALS_MAX);
  else emit_id("refusing", refusal.id);
}

static void end_refusal(const struct given *given) {
  int64_t answered;
  if (!has_keys(given, "id ", " id ")) return;
  if (!refusals_remove(find(given, "id"), &answered)) {
    event_error("unknown-id", "%s refuses nothing", find(given, "id"));
    return;
  }
  event_begin("allowed");
  event_string("id", find(given, "id"));
  event_number("answered", answered);
  event_end();
}

static void slow(const struct given *given) {
  int64_t ms = 0;
  if (!has_keys(given, "ms ", " ms ") || !read_number(given, "ms", 0, &ms)) return;
  if (ms > 10000) refuse("at most 10000 ms", find(given, "ms"));
  else gate_slow(ms);
}

static void track(const struct given *given) {
  if (!has_keys(given, "", " ")) return;
  unsynced_track();
  event_begin("tracking");
  event_end();
}

static void pass(const struct given *given) {
  if (!has_keys(given, "id ", " id ")) return;
  const char *id = find(given, "id");
  if (!gate_holds(id)) event_error("unknown-id", "%s is not held", id);
  else if (!gate_pass())
    event_error("cannot-pass", "%s is held at=torn: its file must not change under it; only at=before and at=after can pass", id);
}

static void fill(const struct given *given) {
  int64_t max_bytes = 0;
  if (!has_keys(given, "bytes ", " bytes ")) return;
  if (!read_number(given, "bytes", 1, &max_bytes)) return;
  int error = ballast_start(max_bytes);
  if (error == EALREADY) event_error("already-filling", "a fill is under way");
  else if (error != 0) event_error("cannot-fill", "/dev/shm/midwrite-ballast can't be written: %s", strerror(error));
}

static void drain(const struct given *given) {
  if (!has_keys(given, "", " ")) return;
  if (ballast_is_filling()) {
    event_error("already-filling", "a fill is under way");
    return;
  }
  ballast_remove();
  memory_report();
}

static void mark(const struct given *given) {
  if (!has_keys(given, "text ", " text ")) return;
  event_begin("mark");
  event_string("text", find(given, "text"));
  event_end();
}

static void maps(const struct given *given) {
  if (has_keys(given, "id ", " id ")) maps_report(find(given, "id"));
}

static void charge(const struct given *given) {
  if (has_keys(given, "id ", " id ")) memory_report_charge(find(given, "id"));
}

static void begin_record(const struct given *given) {
  if (has_keys(given, "", " ") && !record_begin()) event_error("already-recording", "a record is being made");
}

static void end_record(const struct given *given) {
  if (has_keys(given, "", " ") && !record_end()) event_error("not-recording", "no record is being made");
}

static void run(char *line) {
  static const struct {
    const char *word;
    void (*run)(const struct given *);
  } commands[] = {{"arm", arm}, {"disarm", disarm}, {"release", release}, {"pass", pass},
                  {"fail", fail}, {"shorten", shorten}, {"refuse", begin_refusal}, {"allow", end_refusal},
                  {"slow", slow}, {"track", track},
                  {"fill", fill}, {"drain", drain}, {"mark", mark}, {"maps", maps}, {"charge", charge},
                  {"record", begin_record}, {"end-record", end_record}};
  struct given given;
  if (!parse(line, &given)) return;
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (strcmp(given.word, commands[i].word) != 0) continue;
    commands[i].run(&given);
    return;
  }
  refuse("unknown command", given.word);
}

void command_feed(const char *bytes, size_t count) {
  static char line[LINE_BYTES];
  static size_t used;
  static bool is_too_long;
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != '\n') {
      is_too_long = is_too_long || used == sizeof line - 1 || bytes[i] == 0;
      if (!is_too_long) line[used++] = bytes[i];
      continue;
    }
    line[used] = 0;
    if (is_too_long) refuse("too long, or with a NUL", "a line");
    else run(line);
    used = 0;
    is_too_long = false;
  }
}
