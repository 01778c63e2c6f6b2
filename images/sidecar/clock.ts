/** How far the computed time may be from `Date.now()` (which is whole ms, rounded down) before the origin is set anew. */
const TOLERANCE_MS = 1.5;

let originMs = performance.timeOrigin;

/**
 * The wall clock in ms since 1970, with fraction. `Date.now()` has no fraction and `performance.now()` does not follow a
 * wall clock that was set: so the one carries the fraction and the other corrects it.
 */
export function wallMs(): number {
  const coarseMs = Date.now();
  const exactMs = originMs + performance.now();
  const driftMs = exactMs - coarseMs;
  if (driftMs > -0.5 && driftMs < TOLERANCE_MS) return exactMs;
  originMs -= driftMs - 0.5;
  return coarseMs + 0.5;
}
