/** `npm run bench [-- SECTION … --json FILE --seed N --rounds N]`: figures, beside their goals. Its exit code says only whether it could measure. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { CellPlan } from '../cell/cell.ts';
import { Interrupted, interrupted, interruptible } from '../cli/interrupt.ts';
import { connect, type Engine } from '../engine/engine.ts';
import { plan } from '../plan/plan.ts';
import { describe, Problem } from '../problem.ts';
import { sweep } from '../reaper/reaper.ts';
import { buildImages } from '../run/images.ts';
import { answers } from './answers.ts';
import { armedFault } from './armed-fault.ts';
import { exploring } from './exploring.ts';
import { falseAlarms } from './false-alarms.ts';
import { holdCost } from './hold-cost.ts';
import { imageMemory } from './image-memory.ts';
import { judging } from './judging.ts';
import { labCost } from './lab-cost.ts';
import { landing } from './landing.ts';
import { looking } from './looking.ts';
import { machine } from './machine.ts';
import { outside } from './outside.ts';
import { printed } from './print.ts';
import { reportPage } from './report-page.ts';
import { samplingCost } from './sampling-cost.ts';
import type { MeasuredSection, Section } from './section.ts';
import { storeSize } from './store-size.ts';

const BENCH_SCHEMA_VERSION = 1;
const sections: readonly Section[] = [
  landing,
  falseAlarms,
  answers,
  storeSize,
  holdCost,
  armedFault,
  samplingCost,
  looking,
  labCost,
  imageMemory,
  judging,
  exploring,
  reportPage,
  outside,
];

interface Asked {
  sections: readonly Section[];
  seed: number;
  rounds: number | undefined;
  json: string | undefined;
}

async function bench(asked: Asked): Promise<void> {
  const startedAt = new Date().toISOString();
  const engine = await connect(say('engine'));
  await sweep(engine.docker, { everything: false, images: false });
  const { product, version, kernel, cgroupVersion } = engine.facts;
  const facts = { startedAt, seed: asked.seed, docker: version, kernel, cgroupVersion };
  console.log(`${product} ${version}, cgroup v${cgroupVersion}, Linux ${kernel}; --seed ${asked.seed}`);
  const cells = cellsOf(engine);
  // All of them first: what is measured is what there was when the bench began, whoever works on the images meanwhile.
  for (const system of new Set(asked.sections.flatMap((section) => section.systems))) await cells(system);
  const measured: MeasuredSection[] = [];
  for (const section of asked.sections) {
    measured.push(await measure(section, asked, engine, cells));
    // After each section: what was measured is not lost when a later one fails.
    if (asked.json !== undefined)
      await writeJson(asked.json, { schemaVersion: BENCH_SCHEMA_VERSION, ...facts, sections: measured });
    console.log(`\n${measured.slice(-1).map(printed).join('')}`);
  }
}

async function measure(
  section: Section,
  { seed, rounds }: Asked,
  engine: Engine,
  cell: (system: string) => Promise<CellPlan>,
): Promise<MeasuredSection> {
  const before = machine();
  const began = performance.now();
  const result = await section.measure({ engine, seed, rounds, signal: interrupted, cell, say: say(section.name) });
  const { name, summary } = section;
  return { name, summary, ...result, tookMs: Math.round(performance.now() - began), before, after: machine() };
}

/** The cell that everything is measured at, by system. Its images are looked up once, so that all sections measure the same. */
function cellsOf(engine: Engine): (system: string) => Promise<CellPlan> {
  const known = new Map<string, Promise<CellPlan>>();
  const make = async (system: string): Promise<CellPlan> => {
    const selection = {
      systems: [system],
      crashPoints: ['full-temp'],
      faults: ['sigkill'],
      memory: [],
      cells: [],
      repeat: 1,
    };
    const cell = (await plan(selection)).find((one) => one.role === 'cell');
    if (cell === undefined) throw new Error(`the plan of ${system} has no cell`);
    const images = await buildImages(engine, [cell], { say: say('images'), signal: interrupted });
    const [image = ''] = images.system.values();
    return { ...cell, images: { system: image, sidecar: images.sidecar } };
  };
  return (system) => {
    const cell = known.get(system) ?? make(system);
    known.set(system, cell);
    return cell;
  };
}

async function writeJson(file: string, value: unknown): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
  } catch (error) {
    throw new Problem('results-unwritable', `${file} can't be written (${describe(error)})`, { cause: error });
  }
}

const say = (about: string) => (line: string) => console.error(`${about}: ${line}`);

function asked(args: readonly string[]): Asked {
  const { values, positionals } = parsed(args);
  const unknown = positionals.find((name) => !sections.some((section) => section.name === name));
  if (unknown !== undefined)
    throw new Problem(
      'bad-usage',
      `Unknown section "${unknown}". Available: ${sections.map((section) => section.name).join(', ')}.`,
    );
  return {
    sections: positionals.length === 0 ? sections : sections.filter((section) => positionals.includes(section.name)),
    seed: whole('--seed', values.seed) ?? randomInt(2 ** 32),
    rounds: whole('--rounds', values.rounds),
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'string' }, seed: { type: 'string' }, rounds: { type: 'string' } },
    });
  } catch (error) {
    throw new Problem(
      'bad-usage',
      `${describe(error)}. Usage: npm run bench -- [SECTION …] [--json FILE] [--seed N] [--rounds N]`,
    );
  }
}

function whole(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || (option === '--rounds' && Number(text) === 0))
    throw new Problem('bad-usage', `${option} takes a whole number, not "${text}".`);
  return Number(text);
}

try {
  await interruptible(() => bench(asked(process.argv.slice(2))));
} catch (error) {
  if (!(error instanceof Problem) && !(error instanceof Interrupted)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = error.exitCode;
}
