import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type {
  StreamingInputCallRequest,
  StreamingOutputCallRequest,
} from "../gen/grpc/testing/messages.ts";
import { zeros } from "../test-service.ts";
import { assertZeros, failure, type InteropCase, streamRequest } from "./interop-case.ts";

export const cancelAfterBegin: InteropCase = async ({ test }) => {
  const controller = new AbortController();
  async function* requests(): AsyncGenerator<StreamingInputCallRequest> {
    controller.abort();
    await new Promise(() => {});
  }
  const { signal } = controller;
  const error = await failure(test.streamingInputCall(requests(), { signal }), status.CANCELLED);
  assert.equal(error.local, true);
};

export const cancelAfterFirstResponse: InteropCase = async ({ test }) => {
  const controller = new AbortController();
  async function* requests(): AsyncGenerator<StreamingOutputCallRequest> {
    yield streamRequest([31_415], { payload: zeros(27_182) });
    await new Promise(() => {});
  }
  const responses = test.fullDuplexCall(requests(), { signal: controller.signal });
  const first = await responses.next();
  assert.ok(first.done !== true);
  assertZeros(first.value, 31_415);
  controller.abort();
  const { local } = await failure(responses.next(), status.CANCELLED);
  assert.equal(local, true);
};

export const timeoutOnSleepingServer: InteropCase = async ({ test }) => {
  async function* requests(): AsyncGenerator<StreamingOutputCallRequest> {
    yield streamRequest([], { payload: zeros(27_182) });
    await new Promise(() => {});
  }
  const responses = test.fullDuplexCall(requests(), { timeoutMs: 1 });
  await failure(responses.next(), status.DEADLINE_EXCEEDED);
};
