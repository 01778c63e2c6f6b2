/** One thing that was found, in plain words, beside what the document says of it. */
export interface Figure {
  what: string;
  /** The document's own figure. Absent: it has none. */
  document?: string;
  measured: string;
  reproduced: Reproduced;
  /** Why not, or what is different here. */
  why?: string;
}

/** `-`: the document says nothing of it. */
export const REPRODUCED = ['yes', 'no', 'in part', 'not measured', '-'] as const;
export type Reproduced = (typeof REPRODUCED)[number];

/** A curve that reports draw: one value of a series of points. */
export interface Curve {
  title: string;
  /** The series that `ScenarioLab.point` names. */
  series: string;
  xLabel: string;
  /** The value of each point. */
  value: string;
  yLabel: string;
  /** The document's figure, as a level. */
  document?: { label: string; y: number };
}
