import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import type { ItemSyncRequest } from "@grpc-kit/generated-protos/examples/items";
import { all, createItemStub, newItem, upsert } from "../item-stub.ts";
import type { ItemServiceProcess } from "../start-item-service.ts";

/** How many handlers each worker may run. */
export const handlersLimit = 5;

/** What the service must be set to. */
export const settingsForLoad: Readonly<Record<string, string>> = {
  GRPC_SERVER_MAX_CONCURRENT_RPCS: String(handlersLimit),
  GRPC_SERVER_MAX_QUEUED_RPCS: "0",
  // Of calls without one. All others have one of the client.
  GRPC_SERVER_DEFAULT_DEADLINE_MS: "500",
};

/** What the load has done, by method and code as the metrics name them, and what it left open. */
export interface DoneLoad {
  readonly calls: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly openStreams: number;
  readonly connections: number;
  /** Ends what is open. */
  close(): Promise<void>;
}

/** Calls all seven methods, and fails in many ways; on one connection, so that one worker sheds. */
export async function driveLoad({ address, token }: ItemServiceProcess): Promise<DoneLoad> {
  const { items, close } = createItemStub(address, {
    // Each call brings its token by itself, for two have none.
    token: "",
    interceptors: [],
    defaultTimeoutMs: 20_000,
    defaultStreamTimeoutMs: "none",
    circuitBreaker: false,
    retry: false,
    channel: { pool: { maxConnections: 1 } },
  });
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token()}`);

  const { id } = await items.createItem(newItem("lamp"), { metadata });
  await repeat(3, (index) => items.createItem(newItem(`lamp-${index}`), { metadata }));
  await repeat(2, () => failure(items.createItem(newItem("lamp"), { metadata })));
  await failure(items.createItem({ ...newItem("bad"), quantity: -1 }, { metadata }));
  await repeat(12, () => items.getItem({ id }, { metadata }));
  await repeat(3, () => failure(items.getItem({ id: crypto.randomUUID() }, { metadata })));
  await repeat(2, () => failure(items.getItem({ id })));
  await repeat(2, () => items.updateItem({ id, price: 19.9 }, { metadata }));
  const page = { pageSize: 2, pageToken: "", filter: "" };
  await repeat(3, () => all(items.listItems(page, { metadata })));
  await items.batchCreateItems(["a", "b", "c"].map(newItem), { metadata });
  await all(items.syncItems([upsert("desk"), upsert("chair")], { metadata }));
  await items.deleteItem({ id }, { metadata });

  const session = connect(`http://${address}`);
  const authorization = `Bearer ${token()}`;
  await repeat(2, () => callWithoutRequest(session, authorization));
  // A stream that its caller keeps until its deadline, of which the server is left to tell: a client that
  // ended it as well could be the first.
  await callWithoutRequest(session, authorization, { method: "SyncItems", "grpc-timeout": "300m" });

  // As many as may run: whoever comes then is shed.
  const aborts = Array.from({ length: handlersLimit }, () => new AbortController());
  const streams = aborts.map(({ signal }) =>
    items.syncItems(endless(signal), { metadata, signal }),
  );
  await Promise.all(streams.map((stream) => stream.next()));
  await repeat(4, () => failure(items.getItem({ id }, { metadata })));
  for (const abort of aborts.slice(0, 2)) {
    abort.abort();
  }
  return {
    calls: {
      GetItem: {
        OK: 12,
        NotFound: 3,
        Unauthenticated: 2,
        ResourceExhausted: 4,
        DeadlineExceeded: 2,
      },
      CreateItem: { OK: 4, AlreadyExists: 2, InvalidArgument: 1 },
      UpdateItem: { OK: 2 },
      DeleteItem: { OK: 1 },
      ListItems: { OK: 3 },
      BatchCreateItems: { OK: 1 },
      SyncItems: { OK: 1, Canceled: 2, DeadlineExceeded: 1 },
    },
    openStreams: handlersLimit - 2,
    connections: 2,
    async close() {
      for (const abort of aborts) {
        abort.abort();
      }
      session.destroy();
      await close();
    },
  };
}

async function* endless(signal: AbortSignal): AsyncGenerator<ItemSyncRequest> {
  yield upsert("sofa");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

async function repeat(times: number, call: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < times; index += 1) {
    await call(index);
  }
}

function failure(call: Promise<unknown>): Promise<void> {
  return call.then(
    () => {
      throw new Error("the call should have failed");
    },
    () => undefined,
  );
}

/** A call whose request never comes: the server must end it, by its own fault as far as it can tell. */
export async function callWithoutRequest(
  session: ClientHttp2Session,
  authorization: string,
  {
    method = "GetItem",
    ...headers
  }: { readonly method?: string; readonly "grpc-timeout"?: string } = {},
): Promise<void> {
  const stream = session.request(
    {
      ...headers,
      ":method": "POST",
      ":path": `/examples.ItemService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      authorization,
    },
    { endStream: false },
  );
  const [answer] = await once(stream, "response");
  stream.close();
  if (answer["grpc-status"] !== "4") {
    throw new Error(`the call must end with DEADLINE_EXCEEDED, got ${answer["grpc-status"]}`);
  }
}
