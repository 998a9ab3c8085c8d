import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Harness } from "../../harness/harness.ts";

/** Where https://github.com/open-telemetry/opentelemetry-proto has spans, and in them the trace's id. */
const [resourceSpans, scopeSpans, span] = [1, 2, 2] as const;
const traceId = 1;

export interface TraceReceiver {
  readonly url: string;
  /** The ids of traces, one for each span that has come. */
  readonly traceIds: readonly string[];
  /** All that has come, as it was. */
  readonly bodies: readonly Buffer[];
  /** The metadata of each request. */
  readonly requests: readonly Metadata[];
}

/** A collector that takes whatever comes. */
export async function startTraceReceiver(harness: Harness): Promise<TraceReceiver> {
  const traceIds: string[] = [];
  const bodies: Buffer[] = [];
  const requests: Metadata[] = [];
  const server = new Server();
  const same = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    {
      export(
        { request, metadata }: ServerUnaryCall<Buffer, Buffer>,
        answer: sendUnaryData<Buffer>,
      ) {
        bodies.push(request);
        requests.push(metadata);
        for (const resource of fieldsOf(request, resourceSpans)) {
          for (const scope of fieldsOf(resource, scopeSpans)) {
            for (const each of fieldsOf(scope, span)) {
              traceIds.push(
                ...fieldsOf(each, traceId).map((id) => Buffer.from(id).toString("hex")),
              );
            }
          }
        }
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  harness.onEnd(() => server.forceShutdown());
  return { url: `http://127.0.0.1:${port}`, traceIds, bodies, requests };
}

/** The fields of that number that have a length. */
function fieldsOf(message: Uint8Array, wanted: number): readonly Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === wanted && wireType === 2) {
      found.push(reader.bytes());
    } else {
      reader.skip(wireType, number);
    }
  }
  return found;
}

/** The settings that send spans there, soon. */
export function tracesTo(url: string): Readonly<Record<string, string>> {
  return {
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: "50",
    OTEL_BSP_MAX_QUEUE_SIZE: "20000",
  };
}
