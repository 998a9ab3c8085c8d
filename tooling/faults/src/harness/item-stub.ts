import { setTimeout as delay } from "node:timers/promises";
import { InterceptingCall, type Interceptor, type Metadata, status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import {
  type ChannelOptions,
  type ClientFactoryOptions,
  createClientFactory,
  type Stub,
} from "@grpc-kit/grpc-client";
import type { Harness } from "./harness.ts";

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
