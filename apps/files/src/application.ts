import type { DynamicModule } from '@nestjs/common';
import { createHttpApp, writeWireError } from '@xerotier/http';
import type { ApplicationContext, ServiceApplication } from '@xerotier/service-host';
import type { FilesConfig } from './config.ts';
import { TransferAddress } from './transfers/transfer-address.ts';

/** Bodies other than forms: there are none. */
const BODY_BYTES_MAX = 64 * 1_024;
/** Gateways limit how long clients may be silent. */
const IDLE_MS = 120_000;

/** The Nest application of the service, with the HTTP server for transfers. */
export async function createApplication(
  module: DynamicModule,
  { config: { transfers }, log, identity }: ApplicationContext<FilesConfig>,
): Promise<ServiceApplication> {
  const app = await createHttpApp(module, {
    log,
    instance: identity.instance,
    bodyBytesMax: BODY_BYTES_MAX,
    bodyTimeouts: { idleMs: IDLE_MS },
    writeError: writeWireError,
  });
  return {
    nest: app.nest,
    listen: async () => {
      const port = await app.listen(transfers.port, transfers.host);
      app.nest.get(TransferAddress, { strict: false }).setPort(port);
      log.info('server listening', { host: transfers.host, port });
      return { httpPort: port };
    },
    stopAccepting: async () => app.stopAccepting(),
    close: () => app.close(),
  };
}
