/**
 * An upstream for audio and images that implements the OpenAI specification. Its responses are derived from the requests, so
 * that tests can verify that requests arrive completely.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PlatformPlan } from './test-platform.ts';

/** How the upstream fails: `disconnect` closes the connection during a response, `hang` stops sending. */
export type MediaFailure = 'reject' | 'fail' | 'disconnect' | 'hang';

export interface MediaRequest {
  readonly path: string;
  /** The fields of JSON or of a multipart form; repeated fields are arrays. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly files: readonly { field: string; name: string; type: string; bytes: Buffer }[];
}

interface Reply {
  readonly type: string;
  /** Each is written separately. */
  readonly pieces: readonly (string | Buffer)[];
}

export const MEDIA_TASKS = ['transcribe', 'speak', 'image'] as const;
const MODEL = 'upstream-media';
const JSON_TYPE = 'application/json; charset=utf-8';
const STREAM_TYPE = 'text/event-stream; charset=utf-8';
const REQUESTS_MAX = 16;

const SPEECH_TYPES: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
};

/** Returns the audio of a text, which contains many byte values. */
export function audioOf(text: string): Buffer {
  return Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * text.length) % 256));
}

/** Returns the image of a prompt as base64. */
export function imageOf(prompt: string, index: number): string {
  return Buffer.from(`${index} ${prompt}`).toString('base64');
}

const usage = {
  input_tokens: 5,
  output_tokens: 60,
  total_tokens: 65,
  input_tokens_details: { text_tokens: 5, image_tokens: 0 },
};

export class MediaUpstream {
  failure: MediaFailure | undefined;
  /** Resolves when the connection of the latest response closes. */
  disconnected: Promise<void> | undefined;
  readonly #requests: MediaRequest[] = [];
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Returns the requests since the last call. */
  takeRequests(): MediaRequest[] {
    return this.#requests.splice(0);
  }

  /** Returns a worker, a model and an endpoint for each task, named after it. To be called after {@link start}. */
  plan(): PlatformPlan {
    const { port } = this.#server.address() as AddressInfo;
    return {
      models: MEDIA_TASKS.map((id) => ({ id, name: `${id}-model`, ownedBy: 'Xerotier.ai', contextTokens: 8_192 })),
      endpoints: MEDIA_TASKS.map((task) => ({ slug: task, modelId: task, tier: 'self_hosted', task })),
      workers: MEDIA_TASKS.map((task) => ({
        modelId: task,
        env: { XIM_ENGINE: 'openai', XIM_TASK: task, XIM_UPSTREAM_URL: `http://127.0.0.1:${port}/v1` },
      })),
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': JSON_TYPE });
      response.end(JSON.stringify({ object: 'list', data: [{ id: MODEL }] }));
      return;
    }
    const received = await requestOf(request);
    // A failure that is set later applies to later requests.
    const { failure } = this;
    this.#requests.push(received);
    if (this.#requests.length > REQUESTS_MAX) this.#requests.shift();
    this.disconnected = once(response, 'close').then(() => undefined);
    if (failure === 'reject' || failure === 'fail') {
      response.writeHead(failure === 'reject' ? 400 : 500, { 'content-type': JSON_TYPE });
      response.end(JSON.stringify({ error: { message: 'no such voice', type: 'invalid_request_error' } }));
      return;
    }
    const { type, pieces } = replyTo(received);
    response.writeHead(200, { 'content-type': type, 'set-cookie': 'upstream=1', server: 'upstream' });
    for (const [i, piece] of pieces.entries()) {
      if (i > 0 && failure === 'disconnect') response.destroy();
      if (i > 0 && failure !== undefined) return;
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    response.end();
  }
}

async function requestOf(request: IncomingMessage): Promise<MediaRequest> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const path = request.url ?? '';
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data')) {
    return { path, fields: JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>, files: [] };
  }
  const form = await new Response(Buffer.concat(parts), { headers: { 'content-type': type } }).formData();
  const names = [...new Set(form.keys())];
  const texts = names.flatMap((name) => {
    const values = form.getAll(name).filter((value) => typeof value === 'string');
    return values.length === 0 ? [] : [[name, values.length === 1 ? values[0] : values]];
  });
  const files = [...form].flatMap(([field, value]) => (typeof value === 'string' ? [] : [{ field, value }]));
  return {
    path,
    fields: Object.fromEntries(texts) as Record<string, unknown>,
    files: await Promise.all(
      files.map(async ({ field, value }) => ({
        field,
        name: value.name,
        type: value.type,
        bytes: Buffer.from(await value.arrayBuffer()),
      })),
    ),
  };
}

function replyTo(received: MediaRequest): Reply {
  switch (received.path) {
    case '/v1/audio/speech':
      return speech(received);
    case '/v1/audio/transcriptions':
    case '/v1/audio/translations':
      return transcription(received);
    default:
      return images(received);
  }
}

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

function speech({ fields }: MediaRequest): Reply {
  const audio = audioOf(String(fields['input']));
  const halves = [audio.subarray(0, 100_000), audio.subarray(100_000)];
  if (fields['stream_format'] !== 'sse') {
    return {
      type: SPEECH_TYPES[(fields['response_format'] as string | undefined) ?? 'mp3'] ?? 'audio/mpeg',
      pieces: halves,
    };
  }
  const deltas = halves.map((half) => event({ type: 'speech.audio.delta', audio: half.toString('base64') }));
  const { input_tokens, output_tokens, total_tokens } = usage;
  return {
    type: STREAM_TYPE,
    pieces: [...deltas, event({ type: 'speech.audio.done', usage: { input_tokens, output_tokens, total_tokens } })],
  };
}

function transcription({ path, fields, files }: MediaRequest): Reply {
  const text = `${path.endsWith('translations') ? 'Translated' : 'Heard'} ${files[0]?.bytes.length} bytes.`;
  if (fields['stream'] === 'true') {
    const deltas = text.split(/(?<= )/).map((delta) => event({ type: 'transcript.text.delta', delta }));
    const { input_tokens, output_tokens, total_tokens } = usage;
    const tokens = { type: 'tokens', input_tokens, output_tokens, total_tokens };
    return { type: STREAM_TYPE, pieces: [...deltas, event({ type: 'transcript.text.done', text, usage: tokens })] };
  }
  switch (fields['response_format']) {
    case 'text':
      return { type: 'text/plain; charset=utf-8', pieces: [`${text}\n`] };
    case 'srt':
      return { type: 'application/x-subrip', pieces: [`1\n00:00:00,000 --> 00:00:01,000\n${text}\n\n`] };
    case 'vtt':
      return { type: 'text/vtt', pieces: [`WEBVTT\n\n00:00.000 --> 00:01.000\n${text}\n`] };
    case 'verbose_json': {
      const words = [{ word: 'Heard', start: 0, end: 0.5 }];
      const body = { task: 'transcribe', language: 'english', duration: 1, text, words };
      return { type: JSON_TYPE, pieces: [JSON.stringify(body)] };
    }
    default: {
      const { input_tokens, output_tokens, total_tokens } = usage;
      const body = { text, usage: { type: 'tokens', input_tokens, output_tokens, total_tokens } };
      const json = JSON.stringify(body);
      return { type: JSON_TYPE, pieces: [json.slice(0, 9), json.slice(9)] };
    }
  }
}

function images({ path, fields, files }: MediaRequest): Reply {
  const prompt = `${String(fields['prompt'])} of ${files.map(({ bytes }) => bytes.length).join('+')}`;
  const shape = { size: '1024x1024', quality: 'low', background: 'opaque', output_format: 'png' };
  if (fields['stream'] === true || fields['stream'] === 'true') {
    const type = path.endsWith('edits') ? 'image_edit' : 'image_generation';
    const image = (index: number): object => ({ b64_json: imageOf(prompt, index), created_at: 1, ...shape });
    const partial = Array.from({ length: Number(fields['partial_images'] ?? 0) }, (_, index) =>
      event({ type: `${type}.partial_image`, ...image(index), partial_image_index: index }),
    );
    return { type: STREAM_TYPE, pieces: [...partial, event({ type: `${type}.completed`, ...image(9), usage })] };
  }
  const data = Array.from({ length: Number(fields['n'] ?? 1) }, (_, index) =>
    fields['response_format'] === 'url'
      ? { url: `https://images.example/${index}.png` }
      : { b64_json: imageOf(prompt, index) },
  );
  const json = JSON.stringify({ created: 1, data, ...shape, usage });
  return { type: JSON_TYPE, pieces: [json.slice(0, 9), json.slice(9)] };
}
