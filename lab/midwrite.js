#!/usr/bin/env node
// Plain JavaScript, so that an old Node prints this sentence and not a syntax error.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `midwrite needs Node 24 or later and runs under ${process.version}. In a clone, run it with \`npx midwrite\` or \`npm start\`: ` +
      'they use the Node that `npm ci` put into node_modules/.bin.',
  );
  process.exit(2);
}
const { main } = await import('./cli/program.ts');
process.exitCode = await main(process.argv.slice(2));
