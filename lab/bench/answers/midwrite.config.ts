import { defineConfig, defineSystem, image } from '../../index.ts';

/** The reference gateway and its mutants as anybody would test them from outside: nothing is promised by hand (lab/bench/answers.ts). */
const { MIDWRITE_BENCH_IMAGE = '', MIDWRITE_BENCH_DEFECTS = '' } = process.env;

const reply = JSON.stringify({ choices: [{ message: { content: 'yes' } }] });
const model = `require('node:http').createServer((request, response) => {
  request.resume().on('end', () => response.end('${reply}'));
}).listen(18080, '127.0.0.1');`;
const gateway = 'http://127.0.0.1:18790';

const tested = (name: string, flags: string) =>
  defineSystem({
    name,
    image: image(MIDWRITE_BENCH_IMAGE),
    env: {
      STATE_DIR: '/state',
      PORT: '18790',
      PROVIDER_URL: 'http://127.0.0.1:18080/v1',
      // Every turn folds the journal into the store.
      FOLD_BYTES: '300',
      MODEL: model,
    },
    start: `sh -c 'node --eval "$MODEL" & exec node /opt/gateway/main.ts${flags}'`,
    ready: { url: `${gateway}/readyz`, status: 200, includes: '"ready":true' },
    write: {
      post: `${gateway}/v1/chat/completions`,
      headers: { 'x-session-key': 'one' },
      body: { model: 'echo', messages: [{ role: 'user', content: '{text}' }] },
    },
    read: `${gateway}/v1/sessions/one/history`,
  });

const defects = MIDWRITE_BENCH_DEFECTS.split(' ').filter((name) => name !== '');
export default defineConfig({
  systems: [tested('right', ''), ...defects.map((name) => tested(name, ` --defect ${name}`))],
});
