import { parseArgs } from 'node:util';
import { isKind, KINDS } from './config.ts';
import { UsageError } from './config-section.ts';
import { DEFECTS, type Defect, isDefect } from './defects.ts';
import type { Prune } from './state.ts';

export const USAGE = `usage:
  node main.ts                                                     run the gateway
  node main.ts sessions cleanup [--dry-run | --enforce] [--json]   what the retention takes; only shown without --enforce
  node main.ts sessions prune --older-than AGE [--kind KIND]... [--dry-run] [--json]
                                                                   and what was not used for AGE: 90s, 15m, 12h, 7d, 4w
  node main.ts index rebuild | index show                          an index of the sessions' keys, made anew; how many are in it
  node main.ts backup create | backup restore COPY TARGET          a copy of the store, and its way back to a new place
options of each:
  --config FILE   a JSON file; the environment goes before it     --defect NAME   switch a defect on (may be repeated)
  --help          this text
`;

/** What the operator asks for. */
export type Command =
  | { readonly name: 'help' }
  | ({ readonly name: 'gateway' } & CommonOptions)
  | ({ readonly name: 'sessions' } & CommonOptions & SessionsOptions)
  | ({ readonly name: 'files' } & CommonOptions & FilesOptions);

interface CommonOptions {
  readonly configFile: string | undefined;
  readonly defects: ReadonlySet<Defect>;
}

export interface SessionsOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly prune: Prune | undefined;
}

export type FilesOptions =
  | { readonly action: 'rebuild' | 'show' | 'create' }
  | { readonly action: 'restore'; readonly copy: string; readonly target: string };

type Values = ReturnType<typeof parse>['values'];
type Option = keyof Values;

const COMMON: readonly Option[] = ['config', 'defect'];

/** Reads the arguments; throws a `UsageError` that says what to write instead. */
export function readCommandLine(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help) return { name: 'help' };
  const common = { configFile: values.config, defects: readDefects(values.defect ?? []) };
  const command = positionals.join(' ');
  const allow = (...options: Option[]) => refuseOthers(values, command, [...COMMON, ...options]);
  const json = values.json ?? false;
  const [noun, verb, copy, target, ...more] = positionals;
  if (noun === 'backup' && verb === 'restore' && copy !== undefined && target !== undefined && more.length === 0) {
    allow();
    return { name: 'files', ...common, action: verb, copy, target };
  }
  switch (command) {
    case 'index rebuild':
    case 'index show':
    case 'backup create':
      allow();
      return { name: 'files', ...common, action: verb as 'rebuild' | 'show' | 'create' };
    case '':
      allow();
      return { name: 'gateway', ...common };
    case 'sessions cleanup':
      allow('dry-run', 'enforce', 'json');
      if (values['dry-run'] && values.enforce) throw new UsageError('write either --dry-run or --enforce, not both');
      return { name: 'sessions', ...common, dryRun: !values.enforce, json, prune: undefined };
    case 'sessions prune':
      allow('dry-run', 'json', 'older-than', 'kind');
      return { name: 'sessions', ...common, dryRun: values['dry-run'] ?? false, json, prune: readPrune(values) };
    default:
      throw new UsageError(`there is no command ${JSON.stringify(command)}\n${USAGE}`);
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        defect: { type: 'string', multiple: true },
        help: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        enforce: { type: 'boolean' },
        json: { type: 'boolean' },
        'older-than': { type: 'string' },
        kind: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
}

function refuseOthers(values: Values, command: string, allowed: readonly Option[]): void {
  const other = (Object.keys(values) as Option[]).find((option) => !allowed.includes(option));
  if (other === undefined) return;
  throw new UsageError(`--${other} is no option of ${command === '' ? 'the gateway' : `"${command}"`}\n${USAGE}`);
}

function readDefects(names: readonly string[]): ReadonlySet<Defect> {
  const unknown = names.find((name) => !isDefect(name));
  if (unknown === undefined) return new Set(names.filter(isDefect));
  const list = Object.entries(DEFECTS).map(([known, effect]) => `\n  ${known}: ${effect}`);
  throw new UsageError(`there is no defect ${JSON.stringify(unknown)}; there are:${list.join('')}`);
}

function readPrune(values: Values): Prune {
  const olderThanMs = durationMs(values['older-than']);
  const kinds = values.kind?.map((kind) => {
    if (isKind(kind)) return kind;
    throw new UsageError(`--kind must be one of ${KINDS.join(', ')}, and is ${JSON.stringify(kind)}`);
  });
  return kinds === undefined ? { olderThanMs } : { olderThanMs, kinds };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function durationMs(text: string | undefined): number {
  const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d|w)$/.exec(text ?? '') ?? [];
  if (digits !== undefined && unit !== undefined) return Number(digits) * (UNIT_MS[unit] ?? 0);
  const was = text === undefined ? 'is missing' : `is ${JSON.stringify(text)}`;
  throw new UsageError(`--older-than must be an age such as 90s, 15m, 12h, 7d or 4w, and ${was}`);
}
