import { appendFile } from 'node:fs/promises';
import { plain } from '../plain.ts';
import { unreachable } from '../problem.ts';
import type { Matrix } from '../result/matrix.ts';
import { markdownReport } from './markdown.ts';
import type { FailOn, Reporter } from './reporter.ts';
import { fails, standingOf, violations } from './standing.ts';

/** GitHub takes no more than this for one step: the rest is in the artifact. https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions */
const SUMMARY_LIMIT_BYTES = 1024 * 1024;

/** The job's summary, appended to the file that GitHub names, and an annotation for each thing that is not as it should be, printed. */
export const github: Reporter = {
  name: 'github',
  summary: "GitHub's job summary and annotations",
  onlyWhenAsked: true,
  async write({ matrix, failOn }) {
    const file = process.env.GITHUB_STEP_SUMMARY;
    if (file !== undefined && file !== '') await appendFile(file, summary(matrix));
    return annotations(matrix, failOn).join('\n');
  },
};

/** The Markdown report, up to what fits. */
export function summary(matrix: Matrix): string {
  const text = markdownReport(matrix);
  if (Buffer.byteLength(text) <= SUMMARY_LIMIT_BYTES) return text;
  const note = '\n\nThis is cut off: the whole of it is in matrix.md.\n';
  // A character of UTF-8 that is cut in half is left out.
  const kept = Buffer.from(text).subarray(0, SUMMARY_LIMIT_BYTES - Buffer.byteLength(note) - 4);
  return new TextDecoder().decode(kept).replace(/\uFFFD$/, '') + note;
}

export function annotations(matrix: Matrix, failOn: FailOn): string[] {
  const rows = [...matrix.cells, ...matrix.explorations].flatMap((row): string[] => {
    const standing = standingOf(row);
    switch (standing) {
      case 'as it should be':
      case 'not applicable':
        return [];
      case 'unknown':
        return [annotation('error', `${row.id}: ${row.verdict}`, `${row.detail}\n${row.reproduce}`)];
      case 'known':
      case 'new': {
        const level = fails(standing, failOn) ? 'error' : standing === 'new' ? 'warning' : 'notice';
        const text = [...violations(row), row.reproduce].join('\n');
        return [annotation(level, `${row.id}: violated, ${standing}`, text)];
      }
      default:
        return unreachable(standing);
    }
  });
  const { outcome, stale } = matrix;
  const level = failOn === 'never' ? 'warning' : 'error';
  const expectations = stale.map((one) => annotation(level, 'an expectation no longer fits', one.detail));
  const whole =
    outcome.kind === 'unsound' ? [annotation('error', 'the run is not sound', outcome.reasons.join('\n'))] : [];
  return [...whole, ...expectations, ...rows];
}

/** A workflow command. What is in it comes from a program under test, and must not become a command itself. */
function annotation(level: 'error' | 'warning' | 'notice', title: string, text: string): string {
  const data = (raw: string) => plain(raw).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (raw: string) => data(raw).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property(title)}::${data(text)}`;
}
