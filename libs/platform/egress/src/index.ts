export { EgressClient } from './egress-client.ts';
export type { EgressClientOptions, EgressRequest, EgressResponse } from './egress-client.ts';
export { egressSettings } from './egress-settings.ts';
