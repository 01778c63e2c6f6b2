import { debian, defineConfig, defineSystem } from 'midwrite';

const todo = 'todo-txt -d /state/config -p';
const settings = [
  'TODO_DIR=/state',
  'TODO_FILE=/state/todo.txt',
  'DONE_FILE=/state/done.txt',
  'REPORT_FILE=/state/r.txt',
];

export default defineConfig({
  systems: [
    defineSystem({
      name: 'todo-txt-replace',
      image: debian('todotxt-cli'),
      files: { config: settings.map((line) => `export ${line}\n`).join('') },
      setup: [`${todo} add first`, `${todo} add another`],
      write: `${todo} replace 1 {text}`,
      read: `${todo} ls`,
    }),
  ],
});
