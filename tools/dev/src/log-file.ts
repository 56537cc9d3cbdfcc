/** A log that others write, and that is put aside under them when it becomes long. */
import { logFiles } from '@xerotier/local-servers';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseLogLine } from './log-line.ts';
import type { LogLine } from './log-line.ts';

export class LogFile {
  readonly path: string;
  /** The name of the file: `gateway`. */
  readonly source: string;
  /** Where reading goes on. */
  #offset = 0;

  constructor(path: string) {
    this.path = path;
    this.source = basename(path, '.log');
  }

  /** All lines that are kept, oldest first. */
  async readAll(): Promise<LogLine[]> {
    this.#offset = 0;
    const older = logFiles(this.path).slice(0, -1);
    const texts = await Promise.all(older.map((path) => readFile(path, 'utf8').catch(() => '')));
    return [...this.#linesOf(texts.join('')), ...this.readNew()];
  }

  /** What comes from now on is new. */
  skipToEnd(): void {
    this.#offset = sizeOf(this.path);
  }

  /** The lines that were completed since the last time. A log that was put aside meanwhile is read to its end first. */
  readNew(): LogLine[] {
    const wasPutAside = sizeOf(this.path) < this.#offset;
    const [previous = ''] = logFiles(this.path).slice(-2);
    const left = wasPutAside ? readLines(previous, this.#offset).text : '';
    const now = readLines(this.path, wasPutAside ? 0 : this.#offset);
    this.#offset = now.end;
    return this.#linesOf(left + now.text);
  }

  #linesOf(text: string): LogLine[] {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => parseLogLine(this.source, line));
  }
}

/** Whole lines from an offset on, and where the next one begins. */
function readLines(path: string, offset: number): { text: string; end: number } {
  if (sizeOf(path) <= offset) return { text: '', end: offset };
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    const bytes = readSync(file, buffer, 0, buffer.length, offset);
    const end = buffer.subarray(0, bytes).lastIndexOf('\n') + 1;
    return { text: buffer.toString('utf8', 0, end), end: offset + end };
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
