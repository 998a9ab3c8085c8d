import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import type { CallOptions } from "@grpc-kit/grpc-client";
import { initialKey, trailingKey } from "../test-service.ts";
import {
  collect,
  type InteropCase,
  largeUnaryRequest,
  simpleRequest,
  streamRequest,
} from "./interop-case.ts";

/** Options that send both entries, and a check that both have come back. */
function echo(initial: string, trailing: Buffer): { options: CallOptions; assertEchoed(): void } {
  const metadata = new Metadata();
  metadata.set(initialKey, initial);
  metadata.set(trailingKey, trailing);
  let headers = new Metadata();
  let trailers = new Metadata();
  return {
    options: {
      metadata,
      onHeaders: (entries) => {
        headers = entries;
      },
      onStatus: (ended) => {
        trailers = ended.metadata;
      },
    },
    assertEchoed() {
      assert.deepEqual(headers.get(initialKey), [initial]);
      assert.deepEqual(trailers.get(trailingKey), [trailing]);
    },
  };
}

export const customMetadata: InteropCase = async ({ test }) => {
  const trailing = Buffer.from("ababab", "hex");
  const unary = echo("test_initial_metadata_value", trailing);
  await test.unaryCall(largeUnaryRequest(), unary.options);
  unary.assertEchoed();
  const duplex = echo("test_initial_metadata_value", trailing);
  await collect(test.fullDuplexCall([streamRequest([314_159])], duplex.options));
  duplex.assertEchoed();
};

/** Every byte, and every length of what base64 may pad. */
export const binaryMetadata: InteropCase = async ({ test }) => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  for (const length of [1, 2, 3, 4, 256]) {
    const call = echo(`length ${length}`, everyByte.subarray(256 - length));
    await test.unaryCall(simpleRequest(), call.options);
    call.assertEchoed();
  }
};
