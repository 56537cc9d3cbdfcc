import { runCommand } from './run-command.ts';

const env = { PATH: process.env.PATH };

describe('runCommand', () => {
  it('passes input, output and exit code', async () => {
    const lines: string[] = [];
    const result = await runCommand('sh', ['-c', 'cat; echo oops >&2; exit 3'], {
      env,
      input: 'a\nb\n',
      timeoutMs: 10_000,
      onLine: (line) => lines.push(line),
    });
    expect(result).toEqual({ code: 3, stdout: 'a\nb\n', stderr: 'oops\n' });
    expect(lines).toEqual(['a', 'b']);
  });

  it('throws when the program does not exist', async () => {
    await expect(runCommand('/nowhere/at-all', [], { env, timeoutMs: 10_000 })).rejects.toThrow(
      'Cannot start /nowhere/at-all',
    );
  });

  it('throws on a timeout or an abort, also when a grandchild keeps the output open', async () => {
    await expect(runCommand('sh', ['-c', 'sleep 20 & wait'], { env, timeoutMs: 50 })).rejects.toThrow(
      'did not finish within 0.05 s',
    );
    const signal = AbortSignal.timeout(50);
    await expect(runCommand('sleep', ['20'], { env, timeoutMs: 10_000, signal })).rejects.toThrow('aborted');
  });
});
