/** Metrics of the gateway, beside those of HTTP. */
import { gauge } from '@xerotier/telemetry';

export const metrics = {
  webSockets: gauge({
    name: 'xerotier_gateway_websockets',
    about: 'Open WebSockets on which responses are created.',
    unit: 'connections',
  }),
};
