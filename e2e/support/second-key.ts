/** Another API key of a platform's project, which a test revokes. */
import type { PlatformDescription } from '@xerotier/dev';

export class SecondKey {
  readonly value: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(value: string, url: string, headers: Readonly<Record<string, string>>) {
    this.value = value;
    this.#url = url;
    this.#headers = headers;
  }

  static async create({ projectUrl, managementKey }: PlatformDescription): Promise<SecondKey> {
    const headers = { authorization: `Bearer ${managementKey}`, 'content-type': 'application/json' };
    const url = `${projectUrl}/management/api-keys`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ name: 'second' }) });
    const { id, key } = (await response.json()) as { id: string; key: string };
    return new SecondKey(key, `${url}/${id}`, headers);
  }

  async revoke(): Promise<void> {
    const { status } = await fetch(this.#url, { method: 'DELETE', headers: this.#headers });
    if (status !== 200) throw new Error(`the key was not revoked: ${status}`);
  }
}
