// Runs the install scripts that one package declares, in npm's order, as npm would: node run-install-scripts.mjs PROJECT PACKAGE
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [project, name] = process.argv.slice(2);
const folder = path.join(project, 'node_modules', name);
const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
for (const event of ['preinstall', 'install', 'postinstall']) {
  const script = manifest.scripts?.[event];
  if (script === undefined) continue;
  console.log(`${name} ${event}: ${script}`);
  const { status, signal } = spawnSync('/bin/sh', ['-c', script], {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      HOME: '/tmp',
      PATH: `${path.join(project, 'node_modules/.bin')}:${process.env.PATH}`,
      INIT_CWD: project,
      npm_lifecycle_event: event,
      npm_package_name: name,
      npm_package_version: manifest.version,
      npm_config_user_agent: `npm/11.0.0 node/${process.version} linux ${process.arch}`,
    },
  });
  if (status !== 0) {
    console.error(`${name}'s ${event} script ended with ${signal ?? status}`);
    process.exit(1);
  }
}
