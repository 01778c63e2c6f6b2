/** Where the runner in a system's container takes commands (images/writegate/README.md, "runner"). */
export const RUNNER_PORT = 18_079;

/** A talk over a WebSocket: JSON messages, each sent when one has come that holds what it waits for (images/sidecar/README.md). */
export interface Conversation {
  port: number;
  path: string;
  /** What an identity of its own signs. Absent: it has none. */
  sign?: string;
  steps: readonly { after: unknown; send: unknown }[];
  /** What the message holds that ends it well, and what the one that ends it badly. */
  done: unknown;
  refused: unknown;
}

/**
 * One exchange with a system: how a write is made, and how it is asked what it holds. Everything is on the pod's loopback. In texts `{text}` and
 * `{session}` stand for the write's own.
 */
export type Drive =
  | {
      kind: 'http';
      port: number;
      method: string;
      path: string;
      headers: Readonly<Record<string, string>>;
      /** Sent as JSON. */
      body?: unknown;
      /** Sent as it is, in place of `body`. */
      text?: string;
    }
  | ({ kind: 'talk' } & Conversation)
  | {
      kind: 'tcp';
      port: number;
      send: string;
      /** The write is acknowledged when this was received. Absent: `send` is all, and what comes until the other end closes is the answer. */
      answer?: string;
    }
  | {
      kind: 'command';
      /** A program of the system's own image and its arguments; no shell. */
      argv: readonly string[];
      env?: Readonly<Record<string, string>>;
      cwd?: string;
      stdin?: string;
    };

/** How an exchange ended. Times in ms since 1970. */
export interface DriveResult {
  tSent: number;
  tEnded: number;
  /** A status 2xx, exit code 0, the talk's `done`, the answer that was waited for. */
  acknowledged: boolean;
  /** The answer's body, what was received, or standard output. */
  text: string;
  /** Why it was not acknowledged, in words. */
  error?: string;
  status?: number;
  exitCode?: number;
  signal?: number;
  stderr?: string;
  /** Processes that a command left behind. */
  left?: number;
}
