import type { SingleResponseOptions, Stub } from "@grpc-kit/grpc-client";
import type { CallKind } from "@grpc-kit/testing";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { all } from "../../src/demo/all.ts";
import { stubOf, type TestStubOptions } from "../serve.ts";

export type FixtureStub = Stub<FixtureServiceService>;

/** A stub of the fixture service on a port of this machine. It closes with the test. */
export function fixtureStub(port: number, options: TestStubOptions = {}): FixtureStub {
  return stubOf(FixtureServiceService, `127.0.0.1:${port}`, {
    descriptorSets: [fileDescriptorSet()],
    ...options,
  });
}

/** Makes a call of any kind and reads all of its answers. Kinds with one request send the first. */
export async function callKind(
  stub: FixtureStub,
  kind: CallKind,
  texts: readonly string[],
  options: SingleResponseOptions = {},
): Promise<readonly Envelope[]> {
  const requests = texts.map((text) => Envelope.create({ text }));
  const first = requests[0] ?? Envelope.create();
  switch (kind) {
    case "unary":
      return [await stub.unary(first, options)];
    case "serverStream":
      return all(stub.serverStream(first, options));
    case "clientStream":
      return [await stub.clientStream(requests, options)];
    case "bidi":
      return all(stub.bidi(requests, options));
  }
}
