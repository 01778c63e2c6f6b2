/** What placeholders stand for, by name; `{a.b}` is the field b of the value a. */
export type Values = Readonly<Record<string, unknown>>;

const PLACE = /\{([A-Za-z]\w*(?:\.\w+)*)\}/g;
const ONLY_PLACE = /^\{([A-Za-z]\w*(?:\.\w+)*)\}$/;

/** A copy with the values in all texts; the names of fields stay, and so does a placeholder that stands for nothing. A text that is nothing but a number's placeholder becomes that number. */
export function filled(template: unknown, values: Values): unknown {
  if (typeof template === 'string') return text(template, values);
  if (Array.isArray(template)) return template.map((item) => filled(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, item]) => [name, filled(item, values)]));
}

function text(template: string, values: Values): unknown {
  const only = ONLY_PLACE.exec(template)?.[1];
  const value = only === undefined ? undefined : lookUp(only, values);
  if (typeof value === 'number') return value;
  return template.replaceAll(PLACE, (whole, path: string) => {
    const found = lookUp(path, values);
    return typeof found === 'string' || typeof found === 'number' ? String(found) : whole;
  });
}

function lookUp(path: string, values: Values): unknown {
  let value: unknown = values;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
