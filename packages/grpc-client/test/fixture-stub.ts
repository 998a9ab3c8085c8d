import type { status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import type { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import type { ChannelOptions } from "../src/channel/channel-options.ts";
import type { ClientFactoryOptions } from "../src/client-options.ts";
import type { Stub } from "../src/stub/stub.ts";
import type { StubOptions } from "../src/stub/stub-options.ts";
import { openStub } from "./open-stub.ts";

export type FixtureStub = Stub<FixtureServiceService>;

export interface FixtureStubOptions extends ClientFactoryOptions {
  readonly channel?: ChannelOptions;
  readonly methods?: StubOptions<FixtureServiceService>["methods"];
}

/** A stub of the fixture service on a channel of its own, without TLS. It closes with the test. */
export function startStub(
  target: string | readonly string[],
  options: FixtureStubOptions = {},
): FixtureStub {
  return openStub(target, options).stub;
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
