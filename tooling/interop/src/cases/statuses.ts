import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { findDetail } from "@grpc-kit/grpc-status";
import {
  collect,
  failure,
  type InteropCase,
  simpleRequest,
  streamRequest,
} from "./interop-case.ts";

export const statusCodeAndMessage: InteropCase = async ({ test }) => {
  const responseStatus = { code: status.UNKNOWN, message: "test status message" };
  const unary = await failure(test.unaryCall(simpleRequest({ responseStatus })), status.UNKNOWN);
  assert.equal(unary.details, responseStatus.message);
  const duplex = test.fullDuplexCall([streamRequest([], { responseStatus })]);
  assert.equal((await failure(collect(duplex), status.UNKNOWN)).details, responseStatus.message);
};

const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

export const specialStatusMessage: InteropCase = async ({ test }) => {
  const responseStatus = { code: status.UNKNOWN, message: specialMessage };
  const call = test.unaryCall(simpleRequest({ responseStatus }));
  assert.equal((await failure(call, status.UNKNOWN)).details, specialMessage);
};

/** Of a long text, with trailers to match, servers may send less; what they send must get through. */
export const longStatusMessage: InteropCase = async ({ test }) => {
  const responseStatus = { code: status.NOT_FOUND, message: "☺".repeat(3_000) };
  const error = await failure(test.unaryCall(simpleRequest({ responseStatus })), status.NOT_FOUND);
  assert.equal(error.details.slice(0, 300), responseStatus.message.slice(0, 300));
};

/** OK and the sixteen others. */
export const allStatusCodes: InteropCase = async ({ test }) => {
  const ok = { code: status.OK, message: "unused" };
  await test.unaryCall(simpleRequest({ responseStatus: ok }));
  for (let code: number = status.CANCELLED; code <= status.UNAUTHENTICATED; code += 1) {
    const responseStatus = { code, message: `code ${code}` };
    const error = await failure(test.unaryCall(simpleRequest({ responseStatus })), code);
    assert.equal(error.details, responseStatus.message);
    assert.equal(error.local, false);
  }
};

/** `grpc-status-details-bin`: a google.rpc.Status of the same code and text, with a BadRequest. */
export const statusDetails: InteropCase = async ({ test }) => {
  const responseStatus = { code: status.INVALID_ARGUMENT, message: "naïve ☺" };
  const error = await failure(
    test.unaryCall(simpleRequest({ responseStatus })),
    status.INVALID_ARGUMENT,
  );
  const violations = findDetail(error, "badRequest")?.fieldViolations ?? [];
  assert.deepEqual(
    violations.map(({ field, description }) => ({ field, description })),
    [{ field: "response_status", description: responseStatus.message }],
  );
};

export const unimplementedMethod: InteropCase = async ({ test }) => {
  await failure(test.unimplementedCall({}), status.UNIMPLEMENTED);
};

export const unimplementedService: InteropCase = async ({ unimplemented }) => {
  await failure(unimplemented.unimplementedCall({}), status.UNIMPLEMENTED);
};
