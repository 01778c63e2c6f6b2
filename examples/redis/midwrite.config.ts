import { debian, defineConfig, defineSystem } from 'midwrite';

const tcp = '127.0.0.1:6379';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'redis',
      image: debian('redis-server'),
      start: 'redis-server --dir /state --bind 127.0.0.1 --appendonly yes --appendfsync always --save ""',
      ready: { log: 'Ready to accept connections' },
      write: { tcp, send: 'RPUSH log {text}\r\n', answer: ':' },
      read: { tcp, send: 'LRANGE log 0 -1\r\nQUIT\r\n' },
      memory: '128m',
    }),
  ],
});
