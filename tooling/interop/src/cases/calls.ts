import assert from "node:assert/strict";
import type { Connection } from "../caller.ts";
import type { StreamingOutputCallRequest } from "../gen/grpc/testing/messages.ts";
import { zeros } from "../test-service.ts";
import {
  assertZeros,
  collect,
  type InteropCase,
  largeResponse,
  largeUnaryRequest,
  requestSizes,
  responseSizes,
  streamRequest,
} from "./interop-case.ts";

export const emptyUnary: InteropCase = async ({ test }) => {
  assert.deepEqual(await test.emptyCall({}), {});
};

export const largeUnary: InteropCase = ({ test }) => callLargeUnary(test);

export const clientStreaming: InteropCase = async ({ test }) => {
  const requests = requestSizes.map((size) => ({
    payload: zeros(size),
    expectCompressed: undefined,
  }));
  const { aggregatedPayloadSize } = await test.streamingInputCall(requests);
  assert.equal(aggregatedPayloadSize, 74_922);
};

export const serverStreaming: InteropCase = async ({ test }) => {
  const responses = await collect(test.streamingOutputCall(streamRequest(responseSizes)));
  assert.equal(responses.length, responseSizes.length);
  for (const [index, response] of responses.entries()) {
    assertZeros(response, responseSizes[index] ?? Number.NaN);
  }
};

export const pingPong: InteropCase = async ({ test }) => {
  let answered = Promise.withResolvers<void>();
  async function* requests(): AsyncGenerator<StreamingOutputCallRequest> {
    for (const [index, size] of responseSizes.entries()) {
      answered = Promise.withResolvers();
      yield streamRequest([size], { payload: zeros(requestSizes[index] ?? Number.NaN) });
      await answered.promise;
    }
  }
  let count = 0;
  for await (const response of test.fullDuplexCall(requests())) {
    assertZeros(response, responseSizes[count] ?? Number.NaN);
    count += 1;
    answered.resolve();
  }
  assert.equal(count, responseSizes.length);
};

export const emptyStream: InteropCase = async ({ test }) => {
  assert.deepEqual(await collect(test.fullDuplexCall([])), []);
};

const soakCalls = 20;

export const rpcSoak: InteropCase = async ({ test }) => {
  for (let index = 0; index < soakCalls; index += 1) {
    await callLargeUnary(test);
  }
};

export const channelSoak: InteropCase = async ({ open }) => {
  for (let index = 0; index < soakCalls; index += 1) {
    const { test, close } = open();
    await callLargeUnary(test);
    await close();
  }
};

async function callLargeUnary(test: Connection["test"]): Promise<void> {
  assertZeros(await test.unaryCall(largeUnaryRequest()), largeResponse);
}
