import type { EvidenceSink } from '../evidence/recorder.ts';
import type { Pod, PodProgram } from '../pod/pod.ts';
import type { Release } from '../system.ts';

/** What each part of a session stands on: the pod, what runs in it, and where it is written down. */
export interface Ground {
  pod: Pod;
  release: Release;
  recorder: EvidenceSink;
  signal: AbortSignal;
  /** Where the release is not the pod's own. */
  program: PodProgram | undefined;
}
