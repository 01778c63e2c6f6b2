import { imageNameFor, variantFor, versionForIds } from '../image/names.ts';
import { Problem } from '../problem.ts';
import type { GivenSource, Resolved } from './source.ts';

const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/** HOST:PORT/PATH:TAG@DIGEST */
const REFERENCE = new RegExp(
  String.raw`^(?:[a-zA-Z0-9.-]+(?::\d+)?/)?${PART}(?:/${PART})*(?::(?<tag>\w[\w.-]{0,127}))?(?:@sha256:(?<digest>[0-9a-f]{64}))?$`,
);
const SHOWN_OF_A_DIGEST = 12;

/** What an image is called; which one that is, the engine says when it is used. */
export function resolveImage({ ref }: GivenSource): Resolved {
  const version = versionOf(ref);
  const [name = ''] = ref.split('@')[0]?.split('/').at(-1)?.split(':') ?? [];
  return {
    recipe: { name: imageNameFor('image', name), variant: variantFor(version), ref },
    version: versionForIds(version),
    notes: [],
  };
}

/**
 * The tag of an image, or the start of its digest or id.
 * @throws Problem bad-definition
 */
export function versionOf(ref: string): string {
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref)?.[1];
  const { tag, digest } = REFERENCE.exec(ref)?.groups ?? {};
  if (id === undefined && !REFERENCE.test(ref)) {
    throw new Problem(
      'bad-definition',
      `"${ref}" is no name of an image: write NAME:TAG, HOST/NAME:TAG or NAME@sha256:DIGEST, in small letters, such as redis:7.4.`,
    );
  }
  return id?.slice(0, SHOWN_OF_A_DIGEST) ?? tag ?? digest?.slice(0, SHOWN_OF_A_DIGEST) ?? 'latest';
}
