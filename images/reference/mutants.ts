import type { Aftermath } from '../../lab/cell-id.ts';
import type { Mutant, System, UnseenDefect } from '../../lab/system.ts';
import { reference, release } from './system.ts';

const MiB = 1024 * 1024;

type Shown = Omit<Mutant, 'of' | 'defect' | 'shownBy'> & {
  memoryBytes?: number;
} & ({ crashPoint: string; fault: string; aftermath: Aftermath } | { scenario: string });

/** Where each defect of the reference gateway shows, in a cell or in a scenario, and what the check that exists for it must say there. */
const SHOWN: Readonly<Record<string, Shown>> = {
  'write-in-place': {
    crashPoint: 'torn-temp',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'store-valid',
    says: 'struck: it is no JSON after \\d+ bytes',
  },
  'no-file-sync': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'synced',
    says: 'the rename .* put data in place that was never synced',
  },
  'rename-before-sync': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'synced',
    says: 'the rename .* put data in place that was synced only after it',
  },
  'no-directory-sync': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'synced',
    says: 'the folder /state was not synced',
  },
  'fixed-temp-name': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'no-orphans',
    says: 'orphan.* left: /state/sessions\\.json\\.tmp',
  },
  'short-write-ignored': {
    crashPoint: 'empty-temp',
    fault: 'disk-full',
    aftermath: 'aged',
    caughtBy: 'all-or-nothing',
    says: 'the store has 4096 bytes; it is not the old one',
  },
  'retries-a-failed-sync': {
    crashPoint: 'unsynced-temp',
    fault: 'sync-fails',
    aftermath: 'aged',
    caughtBy: 'store-valid',
    // At the next look, or at a later one too where its next fold is late.
    says: ': it is empty',
  },
  'ignores-a-failed-sync': {
    crashPoint: 'unsynced-temp',
    fault: 'sync-fails',
    aftermath: 'aged',
    caughtBy: 'store-valid',
    says: ': it is empty',
  },
  'success-before-the-rename-is-checked': {
    crashPoint: 'full-temp',
    fault: 'io-error',
    aftermath: 'aged',
    caughtBy: 'reports-failure',
    says: 'woken: the turn "struck" had succeeded, and it is not in /state/sessions\\.json',
  },
  'swallows-no-space': {
    crashPoint: 'before-append',
    fault: 'no-space',
    aftermath: 'aged',
    caughtBy: 'reports-failure',
    says: 'the turn "struck" had succeeded, and it is not in',
  },
  'keeps-the-lock-after-an-error': {
    crashPoint: 'before-append',
    fault: 'io-error',
    aftermath: 'aged',
    caughtBy: 'recovers',
    says: 'only a boot makes it work again',
  },
  'temp-stays-after-an-error': {
    crashPoint: 'full-temp',
    fault: 'io-error',
    aftermath: 'aged',
    caughtBy: 'no-orphans',
    says: 'a finished write left /state/sessions\\.json\\.',
  },
  'backup-overwritten-before-the-store-is-safe': {
    crashPoint: 'torn-temp',
    fault: 'no-space-then-kill',
    aftermath: 'aged',
    caughtBy: 'store-valid',
    says: 'struck: it is (empty|no JSON)',
  },
  'drains-longer-than-a-stop': {
    crashPoint: 'before-append',
    fault: 'stop',
    aftermath: 'aged',
    caughtBy: 'stops',
    says: '10000 ms after SIGTERM it still ran and had to be killed',
  },
  'acknowledge-before-write': {
    crashPoint: 'before-append',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'acked-durable',
    says: 'the acknowledged turn "struck" is not in',
  },
  'no-boot-sweep': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'sweep-on-boot',
    says: 'did not remove|later than 0 ms after it was ready',
  },
  'no-timer-sweep': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'fresh',
    caughtBy: 'sweep-on-timer',
    says: 'still there \\d+ ms after it had outlived its grace',
  },
  'sweep-by-age-only': {
    crashPoint: 'full-temp',
    fault: 'sleep',
    aftermath: 'aged',
    caughtBy: 'wakes',
    says: 'its temp .* was removed while it slept or when it woke',
  },
  'sweep-everything': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'sweep-on-boot',
    says: 'not its own: .*notes-of-another-program\\.tmp \\(foreign file\\)',
  },
  'sweep-when-store-is-corrupt': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'corrupt-store',
    caughtBy: 'sweep-on-boot',
    says: 'the store was unreadable and one may be the only copy',
  },
  'sweeps-after-one-crash-only': {
    crashPoint: 'full-temp',
    fault: 'kill-twice',
    aftermath: 'aged',
    caughtBy: 'sweep-on-boot',
    says: 'did not remove|later than 0 ms after it was ready',
  },
  'lock-by-pid-only': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'boots',
    says: 'boot 2: it ended with code 1 before it was ready',
  },
  'lock-of-another-host': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'new-container',
    caughtBy: 'boots',
    says: 'boot 2: it ended with code 1 before it was ready',
  },
  'lock-runs-out': {
    scenario: 'openclaw-132317',
    caughtBy: 'boots',
    says: '^an undisturbed boot is ready after .* was not after .*: it ended with code 1 .* to a dead process, good for \\d+ s more',
  },
  'second-boot-rewrites': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'boots',
    says: 'the second boot (wrote the same store anew|changed the store)',
  },
  'unbounded-store': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'retention',
    says: '\\d+ durable rows, and at most 41 are promised',
  },
  'rewrite-whole-store-each-turn': {
    crashPoint: 'full-temp',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'writes-bounded',
    says: 'wrote \\d+ bytes, and at most 2048 are promised',
  },
  'model-run-never-expires': {
    crashPoint: 'before-append',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'retention',
    says: 'model-run-seeded-1 is still there',
  },
  'model-run-expiry-takes-durable-rows': {
    crashPoint: 'replaced',
    fault: 'sigkill',
    aftermath: 'aged',
    caughtBy: 'retention',
    says: 'durable row .* is gone',
  },
  'heap-grows-until-oom': {
    crashPoint: 'full-temp',
    fault: 'sleep',
    aftermath: 'aged',
    memoryBytes: 200 * MiB,
    caughtBy: 'memory-bounded',
    says: '1 OOM kill, of which 0 injected',
  },
  'index-is-moved-aside': {
    scenario: 'openclaw-91216',
    caughtBy: 'index-stays',
    says: '^of \\d+ entries there are 0 after the crash',
  },
  'load-all-at-boot': {
    scenario: 'openclaw-51097',
    memoryBytes: 512 * MiB,
    caughtBy: 'memory-bounded',
    says: '[1-9]\\.\\d+ bytes for each byte of the store',
  },
  'run-counters-leak': {
    scenario: 'openclaw-63643',
    caughtBy: 'heap-bounded',
    says: '^leak: runs: .*Runs\\.#counters \\+1\\.00',
  },
  'rate-buckets-leak': {
    scenario: 'openclaw-63643',
    caughtBy: 'heap-bounded',
    says: '^leak: connections: .*\\.#buckets \\+1\\.00',
  },
  'transcript-cache-leak': {
    scenario: 'openclaw-63643',
    caughtBy: 'heap-bounded',
    says: '^leak: transcripts: .*\\.#keys \\+1\\.00',
  },
};

function mutant(defect: string, name = `mutant-${defect}`): System {
  const shown = SHOWN[defect];
  if (shown === undefined) throw new Error(`nothing shows the defect ${defect}`);
  const { memoryBytes, caughtBy, says, ...shownBy } = shown;
  return {
    ...broken(name, defect, memoryBytes),
    mutant: { of: reference.name, defect, shownBy, caughtBy, says },
  };
}

function broken(name: string, defect: string, memoryBytes?: number): System {
  return {
    name,
    summary: `the reference gateway with --defect ${defect}`,
    defaultVersion: reference.defaultVersion,
    inDefaultPlan: false,
    release: async (version) => release(name, version, [defect], memoryBytes),
  };
}

/** The control that every run must catch. */
export const canary: System = mutant('write-in-place', 'canary');

/** The reference gateway with one defect each. */
export const mutants: readonly System[] = Object.keys(SHOWN).map((defect) =>
  defect === canary.mutant?.defect ? canary : mutant(defect),
);

/** What neither a cell at a named place nor a scenario shows. */
export const unseenDefects: readonly UnseenDefect[] = [
  {
    defect: 'take-over-guard-stays',
    needs: 'a crash in the recovery from a crash: explore --system reference --defect take-over-guard-stays',
    of: reference.name,
    system: broken('mutant-take-over-guard-stays', 'take-over-guard-stays'),
  },
];
