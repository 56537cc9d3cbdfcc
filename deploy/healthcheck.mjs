/**
 * The health check of the images: requests /readyz of its own container. A script, because the image has no curl; a
 * container that drains or has lost NATS is unhealthy, which orchestrators can act on.
 */
const port = process.env.HEALTH_PORT;
const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) }).catch(
  (error) => ({
    ok: false,
    status: String(error.cause?.code ?? error.name),
    text: async () => '',
  }),
);
// The output is kept with the state of the container (docker inspect).
if (!response.ok) process.stdout.write(`not ready (${response.status}) ${await response.text()}\n`);
process.exit(response.ok ? 0 : 1);
