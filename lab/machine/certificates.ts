import { mkdir, readFile, writeFile } from 'node:fs/promises';
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

/** The name that the machine's key is known by: its port is another one at each start. */
const HOST = 'midwrite-machine';

/**
 * Makes the machine's own key, the one key that may log in, and the list of hosts that has it.
 * @param server gets host_key and authorized_keys
 * @param client gets key and known_hosts
 */
export async function makeSshKeys(server: string, client: string): Promise<void> {
  // sshd reads who may log in as the one who does.
  await mkdir(server, { recursive: true, mode: 0o755 });
  await mkdir(client, { recursive: true, mode: 0o700 });
  await keygen(path.join(server, 'host_key'));
  const own = path.join(client, 'key');
  await keygen(own);
  await writeFile(path.join(server, 'authorized_keys'), await readFile(`${own}.pub`));
  const known = path.join(client, 'known_hosts');
  await writeFile(known, `${HOST} ${await readFile(path.join(server, 'host_key.pub'), 'utf8')}`);
}

/** What ssh(1) is told to reach a machine whose keys are in that folder. */
export const sshArgs = (client: string): string[] => [
  ...['-F', 'none', '-o', `HostKeyAlias=${HOST}`, '-o', `UserKnownHostsFile=${path.join(client, 'known_hosts')}`],
  ...['-o', 'GlobalKnownHostsFile=none', '-o', 'StrictHostKeyChecking=yes'],
  ...['-o', 'IdentitiesOnly=yes', '-i', path.join(client, 'key')],
];

const keygen = (file: string) =>
  run({
    file: 'ssh-keygen',
    args: ['-q', '-t', 'ed25519', '-N', '', '-C', 'midwrite', '-f', file],
    purpose: "making the machine's keys",
    limitMs: LIMIT_MS,
    code: 'no-machine',
  });

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

const openssl = (args: readonly string[]) =>
  run({ file: 'openssl', args, purpose: "making the machine's certificates", limitMs: LIMIT_MS, code: 'no-machine' });
