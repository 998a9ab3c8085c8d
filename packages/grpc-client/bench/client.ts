/** `node bench/client.ts <which> <port>`: makes calls as it is told, and says what they cost. */
import { type CallOptions, credentials, Metadata } from "@grpc/grpc-js";
import { inFlight } from "@grpc-kit/testing/bench";
import { Envelope, FixtureServiceClient, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import type { PoolOptions } from "../src/channel/channel-options.ts";
import { createClientFactory } from "../src/client-factory.ts";

/** What a client process is to do. */
export interface Order {
  readonly calls: number;
  readonly lanes: number;
  /** How many messages each call brings; 0: it is unary. */
  readonly messages: number;
}

export interface Bill {
  readonly cpuMicroseconds: number;
  readonly elapsedMs: number;
}

interface Calls {
  unary(request: Envelope): Promise<unknown>;
  serverStream(request: Envelope): AsyncIterable<unknown>;
}

const timeoutMs = 30_000;

/** grpc-js alone, with deadlines and as promises. */
function bare(target: string): Calls {
  const client = new FixtureServiceClient(target, credentials.createInsecure());
  const options = (): CallOptions => ({ deadline: Date.now() + timeoutMs });
  return {
    unary: (request) =>
      new Promise((resolve, reject) => {
        client.unary(request, new Metadata(), options(), (error, response) =>
          error === null ? resolve(response) : reject(error),
        );
      }),
    serverStream: (request) => client.serverStream(request, new Metadata(), options()),
  };
}

/** A stub with all that it has: deadline, retries, circuit, pool and a signal. */
function stub(target: string, pool: PoolOptions): Calls {
  const factory = createClientFactory({ descriptorSets: [fileDescriptorSet()] });
  const channel = factory.createChannel(target, { credentials: "insecure", pool });
  const calls = factory.createStub(FixtureServiceService, channel);
  const { signal } = new AbortController();
  return {
    unary: (request) => calls.unary(request, { timeoutMs, signal }),
    serverStream: (request) => calls.serverStream(request, { timeoutMs, signal }),
  };
}

const kinds: Readonly<Record<string, (target: string) => Calls>> = {
  bare,
  stub: (target) => stub(target, {}),
  "one connection": (target) => stub(target, { maxConnections: 1 }),
};

async function carryOut(calls: Calls, order: Order): Promise<Bill> {
  const request = Envelope.create({
    payload: Buffer.alloc(64),
    count: BigInt(order.messages),
  });
  const make = async (): Promise<void> => {
    if (order.messages === 0) {
      await calls.unary(request);
      return;
    }
    let received = 0;
    for await (const _message of calls.serverStream(request)) {
      received += 1;
    }
    if (received !== order.messages) {
      throw new RangeError(`${order.messages} messages were due, ${received} have come`);
    }
  };
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await inFlight(order.lanes, order.calls, make);
  const { user, system } = process.cpuUsage(before);
  return { cpuMicroseconds: user + system, elapsedMs: performance.now() - startedAt };
}

const [which = "", port] = process.argv.slice(2);
const calls = kinds[which]?.(`127.0.0.1:${port}`);
if (calls === undefined) {
  throw new TypeError(`the client must be one of ${Object.keys(kinds).join(", ")}, got ${which}`);
}
process.on("SIGINT", () => process.exit());
process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void carryOut(calls, order).then((bill) => process.send?.(bill));
});
