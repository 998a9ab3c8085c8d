import {
  type StandardServerOptions,
  standardServerInterceptors,
} from "@grpc-kit/grpc-interceptors/server";
import { metrics } from "@grpc-kit/grpc-interceptors/server/metrics";
import {
  createGrpcServer,
  type GrpcServer,
  type GrpcServerOptions,
  type Handlers,
} from "@grpc-kit/grpc-server";
import { createFixtureClient } from "@grpc-kit/testing";
import {
  type Envelope,
  type FixtureServiceClient,
  FixtureServiceService,
} from "@grpc-kit/testing/fixtures";
import { Registry } from "prom-client";
import { onTestFinished } from "vitest";
import { createLogger } from "../../src/log.ts";

export type FixtureHandlers = Handlers<FixtureServiceService>;

export type Line = Readonly<Record<string, unknown>>;

export interface StandardFixture {
  readonly server: GrpcServer;
  readonly port: number;
  readonly client: FixtureServiceClient;
  readonly registry: Registry;
  readonly lines: readonly Line[];
}

/** Each method answers with what it is sent. */
export const echo: FixtureHandlers = {
  unary: (request) => request,
  *serverStream(request) {
    yield request;
  },
  async clientStream(requests) {
    let last: Envelope | undefined;
    for await (const request of requests) {
      last = request;
    }
    return last as Envelope;
  },
  bidi: (requests) => requests,
};

/** Serves the fixture service by a grpc-server with the standard interceptors. */
export async function serveStandard(
  handlers: Partial<FixtureHandlers> = {},
  standard: Partial<StandardServerOptions> = {},
  options: Partial<GrpcServerOptions> = {},
): Promise<StandardFixture> {
  const [registry, lines]: [Registry, Line[]] = [new Registry(), []];
  const logger = createLogger({ stream: { write: (line) => lines.push(JSON.parse(line)) } });
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    ...(options.tls === undefined && { insecure: true }),
    ...standardServerInterceptors({
      logger,
      metrics: metrics({ register: registry }),
      ...standard,
    }),
    ...options,
  } as GrpcServerOptions);
  server.addService(FixtureServiceService, { ...echo, ...handlers });
  const { port } = await server.start();
  const client = createFixtureClient(`127.0.0.1:${port}`);
  onTestFinished(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { server, port, client, registry, lines };
}

/** What a counter, or the count of a histogram, has come to, by the values of its labels. */
export async function sumsOf(
  registry: Registry,
  name: string,
): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  const metric = await registry.getSingleMetric(name)?.get();
  for (const { labels, value, metricName } of (metric?.values ?? []) as {
    labels: Record<string, string>;
    value: number;
    metricName?: string;
  }[]) {
    if (metricName === undefined || metricName === `${name}_count`) {
      const key = [labels.grpc_method, labels.grpc_code].filter(Boolean).join(" ");
      sums.set(key, (sums.get(key) ?? 0) + value);
    }
  }
  return sums;
}
