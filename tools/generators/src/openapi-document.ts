/** docs/generated/openapi.json: what the gateway serves as `/openapi.json`. */

/** Read at run time, as settings are. */
export async function openapiDocument(): Promise<string> {
  const place = new URL('../../../apps/gateway/src/openapi/document.ts', import.meta.url).href;
  const { openapiText } = (await import(place)) as { openapiText: () => string };
  return `${JSON.stringify(JSON.parse(openapiText()), null, 2)}\n`;
}
