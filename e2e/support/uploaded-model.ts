/** Models of projects, registered as the files service does it after an upload, but without files. */
import { modelsContract } from '@xerotier/contracts/router';
import type { ModelVersion, UploadedModel } from '@xerotier/contracts/router';
import { silentLog } from '@xerotier/log/testing';
import { Bus, connectBus } from '@xerotier/nats';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';

const { registerModelVersion } = modelsContract.operations;
export type Registration = Partial<z.input<typeof registerModelVersion.input>>;

/** Adds a version to the model `acme/tiny` of a project, or to the one that is named. */
export async function registerModel(
  natsUrl: string,
  projectId: string,
  registration: Registration = {},
): Promise<{ model: UploadedModel; version: ModelVersion }> {
  const bus = new Bus(await connectBus({ url: natsUrl, name: 'e2e-models', log: silentLog() }), { log: silentLog() });
  try {
    return await bus.call(registerModelVersion, {
      ...{ projectId, versionId: randomUUID(), name: 'acme/tiny', bytes: 4_571_712, fileCount: 1 },
      facts: {
        ...{ format: 'gguf', architecture: 'llama', contextLength: 8_192 },
        ...{ parameterCount: 4_295_424, quantization: 'Q8_0' },
      },
      ...registration,
    });
  } finally {
    await bus.close();
  }
}
