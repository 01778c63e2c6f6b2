/** The sidecar of a pod: the model provider, the driver and the witness of the state folder. The README is its contract. */
import { wallMs } from './clock.ts';
import { commandsFor } from './commands.ts';
import { Control } from './control.ts';
import { type Provider, startProvider } from './provider.ts';

const PROTOCOL = 1;
const DEFAULT_PROVIDER_PORT = 18_080;

// As PID 1 a process has no default action for signals: without these, `docker stop` would wait for its time to run out.
process.once('SIGTERM', () => process.exit(0));
process.once('SIGINT', () => process.exit(0));
// Nobody reads the replies any more: the lab is gone.
process.stdout.on('error', () => process.exit(0));

const provider = await start(readPort(process.env.PROVIDER_PORT));
const control = new Control(commandsFor(provider), process.stdout);
control.announce({ event: 'start', protocol: PROTOCOL, node: process.version, port: provider.port, t: wallMs() });
await control.serve(process.stdin);
process.exit(0);

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PROVIDER_PORT;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  return refuse(2, `PROVIDER_PORT must be a port from 0 (any) to 65535, and is ${JSON.stringify(text)}`);
}

async function start(port: number): Promise<Provider> {
  try {
    return await startProvider(port);
  } catch (error) {
    return refuse(1, `the model provider can't listen on 127.0.0.1:${port}: ${String(error)}`);
  }
}

function refuse(code: number, message: string): never {
  process.stderr.write(`sidecar: ${message}\n`);
  process.exit(code);
}
