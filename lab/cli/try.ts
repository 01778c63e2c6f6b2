import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asSystem } from '../define/as-system.ts';
import type { SystemDefinition } from '../define/definition.ts';
import { parseConfig } from '../define/load.ts';
import { add } from '../known.ts';
import type { Observation } from '../observe/observe.ts';
import { plain } from '../plain.ts';
import { type Outsider, outsiders } from '../plan/plan-outside.ts';
import { type ExitCode, Problem } from '../problem.ts';
import type { ImageSource } from '../source/source.ts';
import { type RunOptions, runCells } from './cells.ts';
import { conclude } from './run.ts';
import { configText } from './saved-config.ts';

/** The options of `try`, as commander gives them. */
export interface TryOptions extends RunOptions {
  npm?: string[];
  scripts?: boolean;
  debian?: string[];
  dockerfile?: string;
  image?: string;
  start?: string;
  ready?: string;
  setup?: string[];
  write: string;
  read: string;
  state?: string;
  file?: string[];
  env?: string[];
  memory?: string;
  fault?: string[];
  place?: string[];
  cell?: string[];
  everyCall?: boolean;
  atOnce?: number;
  name?: string;
  save?: string | boolean;
}

const ANSWER = 'yes';
const CONFIG_FILE = 'midwrite.config.ts';

/** Tests a program from outside, with nothing but a command line. */
export async function tryCommand(options: TryOptions): Promise<ExitCode> {
  const file = fileToSave(options);
  const definition = definitionOf(options);
  const { systems } = parseConfig({ systems: [definition] }, 'the command line');
  add({ systems: systems.map((one) => asSystem(one, process.cwd())), checks: [], faults: [] });
  const { fault = [], place = [], cell = [], everyCall } = options;
  const selection = {
    systems: [definition.name],
    faults: fault,
    crashPoints: place,
    memory: [],
    cells: cell,
    repeat: 1,
  };
  // A program that asks something, and gets no answer, may refuse its first write.
  const talkative = { ...definition, questions: ANSWER };
  const [outsider] = await outsiders(selection, everyCall === true);
  if (outsider === undefined) throw new Error('the system of the command line is known');
  const otherwise = { ...outsider, release: await asSystem(talkative, process.cwd()).release('now') };
  let used = definition;
  const plan = {
    cells: [],
    outsiders: [{ ...outsider, otherwise }],
    again: commandLine(options),
    told: (chosen: Outsider, observation: Observation) => {
      // Only the first way has another one beside it.
      used = chosen.otherwise === undefined ? talkative : definition;
      tell(used, observation, options);
    },
  };
  const code = await conclude(await runCells(plan, options), options);
  if (file !== undefined) await writeFile(file, configText(used));
  if (options.json !== true) console.log(kept(file));
  return code;
}

/** @throws Problem bad-usage: there is one already */
function fileToSave({ save }: TryOptions): string | undefined {
  if (save === undefined || save === false) return undefined;
  const file = path.resolve(save === true ? CONFIG_FILE : save);
  if (existsSync(file))
    throw new Problem('bad-usage', `${file} already exists, and --save never overwrites. Name another file.`);
  return file;
}

function kept(file: string | undefined): string {
  return file === undefined
    ? `\nTo keep this test, add --save: it writes ${CONFIG_FILE}, and \`npx midwrite run\` does the same again.`
    : `\nSaved as ${path.relative(process.cwd(), file)}: \`npx midwrite run\` does the same again.`;
}

function imageOf({ npm, scripts, debian, dockerfile, image }: TryOptions): ImageSource {
  if (scripts === true && npm === undefined)
    throw new Problem('bad-usage', '--scripts runs the install scripts of packages from npm: name them with --npm.');
  const given: ImageSource[] = [
    ...(npm === undefined ? [] : [{ kind: 'npm', packages: npm, ...(scripts === true && { scripts }) } as const]),
    ...(debian === undefined ? [] : [{ kind: 'debian', packages: debian } as const]),
    ...(dockerfile === undefined ? [] : [{ kind: 'dockerfile', folder: dockerfile } as const]),
    ...(image === undefined ? [] : [{ kind: 'image', ref: image } as const]),
  ];
  const [one] = given;
  if (one === undefined || given.length > 1)
    throw new Problem(
      'bad-usage',
      'name where the program comes from, once: --npm, --debian, --dockerfile or --image.',
    );
  return one;
}

function nameOf(image: ImageSource): string {
  const text =
    image.kind === 'image'
      ? image.ref
      : image.kind === 'dockerfile'
        ? path.basename(path.resolve(image.folder))
        : image.packages[0];
  const name = (text ?? '')
    .replace(/^@/, '')
    .replace(/[@:].*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  return name === '' ? 'program' : name;
}

function pairs(list: readonly string[] | undefined, option: string): Record<string, string> | undefined {
  if (list === undefined) return undefined;
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Problem('bad-usage', `--${option} ${text}: write NAME=…`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function readyOf(ready: string | undefined): SystemDefinition['ready'] {
  return ready?.startsWith('log:') === true ? { log: ready.slice('log:'.length) } : ready;
}

/** What was asked for, as a config would say it. */
export function definitionOf(options: TryOptions): SystemDefinition {
  const { start, setup, write, read, state, memory, fault, atOnce } = options;
  const image = imageOf(options);
  const fields = {
    name: options.name ?? nameOf(image),
    image,
    start,
    ready: readyOf(options.ready),
    setup: setup?.length === 1 ? setup[0] : setup,
    write,
    read,
    state,
    files: pairs(options.file, 'file'),
    env: pairs(options.env, 'env'),
    memory,
    faults: fault,
    writesAtOnce: atOnce,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as SystemDefinition;
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command and its options, without what says which cells. */
function commandLine(options: TryOptions): string {
  const { npm, debian, dockerfile, image, start, ready, setup, write, read, state, file, env, memory, name, atOnce } =
    options;
  const given: [string, string | readonly string[] | undefined][] = [
    ['npm', npm],
    ['debian', debian],
    ['dockerfile', dockerfile],
    ['image', image],
    ['start', start],
    ['ready', ready],
    ['setup', setup],
    ['write', write],
    ['read', read],
    ['state', state],
    ['file', file],
    ['env', env],
    ['memory', memory],
    ['name', name],
    ['at-once', atOnce === undefined ? undefined : String(atOnce)],
  ];
  const words = given.flatMap(([option, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `--${option} ${quoted(one)}`),
  );
  return ['try', ...words, ...(options.scripts === true ? ['--scripts'] : [])].join(' ');
}

/** What one write was seen to do, before anything is struck. */
function tell(
  { name, questions }: SystemDefinition,
  { told, places, others }: Observation,
  { json }: TryOptions,
): void {
  const say = json === true ? console.error : console.log;
  say(`\nOne write of ${name}, undisturbed:`);
  for (const line of told) say(`  ${plain(line)}`);
  if (questions !== undefined) say(`  it asks questions: each is answered with "${questions}" (questions in a config)`);
  const shown = places.filter((place) => place.kind !== 'unsynced');
  say(`\n${shown.length === 1 ? '1 place' : `${shown.length} places`} to strike at:`);
  for (const { id, words } of shown) say(`  ${plain(words)}  (${id})`);
  if (others.length > 0)
    say(
      `  ${others.length} more, of files that are changed as these are; -p takes them: ${others.map(({ id }) => id).join(', ')}`,
    );
  say('');
}
