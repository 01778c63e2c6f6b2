import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { debianImage } from '../../images/debian/recipe.ts';
import { LABEL } from '../docker/labels.ts';
import { whyNoPrivateEngine } from '../engine/private-engine.ts';
import { SUITE } from '../image/debian.ts';
import { candidates, closureOf, packageLists } from '../image/debian-packages.ts';
import { checkFiles, type Files, writeFiles } from '../image/files.ts';
import { imageNameFor, versionForIds } from '../image/names.ts';
import type { BuildOptions, ContextRecipe } from '../image/recipe.ts';
import { Problem } from '../problem.ts';
import type { DebianSource, Resolved } from './source.ts';

/** Debian Policy, 5.6.1. */
const NAME = /^[a-z0-9][a-z0-9+.-]+$/;

/** Finds the versions of packages and of all that they depend on, without fetching them. */
export async function resolveDebian({ packages, files = {} }: DebianSource, options: BuildOptions): Promise<Resolved> {
  checkFiles(files);
  const [first] = packages;
  if (first === undefined)
    throw new Problem(
      'bad-definition',
      "debian() names no package: write debian('NAME'), such as debian('redis-server').",
    );
  const wrong = packages.find((name) => !NAME.test(name));
  if (wrong !== undefined) {
    throw new Problem(
      'bad-definition',
      `"${wrong}" is no name of a Debian package: small letters, digits, +, - and . only, and no version, which is the one that Debian ${SUITE} has.`,
    );
  }
  // As for the base image: only a Debian or Ubuntu host, as root, can make images of packages by itself.
  if (whyNoPrivateEngine() !== undefined) return insideTheBuild(packages, files);
  // No engine is known yet: of one with another processor the packages are looked up again when its image is made.
  const lists = await packageLists(process.arch === 'arm64' ? 'arm64' : 'x64', options);
  // Asked at once; but what a package that is not there comes to is said in the words of the first.
  const [versions, closure] = await Promise.allSettled([candidates(lists, packages), closureOf(lists, packages)]);
  if (versions.status === 'rejected') throw versions.reason;
  if (closure.status === 'rejected') throw closure.reason;
  const version = withoutEpoch(versions.value.get(first) ?? '');
  const found = { asked: packages, cpu: lists.cpu, closure: closure.value };
  return { recipe: debianImage(first, version, found, files), version: versionForIds(version), notes: [] };
}

/** `5:7.0.15-1` is what a person calls 7.0.15-1: the epoch is for apt's order. */
export const withoutEpoch = (version: string) => version.replace(/^\d+:/, '');

/** Docker's own Debian image, for amd64 and arm64. */
const REGISTRY_IMAGE = 'debian:bookworm-slim';

/** Where the host has no apt, apt fetches inside the build: the one build of the lab's own that needs a network, and a registry for its base. */
function insideTheBuild(packages: readonly string[], files: Files): Resolved {
  const lines = [
    `FROM ${REGISTRY_IMAGE}`,
    `LABEL ${LABEL.kind}=image`,
    'RUN groupadd --gid 1000 midwrite && useradd --uid 1000 --gid 1000 --home-dir /state --no-create-home midwrite',
    // Docker's image has a policy-rc.d that lets no service start.
    'RUN apt-get -q update \\',
    ` && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install ${packages.join(' ')} \\`,
    ' && rm -rf /var/lib/apt/lists/*',
    'COPY app /opt/app',
    'USER 1000:1000',
  ];
  const recipe: ContextRecipe = {
    name: imageNameFor('debian', packages[0] ?? ''),
    variant: SUITE,
    inputs: { lines, files },
    needs: [REGISTRY_IMAGE],
    network: true,
    advice: `Is each of ${packages.join(', ')} a package of Debian ${SUITE}, and does its mirror answer inside a build?`,
    async stage({ into }) {
      await mkdir(path.join(into, 'app'));
      await writeFiles(path.join(into, 'app'), files);
      await writeFile(path.join(into, 'Dockerfile'), `${lines.join('\n')}\n`);
    },
  };
  const note = `this machine has no apt to ask for the version of ${packages[0]}: it is what Debian ${SUITE} had when the image was built`;
  return { recipe, version: SUITE, notes: [note] };
}
