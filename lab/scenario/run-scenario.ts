import { randomUUID } from 'node:crypto';
import { faults } from '../../faults/index.ts';
import { crashPoints, learnTemps } from '../crash-point/write-shape.ts';
import { TEMP_FOLDER } from '../docker/container-spec.ts';
import type { Engine } from '../engine/engine.ts';
import { type CellEvidence, loadEvidence } from '../evidence/cell-evidence.ts';
import { EVIDENCE_SCHEMA_VERSION, type EvidenceOf } from '../evidence/event.ts';
import { Recorder } from '../evidence/recorder.ts';
import { fitsPattern } from '../patterns.ts';
import { Pod, type PodProgram } from '../pod/pod.ts';
import { describe, endsRun, Problem } from '../problem.ts';
import type { Held } from '../session/holds.ts';
import { driveOn } from '../session/recovery.ts';
import { Session } from '../session/session.ts';
import { target } from '../session/target.ts';
import { reach } from '../session/waits.ts';
import type { Release } from '../system.ts';
import { jsonRows, passTime, readStore } from '../workload/pass-time.ts';
import { storedRows } from '../workload/stored-rows.ts';
import { copyFolder, putBack } from './folder-copy.ts';
import { holderOf } from './lease-holder.ts';
import { askKept, otherRelease } from './other-release.ts';
import { strikeAtRandom } from './random-strike.ts';
import { runInPlace } from './run-in-place.ts';
import { drawnFaults, faultOf, type Scenario, type ScenarioLab } from './scenario.ts';
import { type ScenarioSpec, scenarioId } from './scenario-id.ts';
import { secondSystem } from './second-system.ts';
import { stepOf, stepPhase } from './steps.ts';

/** All that one scenario with one system needs. */
export interface ScenarioPlan {
  spec: ScenarioSpec;
  release: Release;
  scenario: Scenario;
  images: { system: string; sidecar: string };
  /** Of an upgrade: the release before. */
  before?: PodProgram | undefined;
}

/** What a scenario tells while it runs. */
export interface ScenarioProgress {
  phase(name: string): void;
  /** How much of it is done: 0 to 1. */
  share(done: number): void;
}

/** Not every turn writes the store: one with a journal does so now and then. */
const TURNS_TO_A_WRITE = 4;
/** Of the tens of thousands of names in a heap, those that hold less are not worth their place. */
const ENTRIES_LISTED = 32;
const DEATH_LIMIT_MS = 2_000;
const MAPPED_LIMIT_MS = 30_000;
const HOUR_MS = 60 * 60_000;
/** The hold in a boot. */
const IN_BOOT = 'in-boot';

type LookedAt = EvidenceOf<'look'>['entries'][number];
/**
 * The life of a scenario, from nothing to evidence. As a cell it judges nothing: what a system does is evidence, and what the lab could not do
 * is evidence too.
 * @throws Problem engine-lost, no-space, results-unwritable: the run can't go on
 */
export async function runScenario(
  engine: Engine,
  plan: ScenarioPlan,
  folder: string,
  run: string,
  progress: ScenarioProgress,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  const before = await loadEvidence(folder);
  using recorder = new Recorder(folder, before !== undefined);
  const { spec, scenario, images } = plan;
  const boot = scenario.boot?.(plan.release) ?? plan.release.boot;
  const release = { ...plan.release, boot };
  const id = scenarioId(spec);
  const steps = spec.isQuick ? scenario.steps.quick : scenario.steps.full;
  const from = before === undefined ? 1 : stepToRedo(before);
  if (before === undefined)
    recorder.record({
      type: 'scenario',
      schemaVersion: EVIDENCE_SCHEMA_VERSION,
      id,
      ...spec,
      image: images.system,
      notes: [...(release.notes ?? [])],
      promises: structuredClone(release.promises) as never,
      steps,
      ...(scenario.fault === undefined ? {} : { fault: scenario.fault }),
    });
  else recorder.record({ type: 'resumed', segment: before.of('resumed').length + 2, from });
  try {
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    const bootsBefore = Math.max(0, ...(before?.of('gate') ?? []).map((event) => event.boot));
    const podSpec = {
      label: `${run}/${id}`,
      name,
      release,
      images,
      memoryBytes: spec.memoryBytes,
      bootsBefore,
      ...(scenario.watchesTemp === true && { keepsTemp: true }),
    };
    await using pod = await Pod.start(engine, podSpec, recorder);
    const session = new Session(pod, release, recorder, signal);
    try {
      recorder.record({ type: 'phase', name: 'prepare' });
      // An upgrade finds what the release before was configured with.
      const { before: old } = plan;
      const first = old === undefined ? session : new Session(pod, old.release, recorder, signal, old);
      await first.configure();
      await scenario.live(labOf(pod, session, { ...plan, release }, { steps, from }, recorder, progress, signal));
    } catch (error) {
      signal.throwIfAborted();
      const ended = pod.endedByItself;
      if (ended === undefined) throw error;
      recorder.record({ type: 'died', boot: pod.bootNumber, why: ended, lastLines: pod.gate.lastLines() });
    } finally {
      recorder.record({ type: 'phase', name: 'clean up' });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (recorder.failure !== undefined) throw recorder.failure;
    const code = error instanceof Problem ? error.code : 'engine-failed';
    recorder.record({ type: 'problem', code, message: describe(error) });
    if (endsRun(error)) throw error;
  }
  if (recorder.failure !== undefined) throw recorder.failure;
  recorder.record({ type: 'end', durationMs: Math.round(performance.now() - began) });
}

/** The last step that was begun: whether it came to its end nobody knows. */
function stepToRedo(evidence: CellEvidence): number {
  return Math.max(1, ...evidence.of('phase').map(({ name }) => stepOf(name) ?? 1));
}

/** A connection breaks before the end of its process is reported. */
async function failIfItDied(pod: Pod, why: string): Promise<void> {
  const wait = { name: 'the system to be known as dead', limitMs: DEATH_LIMIT_MS };
  const died = await pod.gate.waitForKind(wait, 'exit').then(
    () => true,
    () => pod.endedByItself !== undefined,
  );
  if (died) throw new Problem('system-died', why);
}

function labOf(
  pod: Pod,
  session: Session,
  { release, scenario, spec, before }: ScenarioPlan,
  { steps, from }: { steps: number; from: number },
  recorder: Recorder,
  progress: ScenarioProgress,
  signal: AbortSignal,
): ScenarioLab {
  const fault = faultOf(scenario, faults);
  const { root, store, sweepGraceMs, temps } = release.promises;
  const patterns = new Set<string>(temps);
  const learn = () => {
    for (const pattern of learnTemps(pod.gate.events)) patterns.add(pattern);
  };
  const phase = (name: string) => {
    signal.throwIfAborted();
    recorder.record({ type: 'phase', name });
  };
  const strike = async (held: Held) => {
    if (fault === undefined) throw new Error(`the scenario ${scenario.name} has no fault to inject`);
    phase('strike');
    await fault.strike(target(pod, session, recorder, held));
    phase('recover');
    return true;
  };
  return {
    release,
    sidecar: pod.sidecar,
    steps,
    from,
    isQuick: spec.isQuick,
    ...(before !== undefined && { before: otherRelease(pod, before, recorder, signal) }),
    copyFolder: () => copyFolder(pod),
    putBack: (copy) => putBack(pod, copy),
    askKept: (after) => askKept(pod, release, recorder, after),
    bootWhileItRefuses: () => session.bootWhileItRefuses({ env: {} }),
    tryBoot: () => session.boot({ env: {} }),
    runInPlace: (argv) => runInPlace(pod, session, recorder, argv),
    async crashInPlace(argv, arm) {
      phase('hold');
      const held = await session.holdCommand(IN_BOOT, arm, argv);
      return held !== undefined && strike(held);
    },
    boot: (env) => session.boot(env === undefined ? {} : { env }),
    stop: () => session.stop(),
    async turn(name) {
      const { acknowledged, error } = await session.turn(name);
      if (!acknowledged) await failIfItDied(pod, `the turn "${name}" was not acknowledged: ${error}`);
      return acknowledged;
    },
    quiet: () => session.quiet(),
    strikeAtRandom: async (step) => {
      const drawn = drawnFaults(scenario, faults);
      if (spec.seed === undefined || drawn.length === 0) throw new Error(`${scenario.name} draws nothing`);
      const storm = { pod, session, recorder, release, seed: spec.seed, faults: drawn, crashPoints, phase };
      const outcome = await strikeAtRandom(storm, step);
      learn();
      return outcome;
    },
    async crash(point) {
      phase('hold');
      const held = await session.hold(point, TURNS_TO_A_WRITE);
      learn();
      return held !== undefined && strike(held);
    },
    async crashInBoot(arm) {
      phase('hold');
      const held = await session.holdBoot(IN_BOOT, arm);
      return held !== undefined && strike(held);
    },
    async crashInBootWhere(arm, isIt) {
      phase('hold');
      const held = await session.holdBoot(IN_BOOT, arm, isIt);
      return held !== undefined && strike(held);
    },
    holderOf: (lease) => holderOf(pod, lease),
    async tellHolder(lease, moment) {
      const holder = await holderOf(pod, lease);
      recorder.record({ type: 'lease', moment, name: lease.name, ...holder });
      return holder;
    },
    bootWithin: (limitMs) => session.boot({}, limitMs),
    ops: () => pod.gate.events.filter((event) => event.ev === 'op'),
    async look(series, x) {
      const roots = scenario.watchesTemp === true ? [root, TEMP_FOLDER] : [root];
      const entries: LookedAt[] = [];
      for (const folder of roots) {
        const found = await pod.sidecar.snapshot(folder, [], 0);
        for (const { path, type, size, gone } of found) if (gone !== true) entries.push({ path, type, size });
      }
      recorder.record({ type: 'look', series, x, roots, entries });
      return { entries: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0) };
    },
    tellMoment: ({ words, files, folders, bytes }) =>
      recorder.record({ type: 'worst-moment', words, files, folders, bytes }),
    async strikeAsInACell(point, step, meanwhile) {
      await session.quiet();
      await session.snapshot('before');
      phase('hold');
      const mark = `-step-${step}`;
      const held = await session.hold(point, TURNS_TO_A_WRITE, mark);
      learn();
      if (held === undefined) return false;
      if (fault === undefined) throw new Error(`the scenario ${scenario.name} has no fault to inject`);
      await session.snapshot('held');
      phase('strike');
      const besides = async () => {
        await meanwhile();
        await session.snapshot('beside');
      };
      await fault.strike(target(pod, session, recorder, held, { meanwhile: besides }));
      await driveOn(session, phase, { text: `after${mark}` });
      phase('boot again');
      await session.stop();
      if (!(await session.boot())) return false;
      await session.snapshot('rebooted');
      return true;
    },
    second: () => secondSystem(pod, release, recorder, signal),
    async age(byMs = sweepGraceMs + HOUR_MS) {
      await pod.sidecar.age(root, byMs);
      if (scenario.watchesTemp === true) await pod.sidecar.age(TEMP_FOLDER, byMs);
      recorder.record({ type: 'aged', byMs, why: 'aftermath' });
    },
    sweepTime: () => session.sweepTime(),
    list: () => pod.sidecar.snapshot(root, [], 0),
    heap: () => pod.sidecar.heap(),
    async collections(after) {
      const { named, objects, snapshotBytes, lookCpuMs } = await pod.sidecar.collections(ENTRIES_LISTED);
      recorder.record({
        type: 'collections',
        after,
        atLeast: ENTRIES_LISTED,
        objects,
        snapshotBytes,
        lookCpuMs,
        named: named.map(({ kind, name, collections, entries }) => [kind, name, collections, entries]),
      });
    },
    mapped: () => pod.gate.mapped(MAPPED_LIMIT_MS),
    charged: () => pod.gate.charged(MAPPED_LIMIT_MS),
    async requests(call, count, from) {
      const { answered2xx, firstError } = await pod.sidecar.requests(call, count, from);
      if (answered2xx === count) return;
      const why = `${count - answered2xx} of ${count} requests went wrong: ${firstError}`;
      await failIfItDied(pod, why);
      throw new Problem('requests-failed', why);
    },
    command: (argv, limitMs) => pod.command(argv, limitMs),
    storeText: () => readStore(pod),
    async rows(moment) {
      const rows = storedRows(await readStore(pod), jsonRows(pod), release.usual?.sessions ?? []);
      recorder.record({ type: 'rows', moment, rows });
      return rows;
    },
    async pass(ms) {
      await passTime(pod, ms);
      recorder.record({ type: 'aged', byMs: ms, why: 'passed' });
    },
    writtenBytes: () =>
      pod.gate.events.reduce(
        (sum, event) => sum + (event.ev === 'op' && event.op === 'write' ? (event.bytes ?? 0) : 0),
        0,
      ),
    chargedBytes: () =>
      pod.gate.events.reduce((most, event) => (event.ev === 'memory' ? Math.max(most, event.currentBytes) : most), 0),
    idle: (ms) => reach(Date.now() + ms, signal),
    isTemp: (file) => file !== store.path && fitsPattern(file, [...patterns]),
    step(number) {
      phase(stepPhase(number));
      progress.phase(`${stepPhase(number)}/${steps}`);
      progress.share((number - 1) / steps);
    },
    point: (series, x, values) => recorder.record({ type: 'point', series, x, values }),
  };
}
