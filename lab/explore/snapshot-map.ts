/** A map of which snapshots are taken all the time: it is copied when it is changed after one, and not before. */
export class SnapshotMap<K, V> {
  #now = new Map<K, V>();
  #isTaken = false;

  get(key: K): V | undefined {
    return this.#now.get(key);
  }

  has(key: K): boolean {
    return this.#now.has(key);
  }

  /** As it is now; it stays so. */
  get snapshot(): ReadonlyMap<K, V> {
    this.#isTaken = true;
    return this.#now;
  }

  /** To be changed, until the next snapshot is taken. */
  get own(): Map<K, V> {
    if (this.#isTaken) {
      this.#now = new Map(this.#now);
      this.#isTaken = false;
    }
    return this.#now;
  }
}
