import { inFlight } from "@grpc-kit/testing/bench";
import type { Envelope } from "@grpc-kit/testing/fixtures";

/** A message of the fixture service, as all clients return it. */
export interface Message {
  readonly index: bigint;
  readonly count: bigint;
  readonly payload: Uint8Array;
  readonly text: string;
}

/** The calls of a client, of all four kinds. */
export interface Calls {
  unary(request: Envelope): Promise<Message>;
  serverStream(request: Envelope): AsyncIterable<Message>;
  /** Sends as many messages as its argument says. */
  clientStream(count: number): Promise<Message>;
  /** Sends a message when the one before it has come back, and resolves with what has come back. */
  pingPong(count: number): Promise<readonly Message[]>;
}

export type CallKind = keyof Calls;

/** What a client process is to do. */
export interface Order {
  readonly kind: CallKind;
  readonly calls: number;
  /** How many calls run at a time. */
  readonly lanes: number;
  /** How many messages each call has, if it is a stream. */
  readonly messages: number;
}

/** What it has cost. */
export interface Bill {
  readonly cpuMicroseconds: number;
  readonly wallMicroseconds: number;
}

/** What a client process answers. */
export type Answer = Bill | { readonly failure: string };

const payload = Buffer.alloc(64, "grpc");

export function messageAt(index: number, count = 0): Envelope {
  return { index: BigInt(index), count: BigInt(count), payload, text: "a lamp" };
}

export function* messages(count: number): Generator<Envelope> {
  for (let index = 0; index < count; index += 1) {
    yield messageAt(index);
  }
}

/** The same for clients that take nothing else. */
export async function* asyncMessages(count: number): AsyncGenerator<Envelope> {
  yield* messages(count);
}

/** Plays ping-pong on a call whose requests and responses are iterables. */
export async function playPingPong(
  bidi: (requests: AsyncIterable<Envelope>) => AsyncIterable<Message>,
  count: number,
): Promise<readonly Message[]> {
  const received: Message[] = [];
  let next = Promise.withResolvers<void>();
  async function* requests(): AsyncGenerator<Envelope> {
    for (const message of messages(count)) {
      yield message;
      await next.promise;
      next = Promise.withResolvers();
    }
  }
  for await (const message of bidi(requests())) {
    received.push(message);
    next.resolve();
  }
  return received;
}

/** Carries out the orders of the parent process. `make` is given the address of a server. */
export function serveOrders(make: (address: string) => Calls): void {
  const calls = make(process.argv[2] ?? "");
  process.on("SIGINT", () => process.exit());
  process.on("disconnect", () => process.exit());
  process.on("message", (order: Order) => {
    carryOut(calls, order).then(
      (bill) => process.send?.(bill),
      (error: unknown) => process.send?.({ failure: String(error) }),
    );
  });
  process.send?.("ready");
}

async function carryOut(calls: Calls, order: Order): Promise<Bill> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await inFlight(order.lanes, order.calls, () => makeCall(calls, order));
  const { user, system } = process.cpuUsage(before);
  const wallMicroseconds = (performance.now() - startedAt) * 1_000;
  return { cpuMicroseconds: user + system, wallMicroseconds };
}

async function makeCall(calls: Calls, order: Order): Promise<void> {
  switch (order.kind) {
    case "unary":
      return check(await calls.unary(messageAt(7)), 7);
    case "serverStream": {
      let received = 0;
      for await (const message of calls.serverStream(messageAt(0, order.messages))) {
        check(message, received);
        received += 1;
      }
      return checkCount(received, order);
    }
    case "clientStream":
      return checkCount(Number((await calls.clientStream(order.messages)).count), order);
    case "pingPong": {
      const received = await calls.pingPong(order.messages);
      received.forEach(check);
      return checkCount(received.length, order);
    }
  }
}

function check({ index, text, payload: { length } }: Message, expected: number): void {
  if (index !== BigInt(expected) || text !== "a lamp" || length !== payload.length) {
    throw new Error(`message ${expected} was due, got ${index} "${text}" with ${length} bytes`);
  }
}

function checkCount(received: number, { kind, messages: expected }: Order): void {
  if (received !== expected) {
    throw new Error(`${kind} must have ${expected} messages, got ${received}`);
  }
}
