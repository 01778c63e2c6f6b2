import type Docker from 'dockerode';
import { engineProblem, removeContainer } from '../docker/lab-container.ts';
import { LABEL } from '../docker/labels.ts';
import { decodeOwner, liveness } from '../owner/owner.ts';
import { sweepScratch } from '../owner/scratch.ts';
import { describe, errorCode } from '../problem.ts';

export interface Swept {
  containers: number;
  volumes: number;
  images: number;
  folders: number;
  /** Made on another machine or before its last boot: nobody here can tell whether its owner lives. */
  elsewhere: number;
  failures: string[];
}

/**
 * Takes away what labs that are dead have left on an engine and on this machine.
 * @param everything also what belongs to labs that live or can't be asked
 */
export async function sweep(docker: Docker, options: { everything: boolean; images: boolean }): Promise<Swept> {
  const swept: Swept = { containers: 0, volumes: 0, images: 0, folders: 0, elsewhere: 0, failures: [] };
  const mayGo = (labels: Record<string, string> | undefined): boolean => {
    if (options.everything) return true;
    const owner = decodeOwner(labels?.[LABEL.owner] ?? '');
    const state = owner === undefined ? 'elsewhere' : liveness(owner);
    if (state === 'elsewhere') swept.elsewhere += 1;
    return state === 'dead';
  };
  const attempt = async (work: () => Promise<void>, count: () => void) => {
    try {
      await work();
      count();
    } catch (error) {
      if (errorCode(error) !== 404) swept.failures.push(describe(error));
    }
  };
  try {
    const containers = await docker.listContainers({ all: true, filters: { label: [`${LABEL.kind}=container`] } });
    for (const one of containers.filter((container) => mayGo(container.Labels))) {
      await attempt(
        () => removeContainer(docker.getContainer(one.Id)),
        () => {
          swept.containers += 1;
        },
      );
    }
    const { Volumes } = await docker.listVolumes({ filters: { label: [`${LABEL.kind}=volume`] } });
    for (const one of (Volumes ?? []).filter((volume) => mayGo(volume.Labels))) {
      await attempt(
        () => docker.getVolume(one.Name).remove({ force: true }),
        () => {
          swept.volumes += 1;
        },
      );
    }
    if (options.images) {
      const images = await docker.listImages({ all: true, filters: { label: [`${LABEL.kind}=image`] } });
      for (const one of childrenFirst(images)) {
        await attempt(
          // `noprune`: what it is made of, if it is the lab's, is in the list too, and else it is somebody's.
          () => docker.getImage(one.Id).remove({ force: true, noprune: true }),
          () => {
            swept.images += 1;
          },
        );
      }
    }
  } catch (error) {
    throw engineProblem('what earlier runs left could not be listed', error);
  }
  swept.folders = await sweepScratch();
  return swept;
}

/** An engine removes no image that another is made of. */
export function childrenFirst<Image extends { Id: string; ParentId: string }>(images: readonly Image[]): Image[] {
  const parents = new Map(images.map((one) => [one.Id, one.ParentId]));
  const depth = (id: string): number => {
    const parent = parents.get(id);
    return parent === undefined ? 0 : 1 + depth(parent);
  };
  return images.toSorted((a, b) => depth(b.Id) - depth(a.Id));
}

/** In words, or undefined if there was nothing. */
export function sweptInWords(swept: Swept): string | undefined {
  const parts = [
    [swept.containers, 'container'],
    [swept.volumes, 'volume'],
    [swept.images, 'image'],
    [swept.folders, 'folder'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, name]) => `${count} ${name}${count === 1 ? '' : 's'}`);
  return parts.length === 0 ? undefined : parts.join(', ');
}
