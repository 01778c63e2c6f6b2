import { debian, defineConfig, defineSystem } from 'midwrite';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'rclone',
      image: debian('rclone'),
      setup: 'rclone config create first local',
      write: 'rclone config create {text} local',
      read: 'rclone listremotes',
    }),
  ],
});
