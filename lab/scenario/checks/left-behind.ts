import path from 'node:path';
import type { Roles } from '../../crash-point/places.ts';
import { rolesAmong } from '../../crash-point/roles-among.ts';
import type { CellEvidence } from '../../evidence/cell-evidence.ts';
import type { EvidenceOf } from '../../evidence/event.ts';
import { held, inconclusive, notApplicable, violated } from '../../result/verdict.ts';
import { fitLine } from '../fit.ts';
import { bytesInWords } from '../in-words.ts';
import type { LookSeries, ScenarioCheck } from '../scenario.ts';

type Look = EvidenceOf<'look'>;

/** What grows in one folder: with each crash, beyond what as many undisturbed boots leave. */
export interface Growth {
  /** The outermost new folder, or the file itself, with `*` where its name changes. */
  where: string;
  /** A crash: files, folders and bytes, and half of the width of each interval at 95 %. */
  files: Slope;
  folders: Slope;
  bytes: Slope;
  /** How many there are at the end. */
  left: { files: number; folders: number; bytes: number };
}

export interface Slope {
  each: number;
  halfWidth: number;
}

/** What the crashes of a scenario left, told from looks at its folders. */
export interface LeftBehind {
  growing: Growth[];
  /** What was left, and does not become more. */
  once: string[];
  crashes: number;
  undisturbed: number;
  /** The look after the last crash. */
  last: Look;
}

/** What is new in one look. */
interface Seen {
  x: number;
  segment: number;
  groups: Map<string, { files: number; folders: number; bytes: number }>;
}

/** What disk the document of `disk-bounded` speaks of. */
const FULL_BYTES = 51e9;
/** A line needs a point more than it has parameters, and an interval one more. */
const FEWEST_POINTS = 3;
const SHOWN = 4;
/** A crash in so many leaves something: less than that is told apart from nothing by more crashes only. */
const NEGLIGIBLE_ENTRIES = 0.25;

/** The looks of a series, and the segment of each: a run that was taken up again goes on with an empty folder, and with undisturbed boots of its own. */
function looksOf(evidence: CellEvidence, series: LookSeries): { look: Look; segment: number }[] {
  const begins = evidence.of('resumed').map(({ t }) => t);
  const looks = evidence.of('look').filter((look) => look.series === series);
  return looks.map((look) => ({ look, segment: 1 + begins.filter((t) => t <= look.t).length }));
}

const bootsBetween = (evidence: CellEvidence, from: Look, to: Look): number =>
  evidence.of('gate').filter(({ event, t }) => event.ev === 'start' && t > from.t && t <= to.t).length;

/** New names since `base`, under the outermost new folder that they are in. */
function newIn(
  look: Look,
  base: ReadonlySet<string>,
  roles: Roles,
): Map<string, { files: number; folders: number; bytes: number }> {
  const groups = new Map<string, { files: number; folders: number; bytes: number }>();
  for (const { path: file, type, size } of look.entries) {
    if (base.has(file)) continue;
    const where = outermost(file, base, look.roots, roles);
    const key = roles(where.path, type === 'directory' || where.isFolder);
    const group = groups.get(key) ?? { files: 0, folders: 0, bytes: 0 };
    groups.set(key, {
      files: group.files + (type === 'directory' ? 0 : 1),
      folders: group.folders + (type === 'directory' ? 1 : 0),
      bytes: group.bytes + (type === 'file' ? size : 0),
    });
  }
  return groups;
}

function outermost(
  file: string,
  base: ReadonlySet<string>,
  roots: readonly string[],
  roles: Roles,
): { path: string; isFolder: boolean } {
  let found = { path: file, isFolder: false };
  for (
    let folder = path.posix.dirname(file);
    !roots.includes(folder) && folder !== '/';
    folder = path.posix.dirname(folder)
  ) {
    if (base.has(folder)) break;
    // A folder that always has the same name is made once: what is in it grows, and names itself.
    if (!path.posix.basename(roles(folder, true)).includes('*')) continue;
    found = { path: folder, isFolder: true };
  }
  return found;
}

/**
 * What crashes leave in any watched folder that undisturbed boots do not. Nothing is known by its name: an entry is left behind if it was not there before the
 * first crash, and it grows if each crash adds one, beyond what the boots of that crash would have added undisturbed.
 * @returns undefined: too few looks for a line
 */
export function leftBehindIn(evidence: CellEvidence): LeftBehind | undefined {
  const all = { undisturbed: looksOf(evidence, 'undisturbed'), crashes: looksOf(evidence, 'crashes') };
  const paths = (look: Look) => new Set(look.entries.map((entry) => entry.path));
  const roles = rolesAmong(Object.values(all).flatMap((looks) => looks.flatMap(({ look }) => [...paths(look)])));
  const struck: Seen[] = [];
  const quiet: Seen[] = [];
  let boots = { crashes: 0, ofCrashes: 0, undisturbed: 0, ofUndisturbed: 0 };
  for (const segment of new Set(all.crashes.map((one) => one.segment))) {
    const own = (looks: typeof all.crashes) => looks.flatMap((one) => (one.segment === segment ? [one.look] : []));
    const [undisturbed, crashes] = [own(all.undisturbed), own(all.crashes)];
    const [first] = undisturbed;
    const base = undisturbed.at(-1);
    const last = crashes.at(-1);
    if (first === undefined || base === undefined || last === undefined || undisturbed.length < 2) continue;
    struck.push(...crashes.map((look) => ({ x: look.x, segment, groups: newIn(look, paths(base), roles) })));
    quiet.push(...undisturbed.map((look) => ({ x: look.x, segment, groups: newIn(look, paths(first), roles) })));
    boots = {
      crashes: boots.crashes + crashes.length,
      ofCrashes: boots.ofCrashes + bootsBetween(evidence, base, last),
      undisturbed: boots.undisturbed + undisturbed.length - 1,
      ofUndisturbed: boots.ofUndisturbed + bootsBetween(evidence, first, base),
    };
  }
  const last = all.crashes.at(-1)?.look;
  if (last === undefined || quiet.length < FEWEST_POINTS || struck.length < FEWEST_POINTS) return undefined;
  const bootsOfACrash = boots.ofCrashes / boots.crashes;
  const bootsEach = boots.ofUndisturbed / boots.undisturbed;
  const grown = new Set([...struck.flatMap(({ groups }) => [...groups.keys()])]);
  const growing: Growth[] = [];
  const once: string[] = [];
  for (const where of [...grown].sort()) {
    const slope = (of: 'files' | 'folders' | 'bytes'): Slope | undefined => {
      const line = (looks: typeof struck) =>
        fitLine(looks.map(({ x, segment, groups }) => ({ x, segment, y: groups.get(where)?.[of] ?? 0 })));
      const [crash, boot] = [line(struck), line(quiet)];
      if (crash === undefined || boot === undefined) return undefined;
      // A boot that is struck may leave all that one leaves that is not.
      const times = bootsOfACrash / Math.max(1, bootsEach);
      return { each: crash.slope - times * boot.slope, halfWidth: Math.hypot(crash.halfWidth, times * boot.halfWidth) };
    };
    const [files, folders, bytes] = [slope('files'), slope('folders'), slope('bytes')];
    if (files === undefined || folders === undefined || bytes === undefined) return undefined;
    const left = struck.at(-1)?.groups.get(where) ?? { files: 0, folders: 0, bytes: 0 };
    if (isMore(files) || isMore(folders) || isUnclear(files) || isUnclear(folders))
      growing.push({ where, files, folders, bytes, left });
    else if (left.files + left.folders > 0) once.push(where);
  }
  return { growing, once, crashes: boots.crashes, undisturbed: boots.undisturbed, last };
}

/** What grows beyond doubt. */
export const growsForSure = ({ files, folders }: Growth): boolean => isMore(files) || isMore(folders);
const isMore = ({ each, halfWidth }: Slope): boolean => each - halfWidth > 0;
const isUnclear = (slope: Slope): boolean =>
  !isMore(slope) && slope.each > 0 && slope.each + slope.halfWidth > NEGLIGIBLE_ENTRIES;

const count = ({ each, halfWidth }: Slope, one: string, many: string): string =>
  `${each.toFixed(2)} ${each === 1 ? one : many}${halfWidth > 0 ? ` (95 %: ±${halfWidth.toFixed(2)})` : ''}`;

/** `1.00 files, 2.00 folders and 1.57 MB a crash in /state/.cache/x-*`. */
export function growthInWords({ where, files, folders, bytes }: Growth): string {
  const parts = [
    ...(files.each > 0 ? [count(files, 'file', 'files')] : []),
    ...(folders.each > 0 ? [count(folders, 'folder', 'folders')] : []),
  ];
  const size = `${bytesInWords(bytes.each)}${bytes.halfWidth > 0 ? ` (95 %: ±${bytesInWords(bytes.halfWidth)})` : ''}`;
  return `${parts.join(', ')} with ${size} a crash in ${where}`;
}

export const leftBehind: ScenarioCheck = {
  id: 'left-behind',
  promise: 'crashes leave nothing for ever, in any folder, that undisturbed boots do not leave',

  judge({ evidence, proof }) {
    const found = leftBehindIn(evidence);
    if (found === undefined) {
      const looks = looksOf(evidence, 'crashes').length;
      return evidence.of('not-ready').length > 0
        ? notApplicable(`the system was not ready again: ${looks} looks after a crash are too few for a line`)
        : inconclusive(
            `only ${looks} looks after a crash, and ${looksOf(evidence, 'undisturbed').length} at undisturbed boots: too few for a line`,
          );
    }
    const { growing, once, crashes, undisturbed, last } = found;
    const how = `${crashes} crashes, ${undisturbed} undisturbed boots`;
    const more = growing.filter(growsForSure);
    if (more.length > 0) {
      const bytes = more.reduce((sum, growth) => sum + growth.bytes.each, 0);
      const until = bytes >= 1 ? `; at this rate ${Math.ceil(FULL_BYTES / bytes)} crashes leave 51 GB` : '';
      const others = more.length > SHOWN ? `; and ${more.length - SHOWN} folders more` : '';
      return violated(`${more.slice(0, SHOWN).map(growthInWords).join('; ')}${others}${until} (${how})`, last);
    }
    if (growing.length > 0)
      return inconclusive(
        `${growing.slice(0, SHOWN).map(growthInWords).join('; ')}: neither nothing nor something (${how})`,
      );
    const stays = once.length === 0 ? '' : `; left, and not more with each crash: ${once.slice(0, SHOWN).join(', ')}`;
    return held(proof, `nothing that grows with the crashes (${how})${stays}`, last);
  },
};
