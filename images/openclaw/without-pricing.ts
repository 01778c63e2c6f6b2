/**
 * A configuration that is valid for every release: `models.pricing` is not for 2026.9.6, whose gateway takes it out at its boot, while a command line ends
 * with code 1.
 */
export function withoutPricing<C extends { models: { pricing?: unknown } }>(config: C): C {
  const { pricing: _, ...models } = config.models;
  return { ...config, models };
}
