/** The value of an option that may be given several times, or with commas. */
export const several = (value: string, previous: string[] = []): string[] => [
  ...previous,
  ...value.split(',').map((one) => one.trim()),
];

/** A value of an option that is given several times; a comma is part of it. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value];
