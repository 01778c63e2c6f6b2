/**
 * The index of defects: each is one mistake that a gateway can make, switched on with `--defect NAME`, and has one place in
 * the code (find it by its name). A lab that does not catch them is not worth its verdicts.
 */
export const DEFECTS = {
  'write-in-place': 'the store is truncated and rewritten in place: a crash in the middle leaves a mixture',
  'no-file-sync': 'a temp is renamed without being synced: after a power loss the store is empty or torn',
  'rename-before-sync': 'a temp is synced only after its rename: a power loss between the two leaves an empty store',
  'no-directory-sync': 'no folder is synced: after a power loss new names are gone, with acknowledged turns in them',
  'fixed-temp-name': 'every temp is sessions.json.tmp: one that a crash left is never swept and stops every later fold',
  'short-write-ignored': 'the result of a write to a temp is not looked at: a short write makes a torn store',
  'retries-a-failed-sync':
    'the sync of a temp that failed is tried again, and its success is believed: what was lost is put in place',
  'ignores-a-failed-sync': 'the result of the sync of a temp is not looked at: what was lost is put in place',
  'success-before-the-rename-is-checked': 'a rename that failed counts as done: what the store was to have is removed',
  'swallows-no-space': 'a full disk is logged and no more: the turn that had no room is acknowledged',
  'keeps-the-lock-after-an-error':
    'an append that failed never lets go of the journal: every later turn waits for ever',
  'temp-stays-after-an-error': 'a replacement that failed leaves its temp',
  'backup-overwritten-before-the-store-is-safe':
    'before the store is rewritten in place it is copied over its backup, whole or not: two failures in a row cost both',
  'drains-longer-than-a-stop': 'a stop waits 20 s before it does anything: whoever waits 10 s has to kill',
  'acknowledge-before-write': 'a turn is acknowledged before its write is started: a crash or a full disk loses it',
  'no-boot-sweep': 'no sweep at boot: what a crash left lies there until the timer comes round',
  'sweeps-after-one-crash-only':
    'a boot that finds what a crash left says so in a file, and the next boot believes it: after a second crash in a row none is swept at boot',
  'no-timer-sweep': 'no sweep on the timer: what was too young at boot stays as long as the gateway runs',
  'sweep-by-age-only': 'age alone decides: after a sleep the temp of a living writer is taken from under it',
  'sweep-everything': 'every *.tmp in the folder that is old enough is taken: files of other programs too',
  'sweep-when-store-is-corrupt': 'temps are taken beside a missing or corrupt store: one may be the only copy',
  'lock-by-pid-only': 'the lock is a file with a PID: after a SIGKILL the same PID comes again and the boot is refused',
  'lock-of-another-host':
    'the lock is a file with a host and a PID, and nobody can tell whether another host still runs: a container that is replaced is refused for ever',
  'lock-runs-out':
    'the lock is a file with a time five minutes on, and no end gives it back: whoever boots before that is refused',
  'take-over-guard-stays':
    'the lock of a dead owner is taken over under a guard that only whoever made it takes away: killed in between, it is refused for ever',
  'second-boot-rewrites': 'each boot folds: a boot with nothing to do rewrites the store',
  'unbounded-store': 'there is no cap: the store grows with every session there ever was',
  'load-all-at-boot': 'all histories are read at boot and stay in memory',
  'rewrite-whole-store-each-turn': 'each turn folds before it is acknowledged: what it writes grows with the store',
  'run-counters-leak': "a run's sequence counter stays when the run ends",
  'rate-buckets-leak': 'rate-limit buckets are never pruned',
  'transcript-cache-leak': 'the cache of transcript keys has no limit',
  'model-run-never-expires': 'model-run rows have no time to live: they pile up in the store',
  'model-run-expiry-takes-durable-rows': 'the expiry of model-run rows takes every row that is older than its time',
  'index-is-moved-aside':
    'the old index is renamed away before the new one has its name: a crash between the two leaves none',
  'heap-grows-until-oom': 'each turn keeps 64 MiB of memory for ever',
} as const;

export type Defect = keyof typeof DEFECTS;

export function isDefect(name: string): name is Defect {
  return Object.hasOwn(DEFECTS, name);
}
