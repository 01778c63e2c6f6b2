import type { Content } from './content.ts';

/* The format of a write-ahead log: https://sqlite.org/fileformat2.html#the_write_ahead_log */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Without the bit that tells the byte order of the checksums. */
const MAGIC = 0x377f0682;
const LARGEST_PAGE = 65_536;

/**
 * The part of a write-ahead log that can decide what a reader finds who recovers it: up to its last whole frame that commits and has the header's salts. What
 * follows commits nothing, whatever its checksums are, and is passed over. All of it, where it does not begin as a log does.
 */
export function committedPart(log: Content): Content {
  if (log.size < HEADER_BYTES) return log;
  const header = log.slice(0, HEADER_BYTES);
  // 1: 65,536, which does not fit into the two bytes that the database's own header has for it.
  const pageBytes = header.readUInt32BE(8) === 1 ? LARGEST_PAGE : header.readUInt32BE(8);
  const isLog = (header.readUInt32BE(0) & ~1) >>> 0 === MAGIC && pageBytes >= 512 && pageBytes <= LARGEST_PAGE;
  if (!isLog) return log;
  const salts = header.subarray(16, 24);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let frame = Math.floor((log.size - HEADER_BYTES) / frameBytes) - 1; frame >= 0; frame -= 1) {
    const at = HEADER_BYTES + frame * frameBytes;
    const bytes = log.slice(at, at + FRAME_HEADER_BYTES);
    const isCommit = bytes.readUInt32BE(4) !== 0;
    if (isCommit && bytes.subarray(8, 16).equals(salts)) return log.truncate(at + frameBytes);
  }
  return log.truncate(HEADER_BYTES);
}

/** What of a file's bytes counts for whoever opens it: of a log, as SQLite calls that of a database (https://sqlite.org/tempfiles.html), what is committed. */
export const countedPart = (file: string, content: Content): Content =>
  file.endsWith('-wal') ? committedPart(content) : content;
