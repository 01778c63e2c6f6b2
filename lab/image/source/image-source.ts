/** Where the image of a system from outside comes from. Plain data, made by `npm()`, `debian()`, `dockerfile()` and `image()`. */
export type ImageSource =
  | {
      kind: 'npm';
      /** `json-server@0.17.4`, a range, a tag, or a name alone. */
      packages: readonly string[];
      /** Beside node_modules, in /opt/app: a script there can import the packages. */
      files?: Readonly<Record<string, string>>;
      /** A version of Node. Absent: the newest long-term one that the first package's `engines` takes. */
      node?: string;
    }
  | { kind: 'debian'; packages: readonly string[]; files?: Readonly<Record<string, string>> }
  | { kind: 'dockerfile'; folder: string }
  | { kind: 'image'; ref: string };

/** What an image can have beside its packages. */
export interface SourceOptions {
  /** Files in /opt/app: names, and what is in them. */
  files?: Readonly<Record<string, string>>;
}

type Arguments<Options> = readonly [string, ...(string | Options)[]];

function split<Options>(args: Arguments<Options>): { packages: string[]; options: Options | undefined } {
  return {
    packages: args.filter((one): one is string => typeof one === 'string'),
    options: args.find((one): one is Options => typeof one !== 'string'),
  };
}

/** Packages from npm, on the Node that the first of them asks for: `npm('json-server@0.17.4')`, `npm('conf@15', { files: { 'save.mjs': '…' } })`. */
export function npm(...args: Arguments<SourceOptions & { node?: string }>): ImageSource {
  const { packages, options } = split(args);
  return { kind: 'npm', packages, ...options };
}

/** Packages from Debian: `debian('redis-server')`. */
export function debian(...args: Arguments<SourceOptions>): ImageSource {
  const { packages, options } = split(args);
  return { kind: 'debian', packages, ...options };
}

/** A folder with a Dockerfile, built without a network. */
export const dockerfile = (folder: string): ImageSource => ({ kind: 'dockerfile', folder });

/** An image that the engine has, or can pull. */
export const image = (ref: string): ImageSource => ({ kind: 'image', ref });
