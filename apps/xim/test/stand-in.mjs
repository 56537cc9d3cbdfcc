/**
 * The common part of executables that behave like inference servers, for tests: they parse the options of the real programs and
 * reject others, take their time to start, and serve health, metrics, models and chat completions in the real formats. How one of them
 * misbehaves is read from the JSON file that `<PREFIX>_STAND_IN` names, at its start and for each request:
 *
 * - `startMs`: time until it is ready; default 100
 * - `exitAtStart`: prints `lines` and exits with `code`
 * - `exitAfterRequests`: exits with code 1 at the request after so many, in the middle of its response
 * - `hang`: responds to nothing
 * - `stuck`: responds to everything but chat completions, whose tokens do not come
 * - `ignoresSigterm`
 * - `unhealthy`: its health is a 503
 * - `pidFile`: gets its process id, and that of its own child
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const TOKENS = 8;

/**
 * @param program name: of the executable in its log; prefix: of its variables; options: as for `parseArgs`; port, model: the names of
 * options; owner: `owned_by` of its models; keyVariable: has its key; isOpen: whether health and metrics need no key;
 * logLine, usageError: how it prints; metrics: its metrics as text.
 */
export async function runStandIn(program) {
  const { values, positionals } = optionsOf(program);
  const behaviour = () => JSON.parse(readFileSync(process.env[`${program.prefix}_STAND_IN`], 'utf8'));
  const print = (text) => process.stderr.write(`${program.logLine(text)}\n`);
  const first = behaviour();
  const key = process.env[program.keyVariable ?? ''];
  // A helper process, as the real programs have them.
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  if (first.pidFile !== undefined) writeFileSync(first.pidFile, JSON.stringify({ pid: process.pid, child: child.pid }));
  print(`starting with ${JSON.stringify({ ...values, positionals })} and the key ${key}`);
  process.on('SIGTERM', () => {
    if (behaviour().ignoresSigterm === true) return;
    child.kill();
    process.exit(0);
  });
  if (first.exitAtStart !== undefined) {
    await sleep(50);
    for (const line of first.exitAtStart.lines) process.stderr.write(`${line}\n`);
    child.kill();
    process.exit(first.exitAtStart.code);
  }
  for (let percent = 0; percent < 100; percent += 25) {
    print(`Loading safetensors checkpoint shards: ${percent}% Completed`);
    await sleep((first.startMs ?? 100) / 4);
  }
  const state = { running: 0, requests: 0, promptTokens: 0, generationTokens: 0, steps: 0, salts: {} };
  const server = createServer((request, response) => void serve(request, response));
  const model = values[program.model];

  async function serve(request, response) {
    const now = behaviour();
    if (now.hang === true) return;
    const json = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/health') return void response.writeHead(now.unhealthy === true ? 503 : 200).end();
    if (request.url === '/metrics')
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(program.metrics(state, model));
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`)
      return json(401, { error: 'Unauthorized' });
    if (request.url === '/v1/models')
      return json(200, { object: 'list', data: [{ id: model, owned_by: program.owner, max_model_len: 4_096 }] });
    if (request.url === '/v1/chat/completions') return complete(request, response, now, json);
    return json(404, { detail: 'Not Found' });
  }

  async function complete(request, response, now, json) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString());
    if (body.model !== model) return json(404, { error: { message: `The model ${body.model} does not exist.` } });
    const isProbe = body.messages[0].content === 'ping';
    if (!isProbe) state.requests += 1;
    state.running += 1;
    response.once('close', () => (state.running -= 1));
    while (behaviour().stuck === true && !response.closed) await sleep(20);
    const isLast = !isProbe && now.exitAfterRequests !== undefined && state.requests > now.exitAfterRequests;
    const common = { id: 'chatcmpl-1', created: 0, model };
    const usage = { prompt_tokens: 4, completion_tokens: TOKENS, total_tokens: 4 + TOKENS };
    const words = Array.from(
      { length: TOKENS },
      (_, i) => ` ${i === 0 ? (body.cache_salt ?? 'unsalted') : `word${i}`}`,
    );
    state.promptTokens += 4;
    if (body.stream === true) response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [i, content] of words.entries()) {
      if (isLast && i === TOKENS / 2) {
        print('ERROR EngineCore encountered a fatal error.');
        process.exit(1);
      }
      await sleep(now.tokenMs ?? 1);
      if (behaviour().hang === true) return;
      state.generationTokens += 1;
      state.steps += 1;
      if (body.stream !== true) continue;
      const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }];
      response.write(`data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices })}\n\n`);
    }
    if (body.stream !== true) {
      const message = { role: 'assistant', content: words.join('') };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      return json(200, { ...common, object: 'chat.completion', choices, usage });
    }
    const chunk = { ...common, object: 'chat.completion.chunk' };
    const end = [{ index: 0, delta: {}, finish_reason: 'stop' }];
    response.write(`data: ${JSON.stringify({ ...chunk, choices: end })}\n\n`);
    response.write(`data: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  }

  server.listen(Number(values[program.port]), values.host, () => print('Application startup complete.'));
}

function optionsOf({ options, name, allowPositionals }) {
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals, strict: true });
  } catch (error) {
    process.stderr.write(`${name}: error: unrecognized arguments: ${error.message}\n`);
    return process.exit(2);
  }
}
