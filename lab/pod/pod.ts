import { LabContainer } from '../docker/lab-container.ts';
import { readWhole } from '../docker/read-whole.ts';
import { DockerWatch } from '../docker/watch.ts';
import type { Engine } from '../engine/engine.ts';
import type { EvidenceSink } from '../evidence/recorder.ts';
import type { PowerCut } from '../fault.ts';
import { Gate, type GateListener } from '../gate/gate.ts';
import { type ArmSpec, isOfRecord } from '../gate/protocol.ts';
import { cutPower } from '../machine/power-cut.ts';
import { Problem } from '../problem.ts';
import { Sidecar } from '../sidecar/client.ts';
import type { Release } from '../system.ts';
import { within } from '../wait.ts';
import { type PodBase, type PodSpec, partOf, SIDECAR_START_LIMIT_MS, startBase, startSidecar } from './base.ts';
import { commandSpec, HOSTNAME, systemSpec } from './specs.ts';

/** A release, and its image with writegate in it. */
export interface PodProgram {
  release: Release;
  image: string;
}

/** What a boot has that the pod's others do not have. */
export interface BootOptions {
  /** Beside its own environment, from now on. */
  env?: Readonly<Record<string, string>>;
  /** What writegate runs before its first call, beside what it runs at every boot. */
  firstCommands?: readonly string[];
  /** Another release in its place, on the same state. Absent: the pod's own. */
  program?: PodProgram;
  /** Another program of its image in its place. */
  argv?: readonly string[];
  /**
   * A hold in the boot itself. writegate gets it while the system's program is being loaded: whether that was before its first call in the state folder
   * is in the order of the events.
   */
  arm?: { id: string; spec: ArmSpec };
}

/** How a command line in a pod ended. */
export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** More of an output is not kept. */
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
const LAST_LINES_LIMIT_MS = 10_000;
const GATE_START_LIMIT_MS = 30_000;

/** By its whole path: an image may have a PATH of its own, or none. */
export const WRITEGATE = '/usr/local/bin/writegate';

const SECOND = '-second';
/** No process of the first machine has it in the second one. */
const SECOND_PID = 64;

interface PodParts {
  engine: Engine;
  spec: PodSpec;
  recorder: EvidenceSink;
  volume: string;
  sidecar: Sidecar;
  sidecarContainer: LabContainer;
  watch: DockerWatch;
  resources: AsyncDisposableStack;
  /** Of all systems on the state folder: a boot's number says whose it is. */
  boots: { last: number };
  /** Of the names of the containers. */
  suffix: string;
}

/** The engine's events of a pod's containers, into its evidence. */
const watchOf = (engine: Engine, spec: PodSpec, recorder: EvidenceSink): Promise<DockerWatch> =>
  DockerWatch.start(engine, spec.label, (event) => recorder.record({ type: 'docker', ...event }));

/**
 * Two containers and a volume. The sidecar owns a network namespace that has only loopback; the system joins it, so that its memory cgroup
 * holds the system alone. Disposing of the pod removes all of it.
 */
export class Pod implements AsyncDisposable {
  #watch: DockerWatch;
  readonly systemName: string;
  readonly #engine: Engine;
  readonly #spec: PodSpec;
  readonly #recorder: EvidenceSink;
  readonly #volume: string;
  #sidecar: Sidecar;
  #sidecarContainer: LabContainer;
  #isReplaced = false;
  readonly #resources: AsyncDisposableStack;
  #container: LabContainer | undefined;
  #gate: Gate | undefined;
  /** What the container was made of, and what its writegate runs first. */
  #image: string | undefined;
  #firstCommands: readonly string[] = [];
  #boot = 0;
  readonly #boots: { last: number };
  readonly #suffix: string;
  #endedBoot = 0;
  #isCut = false;
  #commands = 0;

  private constructor(parts: PodParts) {
    this.#engine = parts.engine;
    this.#spec = parts.spec;
    this.#boots = parts.boots;
    this.#suffix = parts.suffix;
    this.#recorder = parts.recorder;
    this.#volume = parts.volume;
    this.#sidecar = parts.sidecar;
    this.#sidecarContainer = parts.sidecarContainer;
    this.#watch = parts.watch;
    this.#resources = parts.resources;
    this.systemName = `${parts.spec.name}-system${parts.suffix}`;
  }

  /**
   * Starts the sidecar on a fresh volume. The system is not booted yet.
   * @param ahead it was started already, for this spec. What the engine told until now is in no evidence
   */
  static async start(
    engine: Engine,
    spec: PodSpec,
    recorder: EvidenceSink,
    ahead?: () => Promise<PodBase>,
  ): Promise<Pod> {
    await using undo = new AsyncDisposableStack();
    const watch = undo.use(await watchOf(engine, spec, recorder));
    const { resources, ...base } = await (ahead?.() ?? startBase(engine, spec));
    undo.use(resources);
    const boots = { last: spec.bootsBefore ?? 0 };
    return new Pod({ engine, spec, recorder, watch, boots, suffix: '', ...base, resources: undo.move() });
  }

  /**
   * A second system on the same state folder, as on another machine: its processes, its loopback, its provider and its driver are its own. Its boots
   * are numbered with those of the first, and an event `second` says which they are. It goes before the first.
   */
  async beside(): Promise<Pod> {
    await using own = new AsyncDisposableStack();
    const suffix = SECOND;
    const parts = {
      engine: this.#engine,
      spec: this.#spec,
      recorder: this.#recorder,
      volume: this.#volume,
      watch: this.watch,
      boots: this.#boots,
      suffix,
    };
    const started = await startSidecar({ ...parts, hostname: `${HOSTNAME}${suffix}` }, own);
    return new Pod({ ...parts, ...started, resources: own.move() });
  }

  /**
   * Takes the stopped system's container away, and the sidecar's with it, whose hostname and loopback it had: the next boot is of a new one on the same
   * state, under another hostname and with another process id.
   */
  async replace(): Promise<void> {
    await this.#container?.[Symbol.asyncDispose]();
    this.#container = undefined;
    this.#isReplaced = true;
    await this.#sidecarContainer[Symbol.asyncDispose]();
    const hostname = `${HOSTNAME}${this.#suffix}-replaced`;
    const where = { engine: this.#engine, spec: this.#spec, volume: this.#volume, suffix: this.#suffix, hostname };
    const { sidecar, sidecarContainer } = await startSidecar(where, this.#resources);
    this.#sidecar = sidecar;
    this.#sidecarContainer = sidecarContainer;
  }

  /**
   * Boots the system: the first time a new container, after that the same one again. Resolves when writegate is its parent.
   * @param more of which `env` and `argv` each take a new container, on the same state, and so do other `firstCommands` than the boot before had
   */
  async boot({ env, firstCommands = [], argv, arm, program: asked }: BootOptions = {}): Promise<Gate> {
    const { release: own, image } = asked ?? { release: this.#spec.release, image: this.#spec.images.system };
    const isOther = image !== this.#image;
    this.#image = image;
    this.#boots.last += 1;
    this.#boot = this.#boots.last;
    if (this.#suffix === SECOND) this.#recorder.record({ type: 'second', boot: this.#boot });
    const listener = this.#listen(this.#boot);
    const isSame = firstCommands.join('\n') === this.#firstCommands.join('\n');
    this.#firstCommands = firstCommands;
    if (isOther || env !== undefined || argv !== undefined || !isSame) {
      await this.#container?.[Symbol.asyncDispose]();
      this.#container = undefined;
    }
    if (this.#container === undefined) {
      const { memoryBytes, sampleMs, tellsOpens } = this.#spec;
      const { boot } = own;
      const program = { command: argv ?? boot.command, env: { ...boot.env, ...env } };
      const release = { ...own, boot: { ...boot, ...program } };
      const sampling = sampleMs === undefined ? [] : ['--sample-ms', String(sampleMs)];
      const opens = tellsOpens === true ? ['--opens'] : [];
      const isElsewhere = this.#suffix === SECOND || this.#isReplaced;
      const pid = isElsewhere ? ['--pid', String(SECOND_PID)] : [];
      const commands = [...(this.#spec.firstCommands ?? []), ...firstCommands].flatMap((line) => ['--command', line]);
      const options = ['--state', release.promises.root, ...sampling, ...opens, ...pid, '--exit-on-eof', ...commands];
      const writegate = [WRITEGATE, 'run', ...options, '--'];
      const part = { ...partOf(this.#spec, this.#volume, this.#suffix), release, image };
      const spec = systemSpec(part, this.#sidecarContainer.id, memoryBytes, writegate);
      this.#container = this.#resources.use(await LabContainer.start(this.#engine, spec));
      this.#gate = new Gate(this.#container.streams, listener);
    } else {
      await this.#gate?.ended;
      this.#gate = new Gate(await this.#container.startAgain(), listener);
    }
    if (arm !== undefined) this.#gate.send('arm', { id: arm.id, ...arm.spec });
    await this.#gate.waitForKind({ name: 'writegate to start', limitMs: GATE_START_LIMIT_MS }, 'start');
    return this.#gate;
  }

  get sidecar(): Sidecar {
    return this.#sidecar;
  }

  /** The volume with the state folder. */
  get volume(): string {
    return this.#volume;
  }

  get watch(): DockerWatch {
    return this.#watch;
  }

  get bootNumber(): number {
    return this.#boot;
  }

  get memoryBytes(): number {
    return this.#spec.memoryBytes;
  }

  get promises(): Release['promises'] {
    return this.#spec.release.promises;
  }

  /** The state folder. */
  get root(): string {
    return this.promises.root;
  }

  get gate(): Gate {
    if (this.#gate === undefined) throw new Error('the system was not booted yet');
    return this.#gate;
  }

  get container(): LabContainer {
    if (this.#container === undefined) throw new Error('the system was not booted yet');
    return this.#container;
  }

  #listen(boot: number): GateListener {
    return {
      event: (event) => {
        this.#spec.onGateEvent?.(event);
        if (!isOfRecord(event)) this.#recorder.record({ type: 'gate', boot, event });
      },
      log: (line) => this.#recorder.record({ type: 'log', boot, line }),
      garbage: (line, why) => this.#recorder.record({ type: 'garbage', boot, line: line.slice(0, 2_000), why }),
    };
  }

  /** Waits until the container has stopped and both of its streams were read to their end. */
  async ended(limitMs: number, byLab: boolean): Promise<void> {
    const end = await this.container.ended(limitMs);
    await within({ name: "the system's last lines", limitMs }, this.gate.ended);
    this.#endedBoot = this.#boot;
    this.#recorder.record({ type: 'stopped', boot: this.#boot, ...end, byLab });
  }

  /**
   * Cuts the power of the engine's machine and switches it on again. The volume is what the disk kept; the sidecar is started anew, and the next boot
   * of the system starts its container again.
   * @throws Problem no-machine, machine-lost
   */
  async cutPower(): Promise<PowerCut> {
    const { machine } = this.#engine;
    if (machine === undefined)
      throw new Problem(
        'no-machine',
        `the engine at ${this.#engine.endpoint.uri} is on a machine whose power is not the lab's to cut: run it with --on machine.`,
      );
    this.#isCut = true;
    const seen = await cutPower(machine);
    await within({ name: "the system's last lines", limitMs: LAST_LINES_LIMIT_MS }, this.gate.ended);
    this.#endedBoot = this.#boot;
    this.#watch = this.#resources.use(await watchOf(this.#engine, this.#spec, this.#recorder));
    this.#sidecar = new Sidecar(await this.#sidecarContainer.startAgain());
    await this.#sidecar.started(SIDECAR_START_LIMIT_MS);
    this.#isCut = false;
    return seen;
  }

  /** Its power is off, or was cut and its sidecar is not there again. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** How the system of this boot ended, where neither a fault nor a stop of the lab's was waited for. */
  get endedByItself(): string | undefined {
    if (this.#endedBoot === this.#boot) return undefined;
    return this.#gate?.howEnded;
  }

  /**
   * Runs a command line to its end beside the system, which may be running, frozen or stopped: in a container of its own, with the system's image,
   * environment, volume and loopback.
   * @throws Problem limit-passed: it was removed
   */
  async command(argv: readonly string[], limitMs: number): Promise<CommandResult> {
    this.#commands += 1;
    const began = performance.now();
    const isSystemRunning = (await this.#container?.isRunning()) ?? false;
    const spec = commandSpec(
      { ...partOf(this.#spec, this.#volume, this.#suffix), image: this.#spec.images.system },
      this.#sidecarContainer.id,
      this.#spec.memoryBytes,
      {
        argv,
        serial: this.#commands,
        ...(isSystemRunning && this.#container !== undefined ? { systemId: this.#container.id } : {}),
      },
    );
    await using container = await LabContainer.start(this.#engine, spec);
    const { stdin, stdout, stderr } = container.streams;
    const outputs = Promise.all([readWhole(stdout, OUTPUT_LIMIT_BYTES), readWhole(stderr, OUTPUT_LIMIT_BYTES)]);
    stdin.end();
    const { exitCode, oomKilled } = await container.ended(limitMs);
    const [out, err] = await within({ name: "the command's last lines", limitMs: LAST_LINES_LIMIT_MS }, outputs);
    this.#recorder.record({
      type: 'command',
      argv: [...argv],
      isSystemRunning,
      exitCode,
      oomKilled,
      stdout: out.text,
      stderr: err.text,
      droppedBytes: out.droppedBytes + err.droppedBytes,
      tookMs: Math.round(performance.now() - began),
    });
    return { exitCode, stdout: out.text, stderr: err.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
