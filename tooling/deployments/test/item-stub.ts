import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
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

export type ItemStub = Stub<ItemServiceService>;

export interface ItemStubOptions extends ClientFactoryOptions {
  readonly token: string;
  readonly channel?: ChannelOptions;
}

/** A stub on connections of its own, without TLS. */
export function createItemStub(
  target: string | readonly string[],
  { token, channel, ...options }: ItemStubOptions,
): { readonly items: ItemStub; close(): Promise<void> } {
  const clients = createClientFactory({
    defaultStreamTimeoutMs: 60_000,
    descriptorSets: [fileDescriptorSet()],
    interceptors: [sendToken(token)],
    ...options,
  });
  const opened = clients.createChannel(target, { credentials: "insecure", ...channel });
  return {
    items: clients.createStub(ItemServiceService, opened),
    close: () => clients.close({ graceMs: 0 }),
  };
}

/** Not a `callCredentials`: they are refused without TLS, and here nobody else listens. */
function sendToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set("authorization", `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}

/** A request for an item that can be created. */
export function newItem(sku: string): CreateItemRequest {
  return { name: "Desk lamp", description: "It glows", sku, quantity: 10, price: 24.9 };
}

/** The action that creates such an item. */
export function upsert(sku: string): ItemSyncRequest {
  const more = { id: "", isActive: true, createdAt: undefined, updatedAt: undefined };
  return { action: { $case: "upsert", value: { ...newItem(sku), ...more } } };
}

/** The messages of a stream, read to its end. */
export async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) {
    messages.push(message);
  }
  return messages;
}
