// Small programs that write in the ways in which programs do. Each makes ready what it writes to, waits to be told (SIGUSR1), and writes once.
// Run by Node under writegate, as node -e SOURCE FOLDER NAME…; what they write is recorded (lab/explore/record-programs.ts).
const fs = require('node:fs');

const PAGE = 4096;
const text = (letter, bytes) => letter.repeat(bytes);

function put(file, bytes, { sync = false, flags = 'w' } = {}) {
  const fd = fs.openSync(file, flags);
  fs.writeSync(fd, bytes);
  if (sync) fs.fsyncSync(fd);
  fs.closeSync(fd);
}

function syncFolder(folder) {
  const fd = fs.openSync(folder, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

const replace = ({ file, folder }) => ({
  ready: (at) => put(`${at}/store`, text('a', 2 * PAGE)),
  write(at) {
    put(`${at}/store.tmp`, text('b', 3 * PAGE + 100), { sync: file });
    fs.renameSync(`${at}/store.tmp`, `${at}/store`);
    if (folder) syncFolder(at);
  },
});

const append = (sync) => ({
  ready: (at) => put(`${at}/log`, text('a', PAGE + 100)),
  write(at) {
    for (const letter of 'bcd') put(`${at}/log`, text(letter, 3000), { sync, flags: 'a' });
  },
});

function database(mode) {
  const { DatabaseSync } = require('node:sqlite');
  let open;
  return {
    ready(at) {
      open = new DatabaseSync(`${at}/store.db`);
      open.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = FULL; CREATE TABLE t (x TEXT)`);
      open.prepare('INSERT INTO t VALUES (?)').run(text('a', 5000));
    },
    write() {
      for (const letter of 'bc') open.prepare('INSERT INTO t VALUES (?)').run(text(letter, 5000));
    },
  };
}

const programs = {
  replace: replace({ file: true, folder: true }),
  'replace-no-file-sync': replace({ file: false, folder: true }),
  'replace-no-folder-sync': replace({ file: true, folder: false }),
  'replace-no-sync': replace({ file: false, folder: false }),
  append: append(false),
  'append-synced': append(true),
  'in-place': {
    ready: (at) => put(`${at}/store`, text('a', 4 * PAGE)),
    write(at) {
      const fd = fs.openSync(`${at}/store`, 'r+');
      for (const letter of 'bc') fs.writeSync(fd, text(letter, 2 * PAGE), PAGE / 2);
      fs.fsyncSync(fd);
      fs.writeSync(fd, text('d', PAGE), 3 * PAGE);
      fs.closeSync(fd);
    },
  },
  rewrite: {
    ready: (at) => put(`${at}/store`, text('a', 2 * PAGE)),
    write: (at) => put(`${at}/store`, text('b', 3 * PAGE)),
  },
  'rename-folder': {
    ready(at) {
      fs.mkdirSync(`${at}/now`);
      put(`${at}/now/one`, text('a', PAGE));
    },
    write(at) {
      fs.mkdirSync(`${at}/next`);
      put(`${at}/next/one`, text('b', PAGE), { sync: true });
      put(`${at}/next/two`, text('c', PAGE));
      fs.renameSync(`${at}/now`, `${at}/before`);
      fs.renameSync(`${at}/next`, `${at}/now`);
      syncFolder(at);
    },
  },
  'two-files': {
    ready(at) {
      put(`${at}/data`, text('a', PAGE));
      put(`${at}/index`, '1');
    },
    write(at) {
      put(`${at}/data`, text('b', 2 * PAGE), { flags: 'a' });
      put(`${at}/index`, '2', { flags: 'r+' });
      put(`${at}/done`, '');
      fs.unlinkSync(`${at}/index`);
    },
  },
  'sqlite-wal': database('WAL'),
  'sqlite-rollback': database('DELETE'),
};

const [root, ...names] = process.argv.slice(1);
for (const name of names) if (programs[name] === undefined) throw new Error(`there is no program ${name}`);
let next = 0;

// One after the other, so that one container does for all.
function makeReady() {
  const name = names[next];
  if (name === undefined) process.exit(0);
  fs.mkdirSync(`${root}/${name}`);
  programs[name].ready(`${root}/${name}`);
  console.error(`ready ${name}`);
}

process.on('SIGUSR1', () => {
  const name = names[next];
  if (isWritten) {
    next += 1;
    isWritten = false;
    makeReady();
    return;
  }
  programs[name].write(`${root}/${name}`);
  isWritten = true;
  console.error(`wrote ${name}`);
});
let isWritten = false;
setInterval(() => undefined, 60_000);
makeReady();
