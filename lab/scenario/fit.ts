/** A straight line through points, and how sure its slope is. */
export interface Line {
  slope: number;
  /** Of the first segment. */
  intercept: number;
  /** Half of the width of the slope's interval at 95 %. 0: the points lie on the line. */
  halfWidth: number;
  points: number;
}

/** `segment`: points of one segment share a level; all of them share the slope. Absent: there is one. */
export interface Sample {
  x: number;
  y: number;
  segment?: number;
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const T_95_MANY = 1.96;

/** The two-sided 95 % quantile of Student's t. */
export const t95 = (freedom: number): number => T_95[freedom - 1] ?? T_95_MANY;

/**
 * Ordinary least squares with one slope and a level for each segment (the slope within groups of an analysis of covariance). The interval of the
 * slope is t(0.975, n - g - 1) × s / sqrt(Σ(x - x̄)²), with g segments, x̄ the mean of its own one, and s² the residual variance over n - g - 1.
 * @returns undefined where nothing is left to tell the noise from: n < g + 2, or points of one x
 */
export function fitLine(samples: readonly Sample[]): Line | undefined {
  const segments = [...Map.groupBy(samples, ({ segment }) => segment ?? 1).values()].map((points) => {
    const mean = (of: (point: Sample) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    return { points, x: mean((point) => point.x), y: mean((point) => point.y) };
  });
  const [first] = segments;
  const freedom = samples.length - segments.length - 1;
  if (first === undefined || freedom < 1) return undefined;
  const sum = (of: (x: number, y: number) => number) =>
    segments.reduce((all, { points, x, y }) => all + points.reduce((own, p) => own + of(p.x - x, p.y - y), 0), 0);
  const spread = sum((x) => x ** 2);
  if (spread === 0) return undefined;
  const slope = sum((x, y) => x * y) / spread;
  const residual = sum((x, y) => (y - slope * x) ** 2);
  return {
    slope,
    intercept: first.y - slope * first.x,
    halfWidth: t95(freedom) * Math.sqrt(residual / freedom / spread),
    points: samples.length,
  };
}
