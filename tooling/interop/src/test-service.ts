import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { CallContext, CallObserver, Handlers } from "@grpc-kit/grpc-server";
import { StatusError } from "@grpc-kit/grpc-status";
import type {
  BoolValue,
  EchoStatus,
  Payload,
  SimpleRequest,
  SimpleResponse,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "./gen/grpc/testing/messages.ts";
import { TestServiceService } from "./gen/grpc/testing/test.ts";

const { unimplementedCall: _, ...served } = TestServiceService;

/** TestService without its UnimplementedCall, which servers must not have. */
export const testService: Omit<typeof TestServiceService, "unimplementedCall"> = served;

export const initialKey = "x-grpc-test-echo-initial";
export const trailingKey = "x-grpc-test-echo-trailing-bin";

const encodingKey = "x-interop-encoding";

/** Lets handlers see how a call is encoded, which grpc-js takes out of the metadata. */
export const keepEncoding: CallObserver = {
  onStart({ headers }) {
    headers[encodingKey] = headers["grpc-encoding"] ?? "identity";
  },
};

/** As https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md#server wants it. */
export const testHandlers: Handlers<typeof testService> = {
  emptyCall: () => ({}),
  unaryCall: answer,
  cacheableUnaryCall: answer,

  async *streamingOutputCall(request, context) {
    yield* responsesTo(request, context);
  },

  async streamingInputCall(requests, context) {
    let aggregatedPayloadSize = 0;
    for await (const { payload, expectCompressed } of requests) {
      checkCompression(expectCompressed, context);
      aggregatedPayloadSize += payload?.body.length ?? 0;
    }
    return { aggregatedPayloadSize };
  },

  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const request of requests) {
      yield* responsesTo(request, context);
    }
  },

  async *halfDuplexCall(requests, context) {
    const all = [];
    for await (const request of requests) {
      all.push(request);
    }
    for (const request of all) {
      yield* responsesTo(request, context);
    }
  },
};

function answer(request: SimpleRequest, context: CallContext): SimpleResponse {
  echoMetadata(context);
  checkCompression(request.expectCompressed, context);
  checkStatus(request.responseStatus);
  return {
    payload: zeros(request.responseSize),
    username: "",
    oauthScope: "",
    serverId: "",
    grpclbRouteType: 0,
    hostname: "",
  };
}

// That a response should be compressed is not heeded: grpc-js never compresses what a server sends.
async function* responsesTo(
  { responseParameters, responseStatus }: StreamingOutputCallRequest,
  { signal }: CallContext,
): AsyncGenerator<StreamingOutputCallResponse> {
  checkStatus(responseStatus);
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) {
      await delay(intervalUs / 1_000, undefined, { signal });
    }
    yield { payload: zeros(size) };
  }
}

/** A payload of so many zeros. */
export function zeros(size: number): Payload {
  return { type: 0, body: Buffer.alloc(size) };
}

function echoMetadata(context: CallContext): void {
  const [initial] = context.metadata.get(initialKey);
  if (initial !== undefined) {
    context.setHeader(initialKey, initial);
  }
  const [trailing] = context.metadata.get(trailingKey);
  if (trailing !== undefined) {
    context.setTrailer(trailingKey, trailing);
  }
}

function checkStatus(echo: EchoStatus | undefined): void {
  if (echo === undefined || echo.code === 0) {
    return;
  }
  const violation = { field: "response_status", description: echo.message };
  throw new StatusError(echo.code as status, echo.message, {
    errorDetails: { badRequest: { fieldViolations: [violation] } },
  });
}

// Of a call that may be compressed nobody can say which messages are: grpc-js inflates them first.
function checkCompression(expected: BoolValue | undefined, context: CallContext): void {
  const [encoding] = context.metadata.get(encodingKey);
  if (expected?.value && encoding === "identity") {
    throw new StatusError(
      status.INVALID_ARGUMENT,
      "a request that expects to be compressed must be, got grpc-encoding identity",
    );
  }
}
