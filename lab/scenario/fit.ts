/** A straight line through points, and how sure its slope is. */
export interface Line {
  slope: number;
  intercept: number;
  /** Half of the width of the slope's interval at 95 %. 0: the points lie on the line. */
  halfWidth: number;
  points: number;
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const T_95_MANY = 1.96;

/**
 * Ordinary least squares; the interval of the slope is t(0.975, n - 2) × s / sqrt(Σ(x - x̄)²), with s² the residual variance over n - 2.
 * @returns undefined for fewer than three points, or points of one x
 */
export function fitLine(points: readonly { x: number; y: number }[]): Line | undefined {
  const n = points.length;
  if (n < 3) return undefined;
  const mean = (of: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / n;
  const meanX = mean((point) => point.x);
  const meanY = mean((point) => point.y);
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return undefined;
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const intercept = meanY - slope * meanX;
  const residual = points.reduce((sum, { x, y }) => sum + (y - intercept - slope * x) ** 2, 0);
  const t = T_95[n - 3] ?? T_95_MANY;
  return { slope, intercept, halfWidth: t * Math.sqrt(residual / (n - 2) / spread), points: n };
}
