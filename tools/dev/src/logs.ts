/** `npm run logs`: the logs of all services and servers of the stack, in order of time, also when it is stopped. */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LogFile } from './log-file.ts';
import { formatLogLine, inTimeOrder, isAboutRequest } from './log-line.ts';
import type { LogLine } from './log-line.ts';
import { defaultStateDir as state } from './project-paths.ts';

const LINES_DEFAULT = 20;
const FOLLOW_INTERVAL_MS = 250;

const USAGE = `npm run logs -- [service ...] [--follow] [--lines N] [--request ID]

  service ...     gateway, auth, router, responses, xim, nats, redis, postgres, supervisor, ...; default: all
  -f, --follow    print new lines until Ctrl-C
  -n, --lines N   the last N lines of each log; default ${LINES_DEFAULT}
  -r, --request ID  all lines about one request (the X-Request-ID of its response), across all services
`;

export async function logs(args: readonly string[]): Promise<void> {
  const { values, positionals } = optionsOf(args);
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const lines = values.lines === undefined ? LINES_DEFAULT : Number(values.lines);
  if (!Number.isInteger(lines) || lines < 0) throw new Error(`--lines is '${values.lines}': expected an integer.`);
  const files = await chosenFiles(positionals);
  const width = Math.max(...files.map(({ source }) => source.length));
  const print = (line: LogLine): void => void process.stdout.write(`${formatLogLine(line, width)}\n`);
  const { request } = values;
  const wanted = (line: LogLine): boolean => request === undefined || isAboutRequest(line, request);

  const read = await Promise.all(files.map((file) => file.readAll()));
  const shown = inTimeOrder(read.map((all) => (request === undefined ? tail(all, lines) : all.filter(wanted))));
  shown.forEach(print);
  if (values.follow) await follow(files, (line) => wanted(line) && print(line));
  else if (request !== undefined && shown.length === 0)
    throw new Error(
      `No line is about the request ${request}. The id is in the X-Request-ID header of each response. Lines may be older than the ` +
        'kept logs, and a LOG_LEVEL above info omits them.',
    );
}

function optionsOf(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, { cause: error });
  }
}

function parse(args: readonly string[]): {
  values: { help?: boolean; follow?: boolean; lines?: string; request?: string };
  positionals: string[];
} {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      follow: { type: 'boolean', short: 'f' },
      lines: { type: 'string', short: 'n' },
      request: { type: 'string', short: 'r' },
    },
  });
}

/** @throws {Error} when there are no logs, or none with a given name. */
async function chosenFiles(names: readonly string[]): Promise<LogFile[]> {
  const files = await allFiles();
  if (files.length === 0) throw new Error(`There are no logs in ${state.logs} yet: npm start`);
  const unknown = names.find((name) => !files.some(({ source }) => source === name));
  if (unknown !== undefined)
    throw new Error(
      `There is no log of '${unknown}'. Expected one of: ${files.map(({ source }) => source).join(', ')}.`,
    );
  return names.length === 0 ? files : files.filter(({ source }) => names.includes(source));
}

async function allFiles(): Promise<LogFile[]> {
  const services = (await readdir(state.logs).catch(() => []))
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(state.logs, name));
  const servers = (await readdir(state.servers).catch(() => []))
    .map((name) => join(state.servers, name, `${name}.log`))
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  return [...services, ...servers].map((path) => new LogFile(path));
}

function tail(lines: readonly LogLine[], count: number): LogLine[] {
  return count === 0 ? [] : lines.slice(-count);
}

/** Never returns. Logs of services that are started later are not followed. */
async function follow(files: readonly LogFile[], onLine: (line: LogLine) => void): Promise<never> {
  for (;;) {
    inTimeOrder(files.map((file) => file.readNew())).forEach(onLine);
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_INTERVAL_MS));
  }
}
