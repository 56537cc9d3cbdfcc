import { ConfigError, loadConfig } from '@xerotier/config';
import { AppError } from '@xerotier/errors';
import { createLogger } from '@xerotier/log';
import { newInstanceId } from '@xerotier/process';
import {
  attribute,
  endSpan,
  SpanKind,
  startSpan,
  startTracing,
  telemetrySettings,
  withSpan,
} from '@xerotier/telemetry';
import type { Command, CommandIo } from './command.ts';
import { CommandError, UsageError } from './command.ts';
import type { CommandContext } from './command.ts';

/**
 * Runs one command. Results are written to standard output, everything else to standard error.
 * @returns the exit code: 0, 1 when it failed, 2 for invalid arguments.
 */
export async function runCommand(
  { name: service, commands = [] }: { readonly name: string; readonly commands?: readonly Command[] },
  [name = '', ...args]: readonly string[],
  io: CommandIo,
): Promise<number> {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    io.stderr.write(`${service}: unknown command '${name}'\n${usageOf(commands)}`);
    return 2;
  }
  const { stdin, stdout, stderr, env } = io;
  const log = createLogger({ service, destination: { write: (line) => void stderr.write(line) } });
  try {
    await traced(command, args, { stdin, stdout, stderr, env, log, service });
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${service} ${name}: ${error.message}\n${usageOf(commands)}`);
      return 2;
    }
    stderr.write(`${service} ${name}: ${reasonOf(error)}\n`);
    if (!isExpected(error)) log.error('command failed', { command: name, error });
    return 1;
  }
}

/** One span for the whole run, without its arguments and its input. */
async function traced(command: Command, args: readonly string[], context: CommandContext): Promise<void> {
  const { env, log, service } = context;
  const { telemetry } = loadConfig({ telemetry: telemetrySettings }, env);
  const tracing = await startTracing(telemetry, { service, instance: newInstanceId() }, log);
  const span = startSpan(`${service} ${command.name}`, {
    kind: SpanKind.INTERNAL,
    parent: null,
    attributes: { [attribute.command]: command.name },
  });
  try {
    await withSpan(span, () => command.run(args, context));
    endSpan(span);
  } catch (error) {
    endSpan(span, AppError.from(error));
    throw error;
  } finally {
    await tracing.shutdown();
  }
}

const SERVE = { call: '(no command)', does: 'serves until stopped' };

function usageOf(commands: readonly Command[]): string {
  const calls = [SERVE, ...commands.flatMap(({ usage }) => usage)];
  const width = Math.max(...calls.map(({ call }) => call.length)) + 1;
  const lines = calls.flatMap(({ call, does }) =>
    does.split('\n').map((line, at) => `  ${(at === 0 ? call : '').padEnd(width)} ${line}\n`),
  );
  return `usage: node dist/main.js [command]\n\n${lines.join('')}`;
}

/** Whether the message is sufficient; any other error is a defect, whose stack is needed. */
function isExpected(error: unknown): boolean {
  return AppError.is(error) || error instanceof ConfigError || error instanceof CommandError;
}

/** Returns the message with those of its causes, outermost first. */
function reasonOf(error: unknown): string {
  const reasons: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message } = at;
    if (!reasons.some((reason) => reason.includes(message))) reasons.push(message);
  }
  return reasons.join(' Because: ') || String(error);
}
