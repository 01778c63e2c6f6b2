import type { SystemDefinition } from '../define/definition.ts';
import type { ImageSource } from '../source/source.ts';

const text = (value: string): string => (/^[^'\\\n]*$/.test(value) ? `'${value}'` : JSON.stringify(value));

function literal(value: unknown, indent: string): string {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, indent)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, item]) => `${key(name)}: ${literal(item, indent)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return JSON.stringify(value);
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name));

function source(image: ImageSource): string {
  switch (image.kind) {
    case 'npm':
    case 'debian': {
      const { kind, packages, ...options } = image;
      const more = Object.keys(options).length === 0 ? [] : [literal(options, '')];
      return `${kind}(${[...packages.map(text), ...more].join(', ')})`;
    }
    case 'dockerfile':
      return `dockerfile(${text(image.folder)})`;
    case 'image':
      return `image(${text(image.ref)})`;
  }
}

/** A midwrite.config.ts that says what a command line of `try` said. */
export function configText(definition: SystemDefinition): string {
  const { image, ...fields } = definition;
  const { name, ...others } = fields;
  const lines = Object.entries(others).map(([field, value]) => `      ${key(field)}: ${literal(value, '      ')},`);
  return [
    `import { defineConfig, defineSystem, ${image.kind} } from 'midwrite';`,
    '',
    'export default defineConfig({',
    '  systems: [',
    '    defineSystem({',
    `      name: ${text(name)},`,
    `      image: ${source(image)},`,
    ...lines,
    '    }),',
    '  ],',
    '});',
    '',
  ].join('\n');
}
