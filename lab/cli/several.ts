/** The value of an option that may be given several times, or with commas. */
export const several = (value: string, previous: string[] = []): string[] => [
  ...previous,
  ...value.split(',').map((one) => one.trim()),
];
