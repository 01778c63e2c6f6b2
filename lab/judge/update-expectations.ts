import semver from 'semver';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { AnyRow } from '../result/matrix.ts';
import { type Expectation, fits, inForce, isExpired, parseExpectations } from './expectations.ts';
import { newExpectations, placeOf, type Review } from './new-expectations.ts';
import { staleExpectations } from './stale.ts';

export interface Update {
  text: string;
  /** A sentence for each change. */
  changes: string[];
  /** What no program can decide. */
  byHand: string[];
}

/**
 * A file of expectations brought up to date with a run: new findings are added, what did not happen any more is taken out. All else stays as people wrote
 * it, comments too.
 * @param day when the run was made, as YYYY-MM-DD
 * @throws Problem bad-definition: the text is no list of expectations; bad-usage: new findings, and no issue
 */
export function updateExpectations(
  text: string,
  where: string,
  rows: readonly AnyRow[],
  day: string,
  review: Review,
): Update {
  const known = parseExpectations(text, where);
  const document = parseDocument(text);
  if (!isSeq(document.contents)) document.contents = document.createNode([]) as never;
  const list = document.contents as unknown as YAMLSeq<YAMLMap>;
  const update: Update = { text, changes: [], byHand: [] };
  // From the end, so that places stay what they are.
  for (const [index, one] of [...known.entries()].reverse())
    reviewOne(list, index, one, { document, rows, day, review, update });
  // Those that get another date are expected again.
  const expected = review.until === undefined ? inForce(known, day) : known;
  for (const entry of newExpectations(expected, rows, day, review)) {
    list.add(document.createNode(entry) as YAMLMap);
    update.changes.push(`added: ${entry.checks.join(', ')} in ${placeOf(entry)}`);
  }
  if (update.changes.length > 0) update.text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return update;
}

interface Context {
  document: Document;
  rows: readonly AnyRow[];
  day: string;
  review: Review;
  update: Update;
}

/** One expectation against the run. */
function reviewOne(
  list: YAMLSeq<YAMLMap>,
  index: number,
  one: Expectation,
  { document, rows, day, review, update }: Context,
): void {
  const node = list.items[index];
  if (!isMap(node)) return;
  const { until: _, ...timeless } = one;
  let left = one;
  for (const { system, version, checks } of staleExpectations({ file: '', expectations: [timeless], rows }, day)) {
    const what = `${checks.join(', ')} of ${system}@${version} (${one.issue})`;
    const releases = rows.filter((row) => row.role === 'cell' && fits(one, row));
    const isOneSystem = new Set(releases.map((row) => row.system)).size === 1;
    const rest = isOneSystem ? without(left, version, checks) : undefined;
    if (rest === undefined) {
      update.byHand.push(`${what} did not happen: take it out of "${one.versions}"`);
      continue;
    }
    update.changes.push(`fixed: ${what}`);
    left = rest.others ?? { ...left, checks: [] };
    if (rest.split !== undefined) {
      const copy = node.clone() as YAMLMap;
      copy.commentBefore = undefined;
      copy.set('versions', rest.split.versions);
      copy.set('checks', rest.split.checks);
      list.items.splice(index + 1, 0, copy);
    }
  }
  if (left.checks.length === 0) {
    if (index === 0) keepHeader(node, document);
    list.delete(index);
    return;
  }
  if (left.versions !== one.versions) node.set('versions', left.versions);
  if (left.checks.length !== one.checks.length) node.set('checks', left.checks);
  const happens = rows.some((row) => row.role === 'cell' && fits(left, row));
  if (!isExpired(one, day) || !happens) return;
  const what = `${left.checks.join(', ')} of ${left.versions} (${one.issue})`;
  if (review.until === undefined) update.byHand.push(`${what} expired on ${one.until}: fix it, or give --until`);
  else {
    node.set('until', review.until);
    update.changes.push(`expected until ${review.until}: ${what}`);
  }
}

/** What stands above the first entry, with an empty line between, is the file's own comment. */
function keepHeader({ commentBefore }: YAMLMap, document: Document): void {
  const end = commentBefore?.lastIndexOf('\n\n') ?? -1;
  if (end === -1) return;
  document.commentBefore = [document.commentBefore, commentBefore?.slice(0, end)].filter(Boolean).join('\n\n');
}

/**
 * An expectation without some checks of one version. Undefined: its versions are a range, from which one version can't be taken.
 * @returns `others`: what stays, if anything; `split`: what stays of this version
 */
function without(
  one: Expectation,
  version: string,
  checks: readonly string[],
): { others?: Expectation; split?: Expectation } | undefined {
  const versions = one.versions.split('||').map((text) => text.trim());
  if (!versions.every((text) => semver.valid(text) === text) || !versions.includes(version)) return undefined;
  const rest = one.checks.filter((check) => !checks.includes(check));
  if (versions.length === 1) return rest.length === 0 ? {} : { others: { ...one, checks: rest } };
  const others = { ...one, versions: versions.filter((text) => text !== version).join(' || ') };
  return rest.length === 0 ? { others } : { others, split: { ...one, versions: version, checks: rest } };
}
