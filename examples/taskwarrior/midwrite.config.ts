import { debian, defineConfig, defineSystem } from 'midwrite';

const image = debian('taskwarrior');
const files = { '.taskrc': 'data.location=/state/task\nconfirmation=no\nverbose=nothing\ngc=off\n', 'task/.keep': '' };
const expectations = 'expectations.yaml';
const read = 'task _unique description';

export default defineConfig({
  systems: [
    defineSystem({ name: 'taskwarrior-add', image, files, write: 'task add {text}', read, expectations }),
    defineSystem({
      name: 'taskwarrior-modify',
      image,
      files,
      setup: ['task add first', 'task add second'],
      write: 'task 1 modify {text}',
      read,
      expectations,
    }),
  ],
});
