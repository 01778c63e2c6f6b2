import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { LABEL } from '../docker/labels.ts';
import type { Engine } from '../engine/engine.ts';
import { installPackages } from '../engine/private-engine.ts';
import { debianCpu } from '../machine-kind.ts';
import { scratch } from '../owner/scratch.ts';
import { run } from '../process.ts';
import { ensureRunsHere, unpackingLimit } from './foreign-processor.ts';
import type { BuildOptions, Platform } from './recipe.ts';
import { follow } from './send.ts';

export const SUITE = 'bookworm';
const LIMIT_MS = 10 * 60_000;

export interface Bootstrap {
  /** As mmdebstrap names them: `custom` installs nothing, `apt` what is essential and apt, `minbase` a little more. */
  variant: 'custom' | 'apt' | 'minbase';
  args: readonly string[];
  cpu: Platform['cpu'];
  /** A tar, or a folder that is not there yet. */
  target: string;
  purpose: string;
}

/** Runs mmdebstrap, which knows Debian's mirror and its keys; what is missing for it is installed. */
export async function bootstrap(
  { variant, args, cpu, target, purpose }: Bootstrap,
  options: BuildOptions,
): Promise<void> {
  await installPackages(['mmdebstrap'], ['mmdebstrap'], options.say);
  await ensureRunsHere(cpu, options);
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await run({
    file: 'mmdebstrap',
    args: [
      `--variant=${variant}`,
      `--architectures=${debianCpu(cpu)}`,
      ...args,
      ...(existsSync(keyring) ? [`--keyring=${keyring}`] : []),
      SUITE,
      target,
    ],
    purpose,
    advice: "Debian's package mirror must be reachable for this.",
    limitMs: unpackingLimit(cpu, LIMIT_MS),
    code: 'no-base',
    signal: options.signal,
  });
}

/** Makes an image of Debian's packages on the host, for an engine without a registry. */
export async function imageFromPackages(
  engine: Engine,
  tag: string,
  { variant, include }: { variant: Bootstrap['variant']; include: readonly string[] },
  options: BuildOptions,
): Promise<void> {
  options.say(`making ${tag} from Debian ${SUITE}'s packages`);
  await using folder = await scratch('base');
  const target = path.join(folder.path, 'base.tar');
  const args = [
    ...(include.length === 0 ? [] : [`--include=${include.join(',')}`]),
    // Manuals, translations and package lists are half of the size and nobody reads them there.
    '--dpkgopt=path-exclude=/usr/share/{doc,info,locale,man}/*',
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin',
  ];
  await bootstrap({ variant, args, cpu: engine.facts.cpu, target, purpose: `making ${tag}` }, options);
  const colon = tag.lastIndexOf(':');
  const answer = await engine.docker.importImage(createReadStream(target), {
    repo: tag.slice(0, colon),
    tag: tag.slice(colon + 1),
    changes: [`LABEL ${LABEL.kind}=image`],
  });
  await follow(engine.docker, answer);
}
