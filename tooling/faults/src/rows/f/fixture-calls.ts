import {
  type ChannelOptions,
  type ClientFactoryOptions,
  createClientFactory,
  type MethodOptions,
  type Stub,
} from "@grpc-kit/grpc-client";
import { type Handlers, startTestServer, type TestServer } from "@grpc-kit/grpc-client/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import type { Harness } from "../../harness/harness.ts";

export type FixtureStub = Stub<FixtureServiceService>;

export interface FixtureStubOptions extends ClientFactoryOptions {
  readonly channel?: ChannelOptions;
  readonly unary?: MethodOptions<Envelope>;
}

/** A stub of grpc-client, whose unary calls are idempotent. It closes with the row. */
export function openFixture(
  harness: Harness,
  target: string,
  { channel, unary = {}, ...options }: FixtureStubOptions = {},
): FixtureStub {
  const clients = createClientFactory({ descriptorSets: [fileDescriptorSet()], ...options });
  harness.onEnd(() => clients.close({ graceMs: 0 }));
  const opened = clients.createChannel(target, { credentials: "insecure", ...channel });
  return clients.createStub(FixtureServiceService, opened, {
    methods: { unary: { idempotent: true, ...unary } },
  });
}

/** A server of grpc-js. It stops with the row. */
export async function serveFixture(
  harness: Harness,
  handlers: Handlers<FixtureServiceService>,
): Promise<TestServer> {
  const server = await startTestServer(FixtureServiceService, handlers);
  harness.onEnd(() => server.stop());
  return server;
}
