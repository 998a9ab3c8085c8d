import { setTimeout as delay } from "node:timers/promises";
import { InterceptingCall, type Interceptor, type Metadata, status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import {
  type CreateItemRequest,
  ItemServiceService,
  type ItemSyncRequest,
} from "@grpc-kit/generated-protos/examples/items";
import {
  type ChannelOptions,
  type ClientFactoryOptions,
  createClientFactory,
  type Stub,
} from "@grpc-kit/grpc-client";
import type { Harness } from "../../harness/harness.ts";

export type ItemStub = Stub<ItemServiceService>;

export interface ItemStubOptions extends ClientFactoryOptions {
  readonly token: string;
  readonly channel?: ChannelOptions;
  /** Whether creating counts as idempotent, since each call has an idempotency key. */
  readonly isKeyed?: boolean;
}

/** A stub of grpc-client on connections of its own. It closes with the row. */
export function openItems(
  harness: Harness,
  target: string | readonly string[],
  { token, channel, isKeyed = false, ...options }: ItemStubOptions,
): ItemStub {
  const clients = createClientFactory({
    defaultStreamTimeoutMs: 60_000,
    descriptorSets: [fileDescriptorSet()],
    interceptors: [sendToken(token)],
    ...options,
  });
  harness.onEnd(() => clients.close({ graceMs: 0 }));
  const opened = clients.createChannel(target, { credentials: "insecure", ...channel });
  const idempotent = { idempotent: true };
  const methods = isKeyed ? { createItem: idempotent, batchCreateItems: idempotent } : {};
  return clients.createStub(ItemServiceService, opened, { methods });
}

/** Each call is sent once, and no circuit refuses any. */
export const once = { retry: false, circuitBreaker: false } as const;

/** Not a `callCredentials`: they are refused without TLS, and here nobody else listens. */
function sendToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata: Metadata, listener, next) {
        metadata.set("authorization", `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}

export function newItem(sku: string = crypto.randomUUID()): CreateItemRequest {
  return { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
}

/** The action that creates such an item. */
export function upsert(sku: string): ItemSyncRequest {
  const more = { id: "", isActive: true, createdAt: undefined, updatedAt: undefined };
  return { action: { $case: "upsert", value: { ...newItem(sku), ...more } } };
}

export async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) {
    messages.push(message);
  }
  return messages;
}

/** How a call has ended: the name of its code. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    const { code } = error as { readonly code?: status };
    return code === undefined ? String(error) : status[code];
  }
}

/** Requests that never come, until the signal aborts. */
export async function* silence(signal: AbortSignal): AsyncGenerator<never> {
  await delay(600_000, undefined, { signal }).catch(() => {});
}

/** How many there are of each: "OK 3, UNAVAILABLE 1". */
export function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "none";
}

/** Waits until it holds, and tells after how many milliseconds; undefined if it never does. */
export async function untilTrue(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  everyMs = 5,
): Promise<number | undefined> {
  const startMs = performance.now();
  for (;;) {
    if (await holds()) {
      return performance.now() - startMs;
    }
    if (performance.now() - startMs > withinMs) {
      return undefined;
    }
    await delay(everyMs);
  }
}

/** A number of the environment, for the full size of a row. */
export function sizeOf(name: string, usual: number): number {
  const size = Number(process.env[name] ?? usual);
  if (!(size > 0)) {
    throw new RangeError(`${name} must be a number above 0, got ${process.env[name]}`);
  }
  return size;
}

export function ms(value: number | undefined): string {
  return value === undefined ? "never" : `${Math.round(value)} ms`;
}
