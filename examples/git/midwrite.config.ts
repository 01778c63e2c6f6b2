import { debian, defineConfig, defineSystem } from 'midwrite';

const who = { NAME: 'a', EMAIL: 'a@b.c' };
const env = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((role) => Object.entries(who).map(([name, value]) => [`GIT_${role}_${name}`, value])),
);
const git = (name: string, ...config: string[]) =>
  defineSystem({
    name,
    image: debian('git'),
    env,
    setup: ['git init -q', ...config.map((one) => `git config ${one}`)],
    write: "sh -c 'echo {text} > note && git add note && git commit -q -m {text}'",
    read: 'git log --format=%s',
    store: { command: 'git fsck --strict' },
    notPromised: {
      serves: 'git says itself that a lock of a dead process is to be removed by hand',
      'no-orphans': 'git gc removes the temps of objects after two weeks',
    },
  });

export default defineConfig({ systems: [git('git'), git('git-fsync-all', 'core.fsync all')] });
