import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { validateXML } from 'xmllint-wasm';

export const writtenSchema = (file: string): string =>
  readFileSync(new URL(`../../schemas/${file}`, import.meta.url), 'utf8');

/** What a program of somebody else would say of documents, by the published schema alone. */
export function faultsOf(file: string, ...documents: readonly unknown[]): string[] {
  const ajv = new Ajv2020.default({ allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(writtenSchema(file)));
  return documents.flatMap((document, index) =>
    validate(document)
      ? []
      : (validate.errors ?? []).map((error) => `${index + 1}${error.instancePath}: ${error.message}`),
  );
}

const jenkins = readFileSync(new URL('jenkins-junit.xsd', import.meta.url), 'utf8');

/** What Jenkins would say of a JUnit report. */
export async function faultsOfJUnit(xml: string): Promise<readonly unknown[]> {
  return (await validateXML({ xml: [{ fileName: 'junit.xml', contents: xml }], schema: [jenkins] })).errors;
}
