import { createReadStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LABEL } from '../docker/labels.ts';
import type { Engine } from '../engine/engine.ts';
import { installPackages, whyNoPrivateEngine } from '../engine/private-engine.ts';
import { Problem } from '../problem.ts';
import { attempt, run } from '../process.ts';
import { scratch } from '../reaper/scratch.ts';
import type { BuildOptions, MadeRecipe } from './recipe.ts';
import { follow } from './send.ts';

const SUITE = 'bookworm';
const LIMIT_MS = 10 * 60_000;
const ASK_LIMIT_MS = 60_000;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;

/** What a Debian image is made with. */
export interface DebianParts {
  packages: readonly string[];
  /** mmdebstrap's variant: `minbase` has apt, `essential` only what every Debian has. */
  variant: 'minbase' | 'essential';
  /** Files of one's own, in /opt/app. */
  files?: Readonly<Record<string, string>>;
}

/**
 * Makes an image from Debian's packages on this host and imports it. Nothing is downloaded by the engine.
 * @throws Problem no-base
 */
export async function importDebian(
  engine: Engine,
  tag: string,
  { packages, variant, files = {} }: DebianParts,
  options: BuildOptions,
): Promise<void> {
  await installPackages(['mmdebstrap'], ['mmdebstrap'], options.say);
  await using folder = await scratch('debian');
  const file = path.join(folder.path, 'image.tar');
  const own = path.join(folder.path, 'app');
  await mkdir(own);
  for (const [name, content] of Object.entries(files)) {
    const full = path.join(own, path.posix.join('/', name));
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, content, { mode: 0o644 });
  }
  await run({
    file: 'mmdebstrap',
    args: [
      `--variant=${variant}`,
      `--architectures=${engine.facts.cpu === 'x64' ? 'amd64' : 'arm64'}`,
      `--include=${packages.join(',')}`,
      // Manuals, translations and package lists are half of the size and nobody reads them there.
      '--dpkgopt=path-exclude=/usr/share/{doc,info,locale,man}/*',
      '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin',
      ...(Object.keys(files).length === 0 ? [] : [`--customize-hook=copy-in ${own} /opt`]),
      ...(existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')
        ? ['--keyring=/usr/share/keyrings/debian-archive-keyring.gpg']
        : []),
      SUITE,
      file,
    ],
    purpose: `making an image with ${packages.join(', ')} from Debian's packages`,
    advice: "Debian's package mirror must be reachable for this.",
    limitMs: LIMIT_MS,
    code: 'no-base',
    signal: options.signal,
  });
  const colon = tag.lastIndexOf(':');
  const answer = await engine.docker.importImage(createReadStream(file), {
    repo: tag.slice(0, colon),
    tag: tag.slice(colon + 1),
    changes: [`LABEL ${LABEL.kind}=image`],
  });
  await follow(engine.docker, answer);
}

/** An image with packages from Debian, and nothing else but what every Debian has. */
export function debianImage(
  packages: readonly string[],
  versions: readonly string[],
  files: Readonly<Record<string, string>>,
): MadeRecipe {
  return {
    name: `debian-${packages[0] ?? 'none'}`.replaceAll(/[^a-z0-9-]/g, '-'),
    inputs: [SUITE, packages, versions, files],
    async make(engine, tag, options) {
      options.say(`making an image with ${packages.join(', ')} from Debian ${SUITE}'s packages`);
      await importDebian(engine, tag, { packages, variant: 'essential', files }, options);
    },
  };
}

/**
 * The version of a package that would be installed now.
 * @throws Problem no-such-version, bad-definition: there is no such package, or nothing here can ask Debian
 */
export async function candidateOf(name: string): Promise<string> {
  if (!PACKAGE.test(name)) throw new Problem('bad-definition', `"${name}" is no name of a Debian package.`);
  const why = whyNoPrivateEngine();
  if (why !== undefined)
    throw new Problem(
      'bad-definition',
      `debian("${name}"): an image from Debian's packages can be made on Debian or Ubuntu as root only. Elsewhere write a Dockerfile that installs it, and dockerfile(folder).`,
    );
  return (await candidate(name)) ?? (await candidateAfterUpdate(name));
}

async function candidate(name: string): Promise<string | undefined> {
  const asked = { file: 'apt-cache', args: ['policy', name], purpose: `asking apt for ${name}`, limitMs: ASK_LIMIT_MS };
  const { stdout } = await attempt(asked);
  const version = /Candidate:\s*(\S+)/.exec(stdout)?.[1];
  return version === undefined || version === '(none)' ? undefined : version;
}

/** The package lists of a new machine are empty. */
async function candidateAfterUpdate(name: string): Promise<string> {
  await run({
    file: 'apt-get',
    args: ['-o', 'DPkg::Lock::Timeout=240', '-q', 'update'],
    purpose: 'reading the package lists',
    limitMs: LIMIT_MS,
  });
  const version = await candidate(name);
  if (version !== undefined) return version;
  throw new Problem('no-such-version', `Debian has no package ${name}. \`apt-cache search ${name}\` looks for one.`);
}
