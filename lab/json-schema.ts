import { Ajv } from 'ajv';

/**
 * Why a value does not fit a JSON schema, in words; undefined: it fits.
 * @throws Error the schema itself is none
 */
export function whyUnfit(schema: Readonly<Record<string, unknown>>, value: unknown): string | undefined {
  const ajv = new Ajv({ strict: false, allErrors: false });
  return ajv.validate(schema, value) ? undefined : ajv.errorsText(ajv.errors);
}
