import { createFixtureClient } from "@grpc-kit/testing";
import {
  Envelope,
  type FixtureServiceClient,
  FixtureServiceService,
} from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";
import { createGrpcServer, type GrpcServer } from "../src/create-server.ts";
import type { Handlers } from "../src/handlers.ts";
import type { ServerEventListener } from "../src/server-events.ts";
import type { GrpcServerOptions } from "../src/server-options.ts";

export type FixtureHandlers = Handlers<FixtureServiceService>;

export function envelope(fields: Partial<Envelope>): Envelope {
  return Envelope.create(fields);
}

/** Each method answers with what it is sent; a client stream with the last message. */
export const echo: FixtureHandlers = {
  unary: (request) => request,
  *serverStream(request) {
    yield request;
  },
  async clientStream(requests) {
    let last = envelope({});
    for await (const request of requests) {
      last = request;
    }
    return last;
  },
  bidi: (requests) => requests,
};

export interface ServedFixture {
  readonly server: GrpcServer;
  readonly port: number;
  readonly client: FixtureServiceClient;
  /** What was passed to `onError`. */
  readonly errors: unknown[];
}

/** Serves the fixture service on a free port until the test ends; `echo` where no handler is given. */
export async function serveFixture(
  handlers: Partial<FixtureHandlers> = {},
  options: Partial<GrpcServerOptions> = {},
  onEvent: ServerEventListener = () => {},
): Promise<ServedFixture> {
  const errors: unknown[] = [];
  const server = createGrpcServer({
    host: "127.0.0.1",
    port: 0,
    insecure: true,
    onError: (error) => errors.push(error),
    ...options,
  });
  const isComplete = Object.keys(echo).every((name) => name in handlers);
  server.addService(
    FixtureServiceService,
    isComplete ? (handlers as FixtureHandlers) : { ...echo, ...handlers },
  );
  server.onEvent(onEvent);
  const { port } = await server.start();
  const client = createFixtureClient(`127.0.0.1:${port}`);
  onTestFinished(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { server, port, client, errors };
}
