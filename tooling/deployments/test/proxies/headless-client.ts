// A process of its own, since it has names of its own: headless.test.ts starts it.
import { credentials, Metadata } from "@grpc/grpc-js";
import { ItemServiceClient } from "@grpc-kit/generated-protos/examples/items";
import { createItemStub, type ItemStub } from "../item-stub.ts";
import { startItemLoad } from "./item-load.ts";

/** `reads` are made one after the other, on one channel; `load` runs until the next command. */
export type Command =
  | { readonly kind: "reads"; readonly id: string; readonly count: number }
  | { readonly kind: "readsOfGrpcJs"; readonly id: string; readonly count: number }
  | { readonly kind: "load" }
  | { readonly kind: "stop" };

const [target = "", token = ""] = process.argv.slice(2);

const open = (options: { readonly retry?: false } = {}): ItemStub =>
  createItemStub(target, {
    token,
    circuitBreaker: false,
    // Names are looked up when a connection ends, and no sooner than this. Default: 10 s.
    channel: { minResolutionIntervalMs: 200, reconnectBackoff: { initialMs: 100, maxMs: 200 } },
    ...options,
  }).items;

const items = open();
let loads: readonly ReturnType<typeof startItemLoad>[] = [];

async function run(command: Command): Promise<unknown> {
  switch (command.kind) {
    case "reads":
      for (let calls = 0; calls < command.count; calls += 1) {
        await items.getItem({ id: command.id });
      }
      return undefined;
    case "readsOfGrpcJs": {
      const client = new ItemServiceClient(target, credentials.createInsecure());
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${token}`);
      for (let calls = 0; calls < command.count; calls += 1) {
        await new Promise<void>((resolve, reject) => {
          client.getItem({ id: command.id }, metadata, (error) =>
            error === null ? resolve() : reject(error),
          );
        });
      }
      client.close();
      return undefined;
    }
    case "load":
      loads = [open(), open({ retry: false })].map((stub) => startItemLoad(stub, { lanes: 3 }));
      return undefined;
    case "stop":
      return Promise.all(loads.map((load) => load.stop()));
  }
}

process.on("message", async (command: Command) => {
  const answer = await run(command).then(
    (result) => ({ result }),
    (error: unknown) => ({ error: String(error) }),
  );
  process.send?.(answer);
});
process.once("disconnect", () => process.exit());
