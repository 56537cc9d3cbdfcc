import { Module } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import { EgressClient } from '@xerotier/egress';
import type { egressSettings } from '@xerotier/egress';
import { CONFIG } from '@xerotier/service-host';
import { LinkedImages } from './linked-images.service.ts';

/** Each has an image in memory. */
const REQUESTS_MAX = 32;

interface EgressConfig {
  readonly egress: ConfigOf<typeof egressSettings>;
}

/** `LinkedImages`, for a service with `egressSettings`, as the field `egress` of its settings. */
@Module({
  providers: [
    LinkedImages,
    {
      provide: EgressClient,
      inject: [CONFIG],
      useFactory: ({ egress }: EgressConfig) => new EgressClient({ ...egress, requestsMax: REQUESTS_MAX }),
    },
  ],
  exports: [LinkedImages],
})
export class LinkedImagesModule {}
