import { findPackageJSON } from 'node:module';
import path from 'node:path';

/** midwrite's package.json: of the checkout, or of the package, where the modules are compiled and stand in dist/. */
export const packageFile: string = findPackageJSON(import.meta.url) ?? path.resolve('package.json');

/** What is no module is read from here, so that a checkout and the package have it in one place: the images' sources, the page's style. */
export const packageFolder: string = path.dirname(packageFile);

/** Below node_modules nothing is written: the next install takes it away. */
export const isInstalled: boolean = packageFolder.split(path.sep).includes('node_modules');
