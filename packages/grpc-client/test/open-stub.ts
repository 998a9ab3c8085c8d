import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { onTestFinished } from "vitest";
import type { GrpcChannel } from "../src/channel/grpc-channel.ts";
import { type ClientFactory, createClientFactory } from "../src/client-factory.ts";
import type { FixtureStub, FixtureStubOptions } from "./fixture-stub.ts";

export interface OpenStub {
  readonly stub: FixtureStub;
  readonly channel: GrpcChannel;
  readonly factory: ClientFactory;
}

/** A stub, and what it is made of. Calls that must succeed have time enough. */
export function openStub(
  target: string | readonly string[],
  { channel: channelOptions, methods = {}, ...options }: FixtureStubOptions = {},
): OpenStub {
  const factory = createClientFactory({
    descriptorSets: [fileDescriptorSet()],
    defaultStreamTimeoutMs: 30_000,
    ...options,
  });
  onTestFinished(() => factory.close({ graceMs: 0 }));
  const channel = factory.createChannel(target, { credentials: "insecure", ...channelOptions });
  return {
    stub: factory.createStub(FixtureServiceService, channel, { methods }),
    channel,
    factory,
  };
}
