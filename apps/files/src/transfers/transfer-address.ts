import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import type { FilesConfig } from '../config.ts';

/** Where gateways reach the transfers of this instance. The bus serves before the port is open: who asks earlier waits. */
@Injectable()
export class TransferAddress {
  readonly url: Promise<string>;
  #listening: (port: number) => void = () => undefined;

  constructor(@Inject(CONFIG) { transfers: { url, host } }: Pick<FilesConfig, 'transfers'>) {
    const port = new Promise<number>((resolve) => (this.#listening = resolve));
    this.url =
      url === undefined
        ? port.then((open) => `http://${host.includes(':') ? `[${host}]` : host}:${open}`)
        : Promise.resolve(url.replace(/\/$/, ''));
  }

  setPort(port: number): void {
    this.#listening(port);
  }
}
