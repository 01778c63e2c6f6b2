import { defineConfig, defineSystem, npm } from 'midwrite';

const names = 'pm2 jlist | grep -oE \'"name":"[^"]*"\' | sort -u';

export default defineConfig({
  systems: [
    defineSystem({
      name: 'pm2-save',
      image: npm('pm2@7.0.4', { files: { 'app.cjs': 'setInterval(() => {}, 1e6);' } }),
      env: { PM2_HOME: '/state/.pm2', PM2_DISCRETE_MODE: 'true' },
      start: 'pm2 resurrect --no-daemon',
      ready: { log: 'Continue to stream logs' },
      setup: 'pm2 start /opt/app/app.cjs --name first',
      write: "sh -c 'pm2 start /opt/app/app.cjs --name {text} && pm2 save'",
      read: { command: ['sh', '-c', names] },
      memory: '1g',
      faults: ['sigkill', 'disk-full', 'no-space-then-kill'],
    }),
  ],
});
