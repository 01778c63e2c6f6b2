import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeProblem } from '../evidence/recorder.ts';
import { parseResult, refuseNewer, withNewNames } from '../evidence/schema.ts';
import { GateEvent } from '../gate/protocol.ts';
import { Problem } from '../problem.ts';
import type { StateToBoot } from './boot-state.ts';
import { sha256Of } from './compare.ts';
import { Content } from './content.ts';
import type { FolderImage, Inode, InodeId } from './folder-image.ts';
import { Oracle } from './oracle.ts';
import { AnswerBefore, BeforeUpgrade, Turn } from './record.ts';

/** 2: a gateway is called a system. */
const KEPT_SCHEMA_VERSION = 2;
const STATE_FILE = 'state.json';

const Kept = z.object({
  schemaVersion: z.literal(KEPT_SCHEMA_VERSION),
  system: z.string(),
  version: z.string(),
  /** How a crash leaves it. */
  cause: z.string(),
  acknowledged: z.array(Turn),
  seen: z.array(GateEvent),
  /** Of a system from outside: what it is judged by. */
  oracle: Oracle.extend({ before: AnswerBefore }).optional(),
  /** Of an upgrade: what was made under the release before. */
  upgrade: BeforeUpgrade.optional(),
  entries: z.array(
    z.object({
      path: z.string(),
      type: z.enum(['file', 'directory', 'symlink', 'other']),
      mode: z.number(),
      /** Two names with one number are one file. */
      id: z.number(),
      target: z.string().optional(),
      /** Of a file: its content is in files/ under this name. */
      sha256: z.string().optional(),
    }),
  ),
});

/** A state with what is needed to boot it again. */
export interface KeptState extends StateToBoot {
  system: string;
  version: string;
  cause: string;
  oracle?: Oracle;
}

/** Writes a state as files: state.json, and its contents by their hashes, so that a name from a container never becomes a path. */
export async function keepState(folder: string, state: KeptState): Promise<void> {
  const { system, version, cause, acknowledged, seen, image, oracle, before, upgrade } = state;
  const entries: z.infer<typeof Kept>['entries'] = [];
  try {
    await mkdir(path.join(folder, 'files'), { recursive: true });
    for (const [file, id] of [...image.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const inode = image.inodes.get(id);
      if (inode === undefined) continue;
      const { type, mode, target, content } = inode;
      const sha256 = type === 'file' ? sha256Of(content) : undefined;
      if (sha256 !== undefined) await writeFile(path.join(folder, 'files', sha256), content.slice(0, content.size));
      entries.push({
        path: file,
        type,
        mode,
        id,
        ...(target !== undefined && { target }),
        ...(sha256 !== undefined && { sha256 }),
      });
    }
    const kept: z.infer<typeof Kept> = {
      schemaVersion: KEPT_SCHEMA_VERSION,
      system,
      version,
      cause,
      acknowledged: [...acknowledged],
      seen: [...seen],
      ...(oracle !== undefined && before !== undefined && { oracle: { ...oracle, before } }),
      ...(upgrade !== undefined && { upgrade }),
      entries,
    };
    await writeFile(path.join(folder, STATE_FILE), `${JSON.stringify(kept, null, 2)}\n`);
  } catch (error) {
    throw writeProblem(folder, error);
  }
}

/**
 * Reads a kept state back.
 * @throws Problem bad-usage, bad-results
 */
export async function readKeptState(folder: string): Promise<KeptState> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path.join(folder, STATE_FILE), 'utf8'));
  } catch (error) {
    throw new Problem('bad-usage', `${folder} is not a kept state. An exploration keeps them in states/.`, {
      cause: error,
    });
  }
  const where = `${folder}/${STATE_FILE}`;
  refuseNewer(json, where, KEPT_SCHEMA_VERSION);
  const renamed = { ...withNewNames(json as object), schemaVersion: KEPT_SCHEMA_VERSION };
  const { system, version, cause, acknowledged, seen, entries, oracle, upgrade } = parseResult(
    Kept,
    renamed,
    where,
    KEPT_SCHEMA_VERSION,
  );
  const names = new Map<string, InodeId>();
  const inodes = new Map<InodeId, Inode>();
  for (const { path: file, type, mode, id, target, sha256 } of entries) {
    const content = sha256 === undefined ? Content.empty : Content.of(await contentOf(folder, sha256));
    names.set(file, id);
    inodes.set(id, { type, mode, content, ...(target !== undefined && { target }) });
  }
  const image: FolderImage = { names, inodes };
  const kept = {
    name: path.basename(folder),
    system,
    version,
    cause,
    acknowledged,
    seen,
    image,
    ...(upgrade !== undefined && { upgrade }),
  };
  return oracle === undefined ? kept : { ...kept, oracle, before: oracle.before };
}

async function contentOf(folder: string, sha256: string): Promise<Buffer> {
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new Problem('bad-results', `${folder}/${STATE_FILE}: "${sha256}" is not a hash`);
  const file = path.join(folder, 'files', sha256);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new Problem('bad-results', `${file} is missing`, { cause: error });
  });
  if (sha256Of(Content.of(bytes)) !== sha256)
    throw new Problem('bad-results', `${file} was changed: its hash does not match its name`);
  return bytes;
}
