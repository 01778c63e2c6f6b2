import { z } from 'zod';
import { SourceFrame } from './source-lines.ts';

/** What kind of function was called: which of the kernel's calls it can make (match.ts). */
const NOTE_KINDS = [
  'open',
  'write',
  'file',
  'stream',
  'copy',
  'tree',
  'rename',
  'link',
  'remove',
  'remove-tree',
  'mkdir',
  'mkdtemp',
  'truncate',
  'mode',
  'owner',
  'times',
  'sync',
  'database',
] as const;
export type NoteKind = (typeof NOTE_KINDS)[number];

const PATH_CHARS = 4096;
const NAME_CHARS = 1024;

const frame = SourceFrame.extend({ file: z.string().max(PATH_CHARS), function: z.string().max(NAME_CHARS).optional() });

/** One function call of the program's that changes a file; `from` and `until` are by CLOCK_MONOTONIC, in ns, as writegate's `mono`. */
const CallNote = z.object({
  note: z.literal('call'),
  call: z.string().max(NAME_CHARS),
  kind: z.enum(NOTE_KINDS),
  path: z.string().max(PATH_CHARS),
  to: z.string().max(PATH_CHARS).optional(),
  from: z.number(),
  /** Null: it goes on, as a stream does. */
  until: z.number().nullable(),
  frames: z.array(frame).min(1).max(20),
});
export type CallNote = Omit<z.infer<typeof CallNote>, 'note'>;

const Note = z.discriminatedUnion('note', [
  z.object({ note: z.literal('begins'), node: z.string() }),
  z.object({ note: z.literal('full') }),
  CallNote,
]);

/** The preload stops before that in each process; a program may write what looks like notes. */
const MOST_NOTES = 200_000;
const MOST_CHARS = 64 * 1024 * 1024;

/** Takes the notes out of a program's log. It is untrusted: what is no note is counted, and nothing more is kept than fits. */
export class Notes {
  /** What a note begins with; nobody but the preload is told. */
  readonly mark: string;
  readonly calls: CallNote[] = [];
  /** Processes in which the preload ran. */
  processes = 0;
  /** Lines that begin as a note and are none. */
  garbled = 0;
  isFull = false;
  #chars = 0;

  constructor(mark: string) {
    this.mark = mark;
  }

  /** One line of the program's log. */
  line(text: string): void {
    const at = text.indexOf(this.mark);
    if (at === -1) return;
    this.#chars += text.length;
    if (this.calls.length >= MOST_NOTES || this.#chars > MOST_CHARS) {
      this.isFull = true;
      return;
    }
    const note = parse(text.slice(at + this.mark.length));
    switch (note?.note) {
      case 'begins':
        this.processes += 1;
        return;
      case 'full':
        this.isFull = true;
        return;
      case 'call': {
        const { note: _, ...call } = note;
        this.calls.push(call);
        return;
      }
      default:
        this.garbled += 1;
    }
  }
}

function parse(text: string): z.infer<typeof Note> | undefined {
  try {
    return Note.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
