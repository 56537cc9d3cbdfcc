/** Uploads of models, as a client that can be interrupted makes them. */
import type { PlatformDescription } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { createHash } from 'node:crypto';

export interface NewModel {
  readonly purpose?: string;
  readonly filename: string;
  readonly mime_type: string;
  readonly bytes: number;
  readonly model?: { readonly name: string; readonly version?: string } | undefined;
  readonly files?: readonly { readonly path: string; readonly bytes: number; readonly sha256?: string }[];
  readonly expires_after?: { readonly anchor: string; readonly seconds: number };
  readonly relative_path?: string;
}

export interface PublicUpload {
  readonly id: string;
  readonly status: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly model?: { readonly id: string; readonly version: string };
}

export interface PublicPart {
  readonly id: string;
  readonly x_bytes: number;
  readonly x_sha256: string;
}

export class ModelUploadClient {
  readonly #url: string;
  readonly #apiKey: string;

  constructor({ projectUrl, apiKey }: Pick<PlatformDescription, 'projectUrl' | 'apiKey'>) {
    this.#url = `${projectUrl}/uploads`;
    this.#apiKey = apiKey;
  }

  create(model: NewModel): Promise<PublicUpload> {
    return this.#success(this.#post('', { purpose: 'model', ...model }));
  }

  /** How a creation is rejected: the status, the code and the parameter. */
  async rejection(model: NewModel): Promise<[status: number, code: string, param: string | null]> {
    const response = await this.#post('', { purpose: 'model', ...model });
    const { error } = (await response.json()) as { error: { code: string; param: string | null } };
    return [response.status, error.code, error.param];
  }

  sendPart(id: string, content: Uint8Array, sha256?: string): Promise<Response> {
    const form = new FormData();
    if (sha256 !== undefined) form.append('sha256', sha256);
    form.append('data', new Blob([content]), 'part');
    return this.#fetch(`/${id}/parts`, { method: 'POST', body: form });
  }

  async partsOf(id: string): Promise<PublicPart[]> {
    const { data } = await this.#success<{ data: PublicPart[] }>(this.#fetch(`/${id}/parts`));
    return data;
  }

  /** Sends the pieces that have not arrived yet. @throws {Error} if one of them does not arrive. */
  async sendRest(id: string, content: Buffer, partBytes: number): Promise<void> {
    const arrived = new Set((await this.partsOf(id)).map(({ x_sha256: sha256 }) => sha256));
    for (const piece of piecesOf(content, partBytes)) {
      const sha256 = sha256Of(piece);
      if (!arrived.has(sha256)) await this.#success(this.sendPart(id, piece, sha256));
    }
  }

  /** Completes an upload of this content, whose pieces have arrived. */
  async complete(id: string, content: Buffer, partBytes: number): Promise<PublicUpload> {
    const ids = new Map((await this.partsOf(id)).map((part) => [part.x_sha256, part.id]));
    const partIds = piecesOf(content, partBytes).map((piece) => ids.get(sha256Of(piece)));
    return this.#success(this.#post(`/${id}/complete`, { part_ids: partIds }));
  }

  async upload(model: NewModel, content: Buffer, partBytes = PART_BYTES): Promise<PublicUpload> {
    const { id } = await this.create(model);
    await this.sendRest(id, content, partBytes);
    return this.complete(id, content, partBytes);
  }

  /** Waits until an upload is not processed any more. */
  ended(id: string, timeoutMs?: number): Promise<PublicUpload> {
    return eventually(
      'the upload has ended',
      async () => {
        const upload = await this.#success<PublicUpload>(this.#fetch(`/${id}`));
        return upload.status === 'processing' ? undefined : upload;
      },
      timeoutMs,
    );
  }

  cancel(id: string): Promise<PublicUpload> {
    return this.#success(this.#fetch(`/${id}/cancel`, { method: 'POST' }));
  }

  #post(path: string, body: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.#fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  #fetch(path: string, { headers, ...options }: RequestInit = {}): Promise<Response> {
    const authorization = `Bearer ${this.#apiKey}`;
    return fetch(`${this.#url}${path}`, { ...options, headers: { ...headers, authorization } });
  }

  async #success<T>(responding: Promise<Response>): Promise<T> {
    const response = await responding;
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

const PART_BYTES = 512 * 1_024;

function piecesOf(content: Buffer, length: number): Buffer[] {
  const count = Math.ceil(content.length / length);
  return Array.from({ length: count }, (_, at) => content.subarray(at * length, (at + 1) * length));
}

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
