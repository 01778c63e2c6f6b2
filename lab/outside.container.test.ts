import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodeImage } from '../images/node/recipe.ts';
import { connect, type Engine } from './engine/engine.ts';
import { ensureImage } from './image/build.ts';
import { PREFERRED_NODE } from './image/npm.ts';
import type { Matrix, MatrixCell } from './result/matrix.ts';
import { isFull } from './test/full.ts';
import { belongings, folder, midwrite } from './test/midwrite.ts';

/** Small programs that keep notes in a file, right and wrong, and a config that tests them as somebody would who knows nothing but their command lines. */
const CONFIG = `
import { defineCheck, defineConfig, defineFault, defineSystem, npm, held, violated } from 'midwrite';

const notes = \`
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
const [how, said] = process.argv.slice(2);
const read = () => { try { return JSON.parse(readFileSync('notes.json', 'utf8')); } catch (error) { if (error.code === 'ENOENT') return []; throw error; } };
const replace = (temp, text) => { writeFileSync(temp, text); renameSync(temp, 'notes.json'); };
if (said === undefined) console.log(read().join(' '));
else {
  const text = JSON.stringify([...read(), said]);
  if (how === 'in-place') writeFileSync('notes.json', text);
  else replace(how === 'litters' ? 'notes.json.' + process.pid + '-' + Math.random().toString(16).slice(2) + '.tmp' : 'notes.json.tmp', text);
}\`;
const server = \`
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
const read = () => { try { return readFileSync('notes.txt', 'utf8'); } catch { return ''; } };
createServer((request, response) => {
  const said = new URL(request.url, 'http://x').searchParams.get('said');
  response.end(said === null ? read() : 'ok', () => { if (said !== null) writeFileSync('notes.txt', read() + said + ' '); });
}).listen(8080, '127.0.0.1');\`;
const image = npm('semver@7.8.6', { files: { 'notes.mjs': notes, 'server.mjs': server } });
const command = (name) => defineSystem({
  name, image, memory: '256m', write: \`node /opt/app/notes.mjs \${name} {text}\`, read: \`node /opt/app/notes.mjs \${name}\`,
  ...(name === 'in-place' ? { store: { json: 'notes.json' } } : {}),
});

export default defineConfig({
  systems: [
    command('right'),
    command('in-place'),
    command('litters'),
    defineSystem({
      name: 'early', image, memory: '256m', start: 'node /opt/app/server.mjs', faults: ['sigkill', 'double-kill'],
      write: 'http://127.0.0.1:8080/?said={text}', read: 'http://127.0.0.1:8080/',
    }),
  ],
  checks: [defineCheck({
    id: 'said-nothing', promise: 'it writes nothing to its log',
    judge: ({ evidence, proof }) => {
      const line = evidence.of('log')[0];
      return line === undefined ? held(proof, 'no line') : violated(line.line, line);
    },
  })],
  faults: [defineFault({
    name: 'double-kill', summary: 'two signals', lethal: true, oomKills: 0, inDefaultPlan: false,
    async strike(target) { await target.signal('SIGTERM'); await target.signal('SIGKILL'); await target.ended(); },
    landing: (evidence) => evidence.docker('kill').length > 0 ? { landed: true, proof: 'a signal' } : { landed: false, why: 'no signal' },
  })],
});
`;

describe('systems from outside, by a config', () => {
  let matrix: Matrix;
  let said: string;
  let engine: Engine;
  const cells = (system: string): MatrixCell[] =>
    matrix.cells.filter((row): row is MatrixCell => row.system === system && !('scenario' in row));
  const found = (system: string) =>
    Object.fromEntries(
      cells(system)
        .filter(({ role }) => role === 'cell')
        .map(({ place, fault, checks }) => [
          `${place}${fault === 'sigkill' ? '' : ` [${fault}]`}`,
          checks.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id),
        ]),
    );

  beforeAll(async () => {
    engine = await connect(() => undefined);
    await using at = await folder();
    await writeFile(path.join(at.path, 'midwrite.config.ts'), CONFIG);
    const lab = midwrite(['run', '--config', at.path, '--results', path.join(at.path, 'results'), '--json']);
    const { stdout, stderr } = await lab;
    said = stderr;
    matrix = JSON.parse(stdout === '' ? 'null' : stdout) as Matrix;
    expect(await belongings(engine, lab.pid ?? 0)).toEqual([]);
  });

  test('the run is sound: controls hold, the canary is caught, and every cell has a verdict', () => {
    expect(matrix, said).not.toBeNull();
    expect(matrix.outcome.kind, JSON.stringify(matrix.outcome.reasons)).toBe('unexpected');
    for (const system of ['right', 'in-place', 'litters', 'early'])
      expect(cells(system).filter(({ role }) => role === 'control')).toMatchObject([{ verdict: 'held' }]);
  });

  test('a right one holds at every place of its write', () => {
    expect(found('right')).toEqual({
      'the new copy of notes.json, made and still empty': [],
      'the new copy of notes.json, half written': [],
      'the new copy of notes.json, whole and not yet renamed over it': [],
      'notes.json, replaced by its new copy': [],
    });
  });

  test('one that writes in place is caught where its file is empty, and where it is half written; a named store is judged too', () => {
    const broken = ['store-valid', 'all-or-nothing', 'acked-durable', 'serves'];
    expect(found('in-place')).toEqual({
      'notes.json, truncated and not yet written': broken,
      'notes.json, half written': broken,
      'all written, notes.json last, and not yet answered': [],
    });
  });

  test('one that leaves a temp of another name at each crash', () => {
    expect(found('litters')).toEqual({
      'the new copy of notes.json, made and still empty': ['no-orphans'],
      'the new copy of notes.json, half written': ['no-orphans'],
      'the new copy of notes.json, whole and not yet renamed over it': ['no-orphans'],
      'notes.json, replaced by its new copy': [],
    });
  });

  test('a server that answers before it writes, struck by the lab’s own fault and by one of the config', () => {
    const lost = expect.arrayContaining(['acked-durable']);
    expect(found('early')).toMatchObject({
      'notes.txt, truncated and not yet written': lost,
      'notes.txt, half written': lost,
      'notes.txt, truncated and not yet written [double-kill]': lost,
    });
  });

  test('a check of the config is in every row', () => {
    for (const cell of cells('early'))
      expect(cell.checks.find(({ id }) => id === 'said-nothing')).toMatchObject({ verdict: 'held' });
  });
});

/** It dies of a line that it can't read, when it is asked for it. */
const SERVICE = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const [file] = process.argv.slice(2);
appendFileSync('/state/boots', 'up\\n');
const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\\n').filter(Boolean) : []);
createServer((request, response) => {
  if (request.method === 'GET') return response.end(lines().map((line) => JSON.parse(line).said).join('\\n'));
  let body = '';
  request.on('data', (data) => (body += data));
  return request.on('end', () => { appendFileSync(file, JSON.stringify({ said: body }) + '\\n'); response.end('ok'); });
}).listen(8080, '127.0.0.1');
`;

test('a Dockerfile: its own command is started, several writes are under way, and one that dies when it is asked is a finding', async () => {
  const engine = await connect(() => undefined);
  await using at = await folder();
  const base = await ensureImage(engine, nodeImage(PREFERRED_NODE), { say: () => undefined });
  await writeFile(path.join(at.path, 'server.mjs'), SERVICE);
  const lines = [
    `FROM ${base}`,
    'COPY server.mjs /srv/',
    'ENTRYPOINT ["node", "/srv/server.mjs"]',
    'CMD ["/state/log.jsonl"]',
  ];
  await writeFile(path.join(at.path, 'Dockerfile'), lines.join('\n'));
  const url = 'http://127.0.0.1:8080/';
  const exchanges = ['--write', `POST ${url} {text}`, '--read', url, '--at-once', '3'];
  const lab = midwrite([
    'try',
    '--dockerfile',
    at.path,
    '--name',
    'service',
    ...exchanges,
    '--results',
    path.join(at.path, 'results'),
    '--save',
    path.join(at.path, 'midwrite.config.ts'),
    '--json',
  ]);
  const { stdout, stderr } = await lab;
  const { outcome, cells } = JSON.parse(stdout === '' ? stderr : stdout) as Matrix;
  expect(outcome.kind, JSON.stringify(outcome.reasons)).toBe('unexpected');
  const verdicts = cells.filter((row): row is MatrixCell => row.system === 'service' && !('scenario' in row));
  expect(verdicts.map(({ role, place, verdict }) => [role, place, verdict])).toEqual([
    ['control', 'log.jsonl, appended in part', 'held'],
    ['cell', 'log.jsonl, appended in part', 'violated'],
    ['cell', 'all written, log.jsonl last, and not yet answered', 'held'],
  ]);
  expect(await belongings(engine, lab.pid ?? 0)).toEqual([]);

  if (!isFull) return;
  const saved = ['--config', at.path, '--results', path.join(at.path, 'more')];
  const boot = await midwrite(['run', ...saved, '--during', 'boot', '--json']);
  const struck = (JSON.parse(boot.stdout) as Matrix).cells.filter((row) => row.system === 'service');
  expect(struck.map(({ verdict }) => verdict)).toEqual(['held', 'held', 'held']);
  const explored = await midwrite(['explore', ...saved, '--system', 'service', '--max-states', '6']);
  // Dead as soon as it is asked: a finding, and no failure of the lab.
  expect(explored.stdout).toMatch(/✗ serves \(process-crash\)/);
  expect(explored.stdout).not.toContain('the lab failed');
});

describe('what is wrong is told in a sentence, and nothing is left behind', () => {
  const program = ['--npm', 'semver@7.8.6'];
  test.each([
    [
      'a program that is not there',
      [...program, '--write', 'nope {text}', '--read', 'cat notes'],
      /write failed without a fault: .*nope/,
    ],
    [
      'one that writes outside its state',
      [...program, '--write', "sh -c 'mkdir -p /opt/app/x; echo {text} > /opt/app/x/y; true'", '--read', 'ls'],
      /a write changed nothing below \/state\. It tried to write \/opt\/app/,
    ],
    [
      'one that writes nothing',
      [...program, '--write', 'echo {text}', '--read', 'ls'],
      /a write changed nothing below \/state\. Does it keep its state elsewhere/,
    ],
    [
      'a read that fails',
      [...program, '--write', "sh -c 'echo {text} >> notes'", '--read', 'cat nothing'],
      /read failed without a fault: exit code 1: cat: nothing/,
    ],
    [
      'a read that is the same before and after',
      [...program, '--write', "sh -c 'echo {text} >> notes'", '--read', 'echo always'],
      /read answers the same before and after a write/,
    ],
    [
      'a server that goes to the background',
      [
        ...program,
        '--start',
        "sh -c 'sleep 100 & exit 0'",
        '--ready',
        '127.0.0.1:8080',
        '--write',
        'http://127.0.0.1:8080/{text}',
        '--read',
        'http://127.0.0.1:8080/',
      ],
      /did not get ready: .*A server must stay in the foreground/s,
    ],
    [
      'an image that is not there',
      ['--image', 'no.such/image:1', '--write', 'x {text}', '--read', 'y'],
      /no\.such\/image:1/,
    ],
    ['no source', ['--write', 'x {text}', '--read', 'y'], /name where the program comes from, once/],
  ])('%s', async (_, args, says) => {
    await using at = await folder();
    const lab = midwrite(['try', ...args, '--results', at.path]);
    const { exitCode, stderr } = await lab;
    expect(stderr).toMatch(says);
    expect([2, 3]).toContain(exitCode);
    expect(await belongings(await connect(() => undefined), lab.pid ?? 0)).toEqual([]);
  });
});
