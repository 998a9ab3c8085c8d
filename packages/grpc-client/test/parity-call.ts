import type { Metadata, status } from "@grpc/grpc-js";
import { isGrpcCallError } from "@grpc-kit/grpc-status";
import type { CallKind } from "@grpc-kit/testing";
import { Envelope, type FixtureServiceService } from "@grpc-kit/testing/fixtures";
import type { CallStatus, ResponseStreamOptions } from "../src/stub/call-options.ts";
import type { Requests, Stub } from "../src/stub/stub.ts";

/** All that a caller sees of a call and can expect to be the same of a fake and of a server. */
export interface Seen {
  readonly texts: readonly string[];
  readonly code: status | undefined;
  readonly details: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly isLocal: boolean | undefined;
  readonly attempts: number | undefined;
  readonly header: string | undefined;
  readonly trailer: string | undefined;
  /** What was thrown that is no error of a call. */
  readonly thrown: unknown;
}

export interface ParityOptions extends Omit<ResponseStreamOptions, "timeoutMs"> {
  readonly timeoutMs?: number;
  /** Default: one, "a". */
  readonly requests?: Requests<Envelope>;
  /** After how many responses the caller leaves. Default: never. */
  readonly leaveAfter?: number;
}

/** Calls the method of a kind and tells what its caller sees. */
export async function seenOf(
  stub: Stub<FixtureServiceService>,
  kind: CallKind,
  { requests = [envelope("a")], leaveAfter = Infinity, ...options }: ParityOptions = {},
): Promise<Seen> {
  let status: CallStatus | undefined;
  let headers: Metadata | undefined;
  const callOptions = {
    timeoutMs: 10_000,
    ...options,
    onHeaders: (received: Metadata) => {
      headers = received;
    },
    onStatus: (ended: CallStatus) => {
      status = ended;
    },
  };
  const texts: string[] = [];
  let thrown: unknown;
  try {
    for await (const { text } of responsesOf(stub, kind, requests, callOptions)) {
      texts.push(text);
      if (texts.length === leaveAfter) {
        break;
      }
    }
  } catch (error) {
    thrown = error;
  }
  const error = isGrpcCallError(thrown) ? thrown : undefined;
  return {
    texts,
    code: status?.code,
    details: status?.details ?? "",
    reason: error?.reason,
    domain: error?.domain,
    isLocal: status?.local,
    attempts: status?.attempts,
    header: headers?.get("x-header")[0]?.toString(),
    trailer: status?.metadata.get("x-trailer")[0]?.toString(),
    thrown: error === undefined ? thrown : undefined,
  };
}

async function* responsesOf(
  stub: Stub<FixtureServiceService>,
  kind: CallKind,
  requests: Requests<Envelope>,
  options: ParityOptions,
): AsyncGenerator<Envelope> {
  const [first = envelope("")] = Array.isArray(requests) ? requests : [];
  switch (kind) {
    case "unary":
      yield await stub.unary(first, options);
      break;
    case "clientStream":
      yield await stub.clientStream(requests, options);
      break;
    case "serverStream":
      yield* stub.serverStream(first, options);
      break;
    case "bidi":
      yield* stub.bidi(requests, options);
  }
}

export function envelope(text: string): Envelope {
  return Envelope.create({ text });
}
