/** A collector for tests: takes OTLP over HTTP as JSON, keeps the spans, and can be slow or away. */
import { eventually } from '@xerotier/testing';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type AttributeValue = string | number | boolean;

export interface ReceivedSpan {
  /** `service.name` of the process. */
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** 0 unset, 2 error. */
  readonly statusCode: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly events: readonly string[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly startNanoseconds: bigint;
  readonly endNanoseconds: bigint;
}

export const kind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Everything that was received, as it came. */
  readonly bodies: string[] = [];
  readonly headers: NodeJS.Dict<string | string[]>[] = [];
  readonly #server: Server;
  #isSilent = false;

  constructor() {
    this.#server = createServer((request, response) => {
      this.headers.push(request.headers);
      // Never responds: a collector that hangs.
      if (this.#isSilent) return void request.resume();
      void text(request).then((body) => {
        this.bodies.push(body);
        this.spans.push(...spansIn(body));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on nothing is responded to. */
  hang(): void {
    this.#isSilent = true;
  }

  recover(): void {
    this.#isSilent = false;
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** All spans of a trace, once there are as many as wanted. */
  async trace(traceId: string, isWhole: (spans: readonly ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]> {
    return eventually(
      `the trace ${traceId} is whole`,
      () => {
        const spans = this.spans.filter((span) => span.traceId === traceId);
        return isWhole(spans) ? spans : undefined;
      },
      20_000,
    );
  }
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly OtlpAttribute[];
  readonly events?: readonly { readonly name: string }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

function spansIn(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body) as OtlpRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service,
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        kind: span.kind,
        statusCode: span.status?.code ?? 0,
        attributes: attributesOf(span.attributes ?? []),
        events: (span.events ?? []).map(({ name }) => name),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        startNanoseconds: BigInt(span.startTimeUnixNano),
        endNanoseconds: BigInt(span.endTimeUnixNano),
      })),
    );
  });
}

function attributesOf(attributes: readonly OtlpAttribute[]): Record<string, AttributeValue> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue ?? '',
    ]),
  );
}
