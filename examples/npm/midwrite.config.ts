import { defineConfig, defineSystem, npm } from 'midwrite';

const image = npm('npm@11.19.1');
const env = { npm_config_update_notifier: 'false' };

export default defineConfig({
  systems: [
    defineSystem({
      name: 'npm-pkg-set',
      image,
      env,
      setup: 'npm init -y',
      write: 'npm pkg set description={text}',
      read: 'npm pkg get description',
      expectations: 'expectations.yaml',
    }),
    defineSystem({
      name: 'npm-config-set',
      image,
      env,
      write: 'npm config set init-author-name={text}',
      read: 'npm config get init-author-name',
    }),
  ],
});
