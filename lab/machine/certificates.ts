import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../process.ts';

const DAYS = '3650';
const LIMIT_MS = 60_000;

/**
 * Makes an authority of the machine's own and what it signs: the engine's certificate, for 127.0.0.1 alone, and the one of who may use it. The
 * authority's key is thrown away with `scratch`, so nothing more is ever signed.
 * @param server gets ca.pem, cert.pem and key.pem of the engine
 * @param client gets the same of who uses it
 */
export async function makeCertificates(scratch: string, server: string, client: string): Promise<void> {
  const authority = path.join(scratch, 'authority');
  await mkdir(authority, { recursive: true, mode: 0o700 });
  const ca = path.join(authority, 'ca.pem');
  const caKey = path.join(authority, 'key.pem');
  await openssl([
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    caKey,
    '-out',
    ca,
    '-subj',
    '/CN=midwrite machine',
    '-days',
    DAYS,
  ]);
  const parts = [
    [server, 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'],
    [client, 'extendedKeyUsage=clientAuth\n'],
  ] as const;
  for (const [folder, extensions] of parts) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const request = path.join(authority, 'request.pem');
    const extensionFile = path.join(authority, 'extensions');
    await writeFile(extensionFile, extensions);
    const key = path.join(folder, 'key.pem');
    await openssl(['req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', '/CN=midwrite']);
    await openssl([
      ...['x509', '-req', '-in', request, '-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', DAYS],
      ...['-extfile', extensionFile, '-out', path.join(folder, 'cert.pem')],
    ]);
    await run({
      file: 'cp',
      args: [ca, path.join(folder, 'ca.pem')],
      purpose: 'keeping a certificate',
      limitMs: LIMIT_MS,
    });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

const openssl = (args: readonly string[]) =>
  run({ file: 'openssl', args, purpose: "making the machine's certificates", limitMs: LIMIT_MS, code: 'no-machine' });
