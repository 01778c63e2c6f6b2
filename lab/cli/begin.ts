/** What `midwrite` alone says: where to begin, in eight lines. */
export const BEGIN = `midwrite stops a program in the middle of a write, kills it, starts it again and says what broke.

  npx midwrite doctor                     what this machine has, and what is missing
  npx midwrite run                        the fault matrix of OpenClaw and of the reference gateway
  npx midwrite try --npm PACKAGE --write 'COMMAND {text}' --read 'COMMAND'   your own program
  npx midwrite mutants                    do the checks catch what they are there for?
  npx midwrite judge results/latest       the verdicts again, from the files alone
  npx midwrite --help                     everything else`;

/** One example for the help of each command. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  run: 'npx midwrite run --system reference --fault oom --crash-point torn-temp',
  try: "npx midwrite try --debian taskwarrior --write 'task add {text}' --read 'task list'",
  mutants: 'npx midwrite mutants --defect no-file-sync',
  scenario: 'npx midwrite scenario restart-storm --quick --seed 7',
  explore: 'npx midwrite explore --system reference --model power-loss',
  list: 'npx midwrite list --system reference --fault sigkill',
  judge: 'npx midwrite judge results/latest',
  report: 'npx midwrite report results/latest -r junit,github',
  merge: 'npx midwrite merge results/SHARD-1 results/SHARD-2',
  expect: 'npx midwrite expect results/latest --update --issue https://github.com/OWNER/REPO/issues/1',
  doctor: 'npx midwrite doctor',
  engine: 'npx midwrite engine up',
  machine: 'npx midwrite machine up --file-system ext4-writeback',
  releases: 'npx midwrite releases --system openclaw --cell full-temp_sigkill --since 2026.4',
  bisect: 'npx midwrite bisect --system openclaw --cell full-temp_sigkill --good 2026.7.1 --bad 2026.5.28',
  upgrade: 'npx midwrite upgrade openclaw@2026.5.28..2026.6.1',
  clean: 'npx midwrite clean --images',
};
