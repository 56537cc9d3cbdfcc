/** Lines of the stack's logs: services write JSON, servers their own formats. */

export interface LogLine {
  /** Name of the log file: `gateway`, `postgres`. */
  readonly source: string;
  /** Milliseconds since 1970; undefined for a line without a time, which belongs to the previous one. */
  readonly time: number | undefined;
  /** Human-readable. */
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** Fields of a JSON line that are formatted separately. */
const STANDARD_FIELDS = ['time', 'level', 'msg', 'service'];
const REQUEST_ID_FIELD = /^(\w+R|r)equestId$/;
const DEPTH_MAX = 6;

export function parseLogLine(source: string, line: string): LogLine {
  const fields = jsonObject(line);
  if (fields === undefined) return { source, time: serverTime(line), text: line, fields };
  const time = Date.parse(textOf(fields['time']));
  const rest = Object.entries(fields).filter(([name]) => !STANDARD_FIELDS.includes(name));
  const text = [
    textOf(fields['level']).padEnd(5),
    textOf(fields['msg']),
    ...rest.map(([name, value]) => `${name}=${shown(value)}`),
  ];
  return { source, time: Number.isNaN(time) ? undefined : time, text: text.join(' ').trim(), fields };
}

/** Formats a line for the terminal: time of day, source, text. */
export function formatLogLine({ source, time, text }: LogLine, sourceWidth: number): string {
  const clock = time === undefined ? '' : new Date(time).toISOString().slice(11, 23);
  return `${clock.padEnd(12)}  ${source.padEnd(sourceWidth)}  ${text}`;
}

/** Whether the line is about this request: a field at any depth is the request's id. */
export function isAboutRequest({ fields }: LogLine, requestId: string): boolean {
  return fields !== undefined && containsRequestId(fields, requestId, 0);
}

function containsRequestId(value: unknown, requestId: string, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return false;
  return Object.entries(value).some(([name, inner]) =>
    REQUEST_ID_FIELD.test(name) ? inner === requestId : containsRequestId(inner, requestId, depth + 1),
  );
}

/** Merges lines by time; lines without one stay after the line that precedes them in their file. */
export function inTimeOrder(files: readonly (readonly LogLine[])[]): LogLine[] {
  const timed = files.flatMap((lines) => {
    let latest = 0;
    return lines.map((line) => ({ line, at: (latest = Math.max(line.time ?? latest, latest)) }));
  });
  // The sort is stable: lines with the same time keep the order of their file.
  return timed.sort((a, b) => a.at - b.at).map(({ line }) => line);
}

function jsonObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/**
 * Parses `2026/01/31 12:00:00.123456` (NATS), `31 Jan 2026 12:00:00.123` (Redis), `2026-01-31 12:00:00.123 GMT`
 * (PostgreSQL), all in UTC, and ISO 8601 (the supervisor).
 */
function serverTime(line: string): number | undefined {
  const numeric = /(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(line);
  const named = /(\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(line);
  const text =
    numeric !== null
      ? `${numeric[1]}-${numeric[2]}-${numeric[3]}T${numeric[4]}Z`
      : named !== null
        ? `${named[3]}-${monthOf(named[2] as string)}-${named[1]}T${named[4]}Z`
        : '';
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function monthOf(name: string): string {
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return String(names.indexOf(name) + 1).padStart(2, '0');
}
