import { Readable, Writable } from "node:stream";
import {
  type CallOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  type status,
} from "@grpc/grpc-js";
import { Envelope, FixtureServiceClient } from "./gen/fixtures/kinds.ts";

export type CallKind = "unary" | "serverStream" | "clientStream" | "bidi";

export const callKinds: readonly CallKind[] = ["unary", "serverStream", "clientStream", "bidi"];

/** How a call ended, as its caller saw it; the same for all kinds of call. */
export interface Outcome {
  readonly code: status;
  readonly details: string;
  readonly messages: readonly Envelope[];
  /** Undefined when the server sent no headers before the status. */
  readonly headers: Metadata | undefined;
  readonly trailers: Metadata;
}

type AnyCall =
  | ClientUnaryCall
  | ClientReadableStream<Envelope>
  | ClientWritableStream<Envelope>
  | ClientDuplexStream<Envelope, Envelope>;

export interface FixtureCall {
  /** Settles when the call has ended; never rejects. */
  readonly outcome: Promise<Outcome>;
  /** Sends another message on a stream that is kept open. */
  send(request: Partial<Envelope>): void;
  cancel(): void;
}

export interface FixtureCallOptions extends CallOptions {
  readonly metadata?: Metadata;
  /** What the caller sends. A unary or server-streaming call sends the first. Default: one, empty. */
  readonly requests?: readonly Partial<Envelope>[];
  /** Whether the caller leaves its side of a stream open. Default: false. */
  readonly keepOpen?: boolean;
}

// A call that hangs shows as DEADLINE_EXCEEDED, and the test that made it fails.
const defaultTimeoutMs = 10_000;

/** A client of the fixture service, with a connection of its own. Close it when done. */
export function createFixtureClient(address: string): FixtureServiceClient {
  return new FixtureServiceClient(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
}

/** Makes a call of any kind and tells how it ended. */
export function callFixture(
  client: FixtureServiceClient,
  kind: CallKind,
  {
    metadata = new Metadata(),
    requests = [{}],
    keepOpen = false,
    ...options
  }: FixtureCallOptions = {},
): FixtureCall {
  const messages: Envelope[] = [];
  const sent = requests.map((request) => Envelope.create(request));
  const callOptions = { deadline: Date.now() + defaultTimeoutMs, ...options };
  const onReply = (_error: ServiceError | null, reply?: Envelope): void => {
    if (reply !== undefined) {
      messages.push(reply);
    }
  };
  const first = sent[0] ?? Envelope.create();
  const calls = {
    unary: () => client.unary(first, metadata, callOptions, onReply),
    serverStream: () => client.serverStream(first, metadata, callOptions),
    clientStream: () => client.clientStream(metadata, callOptions, onReply),
    bidi: () => client.bidi(metadata, callOptions),
  };
  const call: AnyCall = calls[kind]();
  const outcome = watch(call, messages);
  if (call instanceof Writable) {
    for (const request of sent) {
      call.write(request);
    }
    if (!keepOpen) {
      call.end();
    }
  }
  return {
    outcome,
    send: (request) => {
      if (call instanceof Writable) {
        call.write(Envelope.create(request));
      }
    },
    cancel: () => call.cancel(),
  };
}

function watch(call: AnyCall, messages: Envelope[]): Promise<Outcome> {
  let headers: Metadata | undefined;
  call.on("metadata", (received: Metadata) => {
    headers = received;
  });
  if (call instanceof Readable) {
    call.on("data", (message: Envelope) => messages.push(message));
    // The status tells the same; without a listener it would be thrown.
    call.on("error", () => {});
  }
  return new Promise((resolve) => {
    call.on("status", ({ code, details, metadata }: StatusObject) => {
      // A unary reply is passed to its callback after the status.
      setImmediate(() => resolve({ code, details, messages, headers, trailers: metadata }));
    });
  });
}
