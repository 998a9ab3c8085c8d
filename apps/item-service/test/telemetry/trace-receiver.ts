import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { onTestFinished } from "vitest";

// What is read of https://github.com/open-telemetry/opentelemetry-proto, v1.9.0.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 4;
    string name = 5;
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }
`);
const requestType = root.lookupType("ExportTraceServiceRequest");

type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 2: of a server, 3: of a client. */
  readonly kind: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  /** 0: unset, 2: error. */
  readonly statusCode: number;
  readonly resource: Attributes;
}

export type Answer = sendUnaryData<Buffer>;

export interface TraceReceiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The metadata of each request. */
  readonly requests: readonly Metadata[];
  /** Takes no more, and cuts what is open. */
  close(): void;
}

export interface TraceReceiverOptions {
  /** Answers a request. Default: that all is well, at once. */
  readonly respond?: (answer: Answer) => void;
  /** Default: one that is free. */
  readonly port?: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

/** A collector on the loopback interface. */
export async function startTraceReceiver({
  respond = (answer) => answer(null, Buffer.alloc(0)),
  port: wanted = 0,
  tls,
}: TraceReceiverOptions = {}): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const requests: Metadata[] = [];
  const server = new Server();
  const same = (bytes: Buffer) => bytes;
  const definition = {
    path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  server.addService(
    { export: definition },
    {
      export({ request, metadata }: ServerUnaryCall<Buffer, Buffer>, answer: Answer) {
        requests.push(metadata);
        spans.push(...readSpans(request));
        respond(answer);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
      : ServerCredentials.createInsecure();
    server.bindAsync(`127.0.0.1:${wanted}`, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const close = () => server.forceShutdown();
  onTestFinished(close);
  // TLS has no names that are addresses.
  const url = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { url, spans, requests, close };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

interface Message {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly SpanMessage[] }[];
  }[];
}

interface SpanMessage {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code: number } | null;
}

function readSpans(bytes: Buffer): readonly ReceivedSpan[] {
  const options = { defaults: true, longs: String, bytes: String } as const;
  const { resourceSpans } = requestType.toObject(requestType.decode(bytes), options) as Message;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: toHex(span.traceId),
        spanId: toHex(span.spanId),
        parentSpanId: toHex(span.parentSpanId),
        name: span.name,
        kind: span.kind,
        durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
        attributes: toRecord(span.attributes),
        statusCode: span.status?.code ?? 0,
        resource: toRecord(resource.attributes),
      })),
    ),
  );
}

const toHex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");

function toRecord(attributes: readonly KeyValue[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [entry] = Object.entries(value);
      return [key, entry?.[0] === "intValue" ? Number(entry[1]) : (entry?.[1] ?? "")];
    }),
  );
}
