import type { Exploration, FoundFinding } from '../exploration.ts';

/** What an issue is written from. */
export interface IssueFacts {
  readonly found: Pick<Exploration, 'system' | 'version' | 'workload' | 'from'>;
  readonly findings: readonly FoundFinding[];
  /** By the id of a check. */
  promiseOf(check: string): string | undefined;
  readonly bundle: string;
  /** Lines of expected.txt that speak of what was found. */
  readonly shown: readonly string[];
  /** Whether it builds its image from a Dockerfile. */
  readonly hasDockerfile: boolean;
}

const MODELS: Readonly<Record<FoundFinding['model'], string>> = {
  'process-crash': 'The process dies there (SIGKILL, an OOM kill), and the kernel lives on.',
  'power-loss':
    'The power fails there. What no fsync made durable is on the disk or not, in any order (POSIX fsync; ALICE, OSDI 2014).',
};

/** The text of an issue: what was done, what was promised, what happened, on which release, and how to see it. */
export function issueText({ found, findings, promiseOf, bundle, shown, hasDockerfile }: IssueFacts): string {
  const [first] = findings;
  if (first === undefined) throw new Error('an issue is of a finding');
  const { system, version, workload, from } = found;
  const ofOld = from === undefined ? '' : ` from ${from}`;
  const checks = [...new Set(findings.map(({ check }) => check))];
  const isPromised = findings.some(({ promised }) => promised);
  return `${[
    `# ${checks.join(', ')}: after a ${first.model === 'power-loss' ? 'power loss' : 'crash'} in ${workload === 'turn' ? 'a turn' : `a ${workload}${ofOld}`}, ${first.detail}`,
    `Release: ${system} ${version}`,
    '## What was done',
    `One ${workload}${ofOld} was recorded, call by call. The state is what is left where this is so: ${first.cause}. ${MODELS[first.model]}${first.model === 'power-loss' ? (first.onExt4 ? ' ext4 as it is mounted by default can leave this too.' : ' ext4 as it is mounted by default takes care of this; other file systems, or other mount options, need not.') : ''}`,
    '## What should hold',
    `${checks.map((check) => `- ${promiseOf(check) ?? check}`).join('\n')}${isPromised ? '' : '\n\nThis is not promised for such a crash; it is what a user would want to know.'}`,
    '## What happened',
    findings
      .map(
        ({ check, detail, booted }) =>
          `- ${check}${booted === undefined ? '' : ` (after a boot, ${booted})`}: ${detail}`,
      )
      .join('\n'),
    '## How to see it',
    `Unpack ${bundle} and run \`./run.sh\`: it needs Docker, and nothing else${hasDockerfile ? '' : '; image.txt names the image'}. It puts the folder that the crash left into a container without a network, boots the system on it, and lists the folder before and after.`,
    ...(shown.length === 0 ? [] : [['```', ...shown.map((line) => line.replaceAll('`', "'")), '```'].join('\n')]),
    `Found with midwrite (\`${first.reproduce}\`).`,
  ].join('\n\n')}\n`;
}
