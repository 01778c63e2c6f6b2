import { debian, defineConfig, defineSystem } from 'midwrite';

const shell = (sql: string) => ({ command: ['sqlite3', '/state/notes.db', sql] });

export default defineConfig({
  systems: [
    defineSystem({
      name: 'sqlite3',
      image: debian('sqlite3'),
      setup: shell('create table notes (said text)'),
      write: shell("insert into notes values ('{text}')"),
      read: shell('select said from notes order by rowid'),
      store: { sqlite: 'notes.db' },
    }),
    defineSystem({
      name: 'sqlite3-wal',
      image: debian('sqlite3'),
      setup: [shell('pragma journal_mode = wal'), shell('create table notes (said text)')],
      write: shell("insert into notes values ('{text}')"),
      read: shell('select said from notes order by rowid'),
      store: { sqlite: 'notes.db' },
    }),
  ],
});
