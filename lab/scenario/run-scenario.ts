import { randomUUID } from 'node:crypto';
import picomatch from 'picomatch';
import { faults } from '../../faults/index.ts';
import { reach, Session } from '../cell/session.ts';
import { target } from '../cell/target.ts';
import { learnTemps } from '../cell/write-shape.ts';
import type { Engine } from '../engine/engine.ts';
import { EVIDENCE_SCHEMA_VERSION } from '../evidence/event.ts';
import { Recorder } from '../evidence/recorder.ts';
import type { Release } from '../gateway.ts';
import { Pod } from '../pod/pod.ts';
import { describe, Problem } from '../problem.ts';
import { faultOf, type Scenario, type ScenarioLab } from './scenario.ts';
import { type ScenarioSpec, scenarioId } from './scenario-id.ts';

/** All that one scenario with one gateway needs. */
export interface ScenarioPlan {
  spec: ScenarioSpec;
  release: Release;
  scenario: Scenario;
  images: { gateway: string; sidecar: string };
}

/** Not every turn writes the store: one with a journal does so now and then. */
const TURNS_TO_A_WRITE = 4;
const HOUR_MS = 60 * 60_000;

/**
 * The life of a scenario, from nothing to evidence. As a cell it judges nothing: what a gateway does is evidence, and what the lab could not do
 * is evidence too.
 * @throws Problem engine-lost, no-space, results-unwritable: the run can't go on
 */
export async function runScenario(
  engine: Engine,
  plan: ScenarioPlan,
  folder: string,
  run: string,
  progress: { phase(name: string): void },
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  using recorder = new Recorder(folder);
  const { spec, scenario, images } = plan;
  const boot = scenario.boot?.(plan.release) ?? plan.release.boot;
  const release = { ...plan.release, boot };
  const id = scenarioId(spec);
  const steps = spec.isQuick ? scenario.steps.quick : scenario.steps.full;
  recorder.record({
    type: 'scenario',
    schemaVersion: EVIDENCE_SCHEMA_VERSION,
    id,
    ...spec,
    image: images.gateway,
    notes: [...(release.notes ?? [])],
    promises: structuredClone(release.promises) as never,
    steps,
  });
  try {
    const name = `midwrite-${randomUUID().slice(0, 13)}`;
    const podSpec = { label: `${run}/${id}`, name, release, images, memoryBytes: spec.memoryBytes };
    await using pod = await Pod.start(engine, podSpec, recorder);
    try {
      const session = new Session(pod, release, recorder, signal);
      recorder.record({ type: 'phase', name: 'prepare' });
      await session.configure();
      await scenario.live(labOf(pod, session, { ...plan, release }, steps, recorder, progress, signal));
    } finally {
      recorder.record({ type: 'phase', name: 'clean up' });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (recorder.failure !== undefined) throw recorder.failure;
    const code = error instanceof Problem ? error.code : 'engine-failed';
    recorder.record({ type: 'problem', code, message: describe(error) });
    if (code === 'engine-lost' || code === 'no-space' || code === 'results-unwritable') throw error;
  }
  if (recorder.failure !== undefined) throw recorder.failure;
  recorder.record({ type: 'end', durationMs: Math.round(performance.now() - began) });
}

function labOf(
  pod: Pod,
  session: Session,
  { release, scenario }: ScenarioPlan,
  steps: number,
  recorder: Recorder,
  progress: { phase(name: string): void },
  signal: AbortSignal,
): ScenarioLab {
  const fault = faultOf(scenario, faults);
  const { root, sweepGraceMs, temps } = release.promises;
  const patterns = new Set<string>(temps);
  const learn = () => {
    for (const pattern of learnTemps(pod.gate.events)) patterns.add(pattern);
  };
  const phase = (name: string) => {
    signal.throwIfAborted();
    recorder.record({ type: 'phase', name });
  };
  return {
    release,
    sidecar: pod.sidecar,
    steps,
    boot: () => session.boot(),
    stop: () => session.stop(),
    turn: async (name) => (await session.turn(name)).acknowledged,
    quiet: () => session.quiet(),
    async crash(point) {
      phase('hold');
      const held = await session.hold(point, TURNS_TO_A_WRITE);
      learn();
      if (held === undefined) return false;
      if (fault === undefined) throw new Error(`the scenario ${scenario.name} has no fault to inject`);
      phase('strike');
      await fault.strike(target(pod, session, recorder, held));
      phase('recover');
      return true;
    },
    async age() {
      await pod.sidecar.age(root, sweepGraceMs + HOUR_MS);
      recorder.record({ type: 'aged', byMs: sweepGraceMs + HOUR_MS, why: 'aftermath' });
    },
    sweepTime: () => session.sweepTime(),
    list: () => pod.sidecar.snapshot(root, [], 0),
    heap: () => pod.sidecar.heap(),
    async requests(http, count, from) {
      const { answered2xx, firstError } = await pod.sidecar.requests(http, count, from);
      if (answered2xx !== count)
        throw new Problem('gateway-died', `${count - answered2xx} of ${count} requests went wrong: ${firstError}`);
    },
    writtenBytes: () =>
      pod.gate.events.reduce(
        (sum, event) => sum + (event.ev === 'op' && event.op === 'write' ? (event.bytes ?? 0) : 0),
        0,
      ),
    chargedBytes: () =>
      pod.gate.events.reduce((most, event) => (event.ev === 'memory' ? Math.max(most, event.currentBytes) : most), 0),
    idle: (ms) => reach(Date.now() + ms, signal),
    isTemp: (file) => picomatch.isMatch(file, [...patterns], { dot: true }),
    step(number) {
      phase(`step ${number}`);
      progress.phase(`step ${number}/${steps}`);
    },
    point: (series, x, values) => recorder.record({ type: 'point', series, x, values }),
  };
}
