import { capturedLog } from '@xerotier/log/testing';
import type { Command } from '@xerotier/service-host';
import { Writable } from 'node:stream';

/** Runs a command of the service in this process, and returns what it has printed. @throws {Error} as the command. */
export async function commandOutput(
  command: Command,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  let output = '';
  const stdout = new Writable({
    write: (chunk, _, done) => {
      output += String(chunk);
      done();
    },
  });
  const { log } = capturedLog();
  await command.run(args, { service: 'auth', env, stdin: process.stdin, stdout, stderr: stdout, log });
  return output;
}
