/** Reads a log that other processes write, and that is rotated meanwhile. */
import { logFiles } from '@xerotier/local-servers';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseLogLine } from './log-line.ts';
import type { LogLine } from './log-line.ts';

export class LogFile {
  readonly path: string;
  /** The file name without extension: `gateway`. */
  readonly source: string;
  /** Where the next read starts. */
  #offset = 0;

  constructor(path: string) {
    this.path = path;
    this.source = basename(path, '.log');
  }

  /** Returns all kept lines, oldest first. */
  async readAll(): Promise<LogLine[]> {
    this.#offset = 0;
    const older = logFiles(this.path).slice(0, -1);
    const texts = await Promise.all(older.map((path) => readFile(path, 'utf8').catch(() => '')));
    return [...this.#linesOf(texts.join('')), ...this.readNew()];
  }

  /** Skips everything written so far. */
  skipToEnd(): void {
    this.#offset = sizeOf(this.path);
  }

  /**
   * Returns the lines that were completed since the last read. A log that was rotated meanwhile is read to its end
   * first.
   */
  readNew(): LogLine[] {
    const wasRotated = sizeOf(this.path) < this.#offset;
    const [previous = ''] = logFiles(this.path).slice(-2);
    const left = wasRotated ? readLines(previous, this.#offset).text : '';
    const now = readLines(this.path, wasRotated ? 0 : this.#offset);
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

/** Reads whole lines from an offset, and returns the offset of the next one. */
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
