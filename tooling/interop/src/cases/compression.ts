import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { Caller, Connection } from "../caller.ts";
import { zeros } from "../test-service.ts";
import {
  assertZeros,
  collect,
  failure,
  type InteropCase,
  largeRequest,
  largeResponse,
  largeUnaryRequest,
  streamRequest,
} from "./interop-case.ts";

// So many zeros take some 300 bytes; the rest is headers, and what HTTP/2 says beside.
const fewBytes = 20_000;

const yes = { value: true };
const no = { value: false };

/** Runs `calls` on a channel that compresses. */
async function compressed(
  { open }: Caller,
  calls: (test: Connection["test"]) => Promise<void>,
): Promise<void> {
  const { test, close } = open({ compress: true });
  try {
    await calls(test);
  } finally {
    await close();
  }
}

async function bytesOf(caller: Caller, direction: "sent" | "received", calls: () => Promise<void>) {
  const before = caller.bytes()[direction];
  await calls();
  return caller.bytes()[direction] - before;
}

export const clientCompressedUnary: InteropCase = async (caller) => {
  const { test, traits } = caller;
  const request = (expectCompressed: typeof yes) => largeUnaryRequest({ expectCompressed });
  if (traits.seesCompression) {
    await failure(test.unaryCall(request(yes)), status.INVALID_ARGUMENT);
  }
  const small = await bytesOf(caller, "sent", () =>
    compressed(caller, async (stub) => {
      assertZeros(await stub.unaryCall(request(yes)), largeResponse);
      assert.deepEqual(await stub.emptyCall({}), {});
    }),
  );
  assert.ok(small < fewBytes, `a compressed request took ${small} bytes`);
  const large = await bytesOf(caller, "sent", async () => {
    assertZeros(await test.unaryCall(request(no)), largeResponse);
  });
  assert.ok(large > largeRequest, `a request as it is took ${large} bytes`);
};

export const clientCompressedStreaming: InteropCase = async (caller) => {
  const { test, traits } = caller;
  const request = (size: number) => ({ payload: zeros(size), expectCompressed: yes });
  if (traits.seesCompression) {
    await failure(test.streamingInputCall([request(27_182)]), status.INVALID_ARGUMENT);
  }
  // grpc-client compresses all messages of a channel, or none.
  const small = await bytesOf(caller, "sent", () =>
    compressed(caller, async (stub) => {
      const requests = [request(27_182), request(45_904)];
      assert.equal((await stub.streamingInputCall(requests)).aggregatedPayloadSize, 73_086);
    }),
  );
  assert.ok(small < fewBytes, `compressed requests took ${small} bytes`);
};

export const serverCompressedUnary: InteropCase = async (caller) => {
  const { test, traits } = caller;
  for (const responseCompressed of [yes, no]) {
    const bytes = await bytesOf(caller, "received", async () => {
      assertZeros(await test.unaryCall(largeUnaryRequest({ responseCompressed })), largeResponse);
    });
    assertCompressed(bytes, largeResponse, responseCompressed.value && traits.compresses);
  }
};

export const serverCompressedStreaming: InteropCase = async (caller) => {
  const { test, traits } = caller;
  const sizes = [31_415, 92_653];
  for (const compress of [
    [true, false],
    [true, true],
  ] as const) {
    const bytes = await bytesOf(caller, "received", async () => {
      const request = streamRequest(sizes, { compressed: compress });
      const responses = await collect(test.streamingOutputCall(request));
      assert.equal(responses.length, 2);
      for (const [index, response] of responses.entries()) {
        assertZeros(response, sizes[index] ?? Number.NaN);
      }
    });
    const areAll = compress.every(Boolean) && traits.compresses;
    assertCompressed(bytes, traits.compresses ? 92_653 : 31_415 + 92_653, areAll);
  }
};

function assertCompressed(bytes: number, size: number, isCompressed: boolean): void {
  const hasShrunk = bytes < fewBytes;
  assert.equal(hasShrunk, isCompressed, `${size} zeros took ${bytes} bytes`);
  assert.ok(isCompressed || bytes > size, `${size} zeros took ${bytes} bytes`);
}
