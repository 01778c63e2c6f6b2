// Runs the install scripts of packages, event by event as npm does: node run-install-scripts.mjs PROJECT LIST. LIST is a file with their folders.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [project, list] = process.argv.slice(2);
for (const event of ['preinstall', 'install', 'postinstall']) {
  for (const relative of JSON.parse(readFileSync(list, 'utf8'))) {
    const folder = path.join(project, relative);
    const { name, version, scripts } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const script = scripts?.[event];
    if (script === undefined) continue;
    console.log(`${name} ${event}: ${script}`);
    const { status, signal } = spawnSync('/bin/sh', ['-c', script], {
      cwd: folder,
      stdio: 'inherit',
      env: {
        ...process.env,
        HOME: '/tmp',
        PATH: `${path.join(folder, 'node_modules/.bin')}:${process.env.PATH}`,
        INIT_CWD: project,
        npm_lifecycle_event: event,
        npm_package_name: name,
        npm_package_version: version,
        npm_config_user_agent: `npm/11.0.0 node/${process.version} linux ${process.arch}`,
      },
    });
    if (status !== 0) {
      console.error(`${name}'s ${event} script ended with ${signal ?? status}; here it has no network and no node-gyp`);
      process.exit(1);
    }
  }
}
