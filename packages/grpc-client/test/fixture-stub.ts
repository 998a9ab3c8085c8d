import type { status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { onTestFinished } from "vitest";
import type { ChannelOptions } from "../src/channel/channel-options.ts";
import { createClientFactory } from "../src/client-factory.ts";
import type { ClientFactoryOptions } from "../src/client-options.ts";
import type { Stub } from "../src/stub/stub.ts";
import type { StubOptions } from "../src/stub/stub-options.ts";

export type FixtureStub = Stub<FixtureServiceService>;

export interface FixtureStubOptions extends ClientFactoryOptions {
  readonly channel?: ChannelOptions;
  readonly methods?: StubOptions<FixtureServiceService>["methods"];
}

/** A stub of the fixture service on a channel of its own, without TLS. It closes with the test. */
export function startStub(
  target: string | readonly string[],
  { channel, methods = {}, ...options }: FixtureStubOptions = {},
): FixtureStub {
  const factory = createClientFactory({
    descriptorSets: [fileDescriptorSet()],
    ...options,
  });
  onTestFinished(() => factory.close({ graceMs: 0 }));
  return factory.createStub(
    FixtureServiceService,
    factory.createChannel(target, { credentials: "insecure", ...channel }),
    { methods },
  );
}

/** The code that a call ended with, and what it brought. */
export interface Outcome {
  readonly code: status;
  readonly messages: readonly Envelope[];
}

/** How a call ended. An error that does not say how fails the test. */
export async function outcomeOf(
  call: Promise<Envelope> | AsyncIterable<Envelope>,
): Promise<Outcome> {
  const messages: Envelope[] = [];
  try {
    if (call instanceof Promise) {
      messages.push(await call);
    } else {
      for await (const message of call) {
        messages.push(message);
      }
    }
    return { code: 0, messages };
  } catch (error) {
    if (!isGrpcCallError(error)) {
      throw error;
    }
    return { code: error.code, messages };
  }
}
