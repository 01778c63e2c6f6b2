import type { Existing, Op } from './places.ts';

/** What a write has done to a file so far, as far as the next place needs it. */
export interface FileState {
  isThere: boolean;
  /** It is empty: it was just made, or what it held was just thrown away. */
  fresh?: 'made' | 'truncated' | undefined;
  /** Bytes; undefined: not known. */
  size: number | undefined;
}

/** The files of a state folder while one write goes through them, call by call. */
export class FileStates {
  readonly #existing: Existing;
  readonly #files = new Map<string, FileState>();

  constructor(existing: Existing) {
    this.#existing = existing;
  }

  of(file: string): FileState {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const size = this.#existing instanceof Map ? (this.#existing.get(file) as number | undefined) : undefined;
    const state = { isThere: this.#existing.has(file), size };
    this.#files.set(file, state);
    return state;
  }

  /** Where a write begins in its file, in bytes; undefined: not known. */
  offsetOf(op: Op): number | undefined {
    const { fresh, size } = this.of(op.path);
    if (fresh !== undefined) return 0;
    return op.offset ?? op.position ?? (op.append === true ? size : undefined);
  }

  /** What the call makes of its files. */
  note(op: Op): void {
    const state = this.of(op.path);
    switch (op.op) {
      case 'create':
        this.#files.set(op.path, { isThere: true, fresh: state.isThere ? 'truncated' : 'made', size: 0 });
        break;
      case 'truncate':
        if ((op.bytes ?? 0) === 0)
          this.#files.set(op.path, { isThere: true, fresh: state.isThere ? 'truncated' : 'made', size: 0 });
        else state.size = op.bytes;
        break;
      case 'write':
        if (state.size !== undefined)
          state.size = Math.max(state.size, (this.offsetOf(op) ?? state.size) + (op.bytes ?? 0));
        state.fresh = undefined;
        break;
      case 'rename':
      case 'unlink':
        this.#files.set(op.path, { isThere: false, size: undefined });
        break;
    }
    if (op.to !== undefined) this.#files.set(op.to, { ...state, isThere: true });
  }
}
