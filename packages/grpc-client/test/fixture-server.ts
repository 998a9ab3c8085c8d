import {
  type Deadline,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";

/** What calls of all kinds have in common. */
export interface FixtureServerCall {
  getDeadline(): Deadline;
  getPeer(): string;
  on(event: "cancelled" | "error", listener: () => void): unknown;
}

export interface FixtureServer {
  readonly target: string;
  /** How many calls have reached it. */
  readonly calls: number;
  /** How many of them are not over. */
  readonly running: number;
}

export interface FixtureServerOptions {
  /** Told of each call. */
  readonly onCall?: (call: FixtureServerCall) => void;
  /** Answers unary calls. Default: with the request, but never one that asks to "wait". */
  readonly unary?: (
    call: ServerUnaryCall<Envelope, Envelope>,
    callback: sendUnaryData<Envelope>,
  ) => void;
}

/**
 * Serves the fixture service by grpc-js alone until the test ends. Streams of responses begin with an
 * empty message, and end with the caller's, or never if it has but one request.
 */
export async function serveFixture({
  onCall = () => {},
  unary = ({ request }, callback) => {
    if (request.text !== "wait") {
      callback(null, request);
    }
  },
}: FixtureServerOptions = {}): Promise<FixtureServer> {
  let calls = 0;
  let running = 0;
  const take = (call: FixtureServerCall): void => {
    calls += 1;
    running += 1;
    // grpc-js tells so at the end of every call.
    call.on("cancelled", () => {
      running -= 1;
    });
    call.on("error", () => {});
    onCall(call);
  };
  const server = new Server();
  server.addService(FixtureServiceService, {
    unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
      take(call);
      unary(call, callback);
    },
    serverStream(call: ServerWritableStream<Envelope, Envelope>) {
      take(call);
      call.write(Envelope.create());
    },
    clientStream(
      call: ServerReadableStream<Envelope, Envelope>,
      callback: sendUnaryData<Envelope>,
    ) {
      take(call);
      call.resume();
      call.once("end", () => callback(null, Envelope.create()));
    },
    bidi(call: ServerDuplexStream<Envelope, Envelope>) {
      take(call);
      call.write(Envelope.create());
      call.resume();
      call.once("end", () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return {
    target: `127.0.0.1:${port}`,
    get calls() {
      return calls;
    },
    get running() {
      return running;
    },
  };
}
