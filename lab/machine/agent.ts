import { createConnection } from 'node:net';
import { eachLine } from '../docker/lines.ts';
import type { Question } from '../engine/machine.ts';
import { describe, Problem } from '../problem.ts';
import { within } from '../wait.ts';

/**
 * Asks the machine over its virtual serial port, which no container has.
 * @returns the words of its answer, NAME=VALUE each
 * @throws Problem machine-lost: it does not answer; engine-failed: it could not do it
 */
export async function ask(socket: string, question: Question, limitMs: number): Promise<ReadonlyMap<string, string>> {
  const id = `q${process.hrtime.bigint()}`;
  const connection = createConnection(socket);
  try {
    const answer = new Promise<string>((resolve, reject) => {
      connection.on('error', (error) => reject(gone(question, describe(error))));
      connection.on('connect', () => connection.write(`${id} ${question.join(' ')}\n`));
      eachLine(connection, (line) => {
        // An answer to somebody who did not wait for it may still be on its way.
        if (line.startsWith(`${id} `)) resolve(line.slice(id.length + 1));
      }).then(
        () => reject(gone(question, 'the line was cut')),
        (error: unknown) => reject(gone(question, describe(error))),
      );
    });
    const name = `the machine to answer "${question.join(' ')}"`;
    const said = await within({ name, limitMs, code: 'machine-lost' }, answer);
    const [state, ...words] = said.split(' ');
    if (state !== 'ok')
      throw new Problem('engine-failed', `the machine could not do "${question.join(' ')}": ${words.join(' ')}`);
    return new Map(
      words.map((word) => {
        const at = word.indexOf('=');
        return at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
      }),
    );
  } finally {
    connection.destroy();
  }
}

const gone = (question: Question, why: string) =>
  new Problem('machine-lost', `the machine can't be asked "${question.join(' ')}": ${why}`);
