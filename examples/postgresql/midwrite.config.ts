import { debian, defineConfig, defineSystem } from 'midwrite';

const start = [
  'PATH=/usr/lib/postgresql/15/bin:$PATH',
  'test -s data/PG_VERSION || initdb -D data -U me -A trust --no-locale > /dev/null',
  'exec postgres -D data -k /tmp -c listen_addresses=127.0.0.1 -c shared_buffers=16MB',
];
const psql = 'psql -h 127.0.0.1 -U me -At postgres -c';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'postgresql',
      image: debian('postgresql-15'),
      start: `sh -c '${start.join('; ')}'`,
      ready: '127.0.0.1:5432',
      setup: `${psql} 'create table notes (text text)'`,
      write: `${psql} 'insert into notes values ($$\{text}$$)'`,
      read: `${psql} 'select text from notes order by text'`,
    }),
  ],
});
