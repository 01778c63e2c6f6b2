import semver from 'semver';
import { npmImage } from '../../images/npm/recipe.ts';
import { checkFiles } from '../image/files.ts';
import { versionForIds } from '../image/names.ts';
import { nodeFor, versionFor, viewPackage } from '../image/npm.ts';
import { Problem } from '../problem.ts';
import type { NpmSource, Resolved } from './source.ts';

/** The package's bins go before the programs of the image. */
const PATH = '/opt/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Finds the versions and the Node of packages, without fetching them. */
export async function resolveNpm(source: NpmSource): Promise<Resolved> {
  const { packages, node, scripts = false, files = {}, overrides = {} } = source;
  checkFiles(files);
  const specs = packages.map(parsePackage);
  const twice = specs.find(({ name }, index) => specs.findIndex((one) => one.name === name) !== index);
  if (twice !== undefined)
    throw new Problem('bad-definition', `npm() names the package ${twice.name} twice. Remove one.`);
  const [first, ...others] = await Promise.all(specs.map(pin));
  if (first === undefined)
    throw new Problem(
      'bad-definition',
      "npm() names no package: write npm('NAME@VERSION'), such as npm('json-server@0.17.4').",
    );
  const found = [first, ...others];
  const engines = found.flatMap((one) => (one.engines === undefined ? [] : [one.engines]));
  return {
    recipe: npmImage({
      packages: found.map(({ name, version }) => [name, version] as const),
      node: await nodeFor(node ?? engines),
      scripts,
      files,
      overrides,
    }),
    version: versionForIds(first.version),
    notes: [
      ...Object.entries(overrides).map(([name, version]) => `${name} is ${version} by the overrides of the config`),
      ...found.flatMap((one) => [
        ...one.notes,
        ...(one.hasScripts && !scripts
          ? [
              `the install scripts of ${one.name} are not run; try --scripts, or { scripts: true } in a config, runs them`,
            ]
          : []),
      ]),
    ],
    path: PATH,
  };
}

interface Spec {
  name: string;
  /** An exact version, a range or a tag. */
  wanted: string;
}

const NAME = /^(@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/i;

/** @throws Problem bad-definition for what is no package of a registry, such as an address or a folder */
export function parsePackage(text: string): Spec {
  const at = text.indexOf('@', 1);
  const name = at === -1 ? text : text.slice(0, at);
  const wanted = at === -1 ? 'latest' : text.slice(at + 1);
  const isVersion = semver.validRange(wanted) !== null || /^[A-Za-z][\w.-]*$/.test(wanted);
  if (!NAME.test(name) || wanted === '' || !isVersion) {
    throw new Problem(
      'bad-definition',
      `"${text}" is no package of an npm registry: write NAME@VERSION, a range or a tag for the version, such as json-server@0.17.4. ` +
        'What comes from elsewhere needs a Dockerfile: dockerfile(FOLDER).',
    );
  }
  return { name, wanted };
}

interface Pinned {
  name: string;
  version: string;
  engines: string | undefined;
  hasScripts: boolean;
  notes: string[];
}

const INSTALL_EVENTS = ['preinstall', 'install', 'postinstall'];

async function pin({ name, wanted }: Spec): Promise<Pinned> {
  const exact = semver.valid(wanted);
  const version = exact ?? (await versionFor(name, wanted));
  const facts = version === undefined ? undefined : await viewPackage(name, version, ['engines', 'scripts']);
  if (version === undefined || facts === undefined) {
    throw new Problem(
      'no-such-version',
      `npm has no ${name}@${wanted}. \`npm view ${name} versions\` lists what there is, and says whether there is such a package.`,
    );
  }
  const { node } = (facts.engines ?? {}) as { node?: string };
  const isRange = node === undefined || semver.validRange(node) !== null;
  const scripts = (facts.scripts ?? {}) as Record<string, string>;
  return {
    name,
    version,
    engines: isRange ? node : undefined,
    hasScripts: INSTALL_EVENTS.some((event) => event in scripts),
    notes: [
      ...(exact === null ? [`${name}@${wanted} is ${version}`] : []),
      ...(isRange ? [] : [`${name} asks for the Node "${node}", which is no range; it was not looked at`]),
    ],
  };
}
