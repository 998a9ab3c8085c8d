import assert from "node:assert/strict";
import type { status } from "@grpc/grpc-js";
import { type GrpcCallError, isGrpcCallError } from "@grpc-kit/grpc-status";
import type { Caller } from "../caller.ts";
import {
  SimpleRequest,
  type SimpleResponse,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
} from "../gen/grpc/testing/messages.ts";
import { zeros } from "../test-service.ts";

/** A case makes calls and throws where their results are not what they must be. */
export type InteropCase = (caller: Caller) => Promise<void>;

// The sizes that the descriptions of the cases name.
export const largeRequest = 271_828;
export const largeResponse = 314_159;
export const requestSizes: readonly number[] = [27_182, 8, 1_828, 45_904];
export const responseSizes: readonly number[] = [31_415, 9, 2_653, 58_979];

export function simpleRequest(fields: Partial<SimpleRequest> = {}): SimpleRequest {
  return { ...SimpleRequest.create(), ...fields };
}

export function largeUnaryRequest(fields: Partial<SimpleRequest> = {}): SimpleRequest {
  const sizes = { responseSize: largeResponse, payload: zeros(largeRequest) };
  return simpleRequest({ ...sizes, ...fields });
}

export function streamRequest(
  sizes: readonly number[],
  fields: Partial<StreamingOutputCallRequest> & { readonly compressed?: readonly boolean[] } = {},
): StreamingOutputCallRequest {
  const { compressed, ...others } = fields;
  return {
    responseType: 0,
    responseParameters: sizes.map((size, index) => ({
      size,
      intervalUs: 0,
      compressed: compressed === undefined ? undefined : { value: compressed[index] === true },
    })),
    payload: undefined,
    responseStatus: undefined,
    orcaOobReport: undefined,
    ...others,
  };
}

export function assertZeros(
  response: SimpleResponse | StreamingOutputCallResponse,
  size: number,
): void {
  const body = Buffer.from(response.payload?.body ?? []);
  assert.equal(body.length, size);
  assert.ok(body.equals(Buffer.alloc(size)), "a payload must be zeros");
}

/** The error that a call must end with. */
export async function failure(call: Promise<unknown>, code: status): Promise<GrpcCallError> {
  const error = await call.then(
    () => assert.fail(`a call must end with status ${code}, but succeeded`),
    (reason: unknown) => reason,
  );
  assert.ok(isGrpcCallError(error), `must be a GrpcCallError, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

export async function collect<Message>(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) {
    all.push(message);
  }
  return all;
}
