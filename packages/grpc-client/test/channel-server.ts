import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from "@grpc/grpc-js";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { onTestFinished } from "vitest";

export interface ChannelServer {
  readonly port: number;
  readonly target: string;
  /** How many calls have reached it. */
  readonly calls: number;
  /** How many of them have no answer yet. */
  readonly running: number;
  /** How many connections have had calls. */
  readonly connections: number;
  /** Answers all calls that are held, and holds no more. */
  release(): void;
  /** What calls end with from now on. */
  fail(code: status | undefined): void;
  /** Lets calls end, as a server that is replaced does. */
  drain(): Promise<void>;
  kill(): void;
}

export interface ChannelServerOptions {
  /** Default: "127.0.0.1". */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
  readonly maxStreams?: number;
  /** Whether calls wait for `release`. Default: false. */
  readonly isHolding?: boolean;
}

/** Serves the unary method of the fixture service by grpc-js alone until the test ends. */
export async function startServer({
  host = "127.0.0.1",
  port = 0,
  credentials = ServerCredentials.createInsecure(),
  maxStreams = 1_000,
  isHolding = false,
}: ChannelServerOptions = {}): Promise<ChannelServer> {
  const peers = new Set<string>();
  const held = new Set<() => void>();
  let calls = 0;
  let running = 0;
  let code: status | undefined;
  let holds = isHolding;
  const server = new Server({ "grpc.max_concurrent_streams": maxStreams });
  server.register(
    FixtureServiceService.unary.path,
    (call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) => {
      calls += 1;
      running += 1;
      peers.add(call.getPeer());
      // grpc-js tells so at the end of every call.
      call.on("cancelled", () => {
        running -= 1;
        held.delete(answer);
      });
      const answer = () =>
        code === undefined
          ? callback(null, call.request)
          : callback({ code, details: "failed on purpose" });
      if (holds) {
        held.add(answer);
      } else {
        answer();
      }
    },
    FixtureServiceService.unary.responseSerialize,
    FixtureServiceService.unary.requestDeserialize,
    "unary",
  );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return {
    port: bound,
    target: `${host}:${bound}`,
    get calls() {
      return calls;
    },
    get running() {
      return running;
    },
    get connections() {
      return peers.size;
    },
    release() {
      holds = false;
      for (const answer of held) {
        answer();
      }
    },
    fail(given) {
      code = given;
    },
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    kill: () => server.forceShutdown(),
  };
}
