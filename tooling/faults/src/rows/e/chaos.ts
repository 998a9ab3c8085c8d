import { randomUUID } from "node:crypto";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { statusCodeInfo } from "@grpc-kit/grpc-status";
import { createItem, createItemClient } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Metrics } from "../../harness/metrics.ts";
import type { Service } from "../../harness/service.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { bodies, encoded, itemPaths } from "../../wire/items.ts";
import type { WireCaller } from "../../wire/wire-calls.ts";
import { callerOf } from "../d/key-service.ts";
import { isEndOfCall, tailOf } from "./log-lines.ts";

type Method = keyof typeof itemPaths;
/** Makes a call, and gives the code that its caller knows it to have ended with. */
type Play = () => Promise<readonly [method: Method, code: string]>;

// nghttp2 cuts a connection whose caller resets more than 1,000 streams at once.
const streamsPerConnection = 100;

export const chaos: Row = {
  id: "E3",
  fault:
    "Calls of all methods that end in all ways: well, with errors, cancelled, reset, out of time, with their connection cut",
  promise:
    "each is started and handled once, with the code that its caller saw; none is left in flight; each has a line in the log",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({
      own: true,
      env: {
        GRPC_SERVER_RESET_BUDGET_BURST: "1000000",
        GRPC_SERVER_RESET_BUDGET_PER_SECOND: "1000000",
      },
    });
    const client = createItemClient(service);
    harness.onEnd(() => client.close());
    const first = tailOf(service);
    const id = await createItem(client, service.token());
    // It is no call of the plan, and its line comes later than its answer.
    await first.waitFor(1, isEndOfCall);
    const tail = tailOf(service);
    const before = await service.metrics();
    const count = harness.isQuick ? 600 : 10_000;
    const plays = [
      ...answered(callerOf(harness, service), service, id),
      ...broken(harness, service),
    ];
    const plan = Array.from({ length: count }, (_, n) => plays[n % plays.length] ?? plays[0]);
    const ends = await inLanes(plan, 16, async (play) => ((await play?.()) ?? []).join(" "));
    const truth = new Map<string, number>();
    for (const end of ends) {
      truth.set(end, (truth.get(end) ?? 0) + 1);
    }
    const counted = await settled(service, before, count);
    const lines = (await tail.waitFor(count, isEndOfCall)).filter(
      ({ fields }) => fields !== undefined && isEndOfCall(fields),
    );
    const inFlight = (await service.metrics()).sum("grpckit_server_calls_in_flight");
    const keys = new Set([...truth.keys(), ...counted.keys()]);
    const wrong = [...keys].filter((key) => truth.get(key) !== counted.get(key));
    return {
      measured: `${count} calls with ${truth.size} endings, ${wrong.length || "none"} counted otherwise than callers saw, ${lines.length} lines, ${inFlight} in flight`,
      misses: [
        ...wrong.map(
          (key) => `${key}: ${counted.get(key) ?? 0} counted, ${truth.get(key) ?? 0} seen`,
        ),
        ...missUnless(inFlight === 0, `${inFlight} calls are in flight`),
        ...missUnless(
          lines.length === count,
          `${lines.length} calls are in the log, and not ${count}`,
        ),
      ],
    };
  },
};

function nameOf(method: Method): string {
  return itemPaths[method].split("/")[2] ?? "";
}

/** What has been counted, once as many have been handled as were made. */
async function settled(
  service: Service,
  before: Metrics,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const now = await service.metrics();
    const moved = (name: string, labels: Readonly<Record<string, string>>): number =>
      now.sum(name, labels) - before.sum(name, labels);
    const ofItems = { grpc_service: "examples.ItemService" };
    if (moved("grpc_server_handled_total", ofItems) >= count || performance.now() > endMs) {
      const counted = new Map<string, number>();
      for (const method of Object.keys(itemPaths) as Method[]) {
        const grpc_method = nameOf(method);
        for (let code = 0; code <= 16; code += 1) {
          const { goName } = statusCodeInfo(code);
          const ended = moved("grpc_server_handled_total", { grpc_method, grpc_code: goName });
          if (ended !== 0) {
            counted.set(`${method} ${goName}`, ended);
          }
        }
        const started = moved("grpc_server_started_total", { grpc_method });
        const handled = moved("grpc_server_handled_total", { grpc_method });
        if (started !== handled) {
          counted.set(`${method} started but not handled`, started - handled);
        }
      }
      return counted;
    }
    await delay(50);
  }
}

/** Calls that are answered, well or not. */
function answered(caller: WireCaller, service: Service, id: string): readonly Play[] {
  const bearer = { authorization: `Bearer ${service.token()}` };
  const reader = { authorization: `Bearer ${service.token("items:read")}` };
  const newItem = () =>
    encoded("createItem", { name: "a", description: "", sku: randomUUID(), quantity: 1, price: 1 });
  const play =
    (method: Method, body: () => Buffer, headers: Readonly<Record<string, string>>): Play =>
    async () => {
      const { name } = await caller.call(itemPaths[method], body(), headers);
      return [method, statusCodeInfo(status[name as keyof typeof status]).goName];
    };
  return [
    play("getItem", () => encoded("getItem", { id }), bearer),
    play("getItem", () => encoded("getItem", { id: randomUUID() }), bearer),
    play("getItem", () => encoded("getItem", { id: "not ok" }), bearer),
    play("getItem", () => encoded("getItem", { id }), {}),
    play("getItem", () => framed(Buffer.from([0xff, 0xff])), bearer),
    play("createItem", newItem, bearer),
    play("createItem", newItem, reader),
    play(
      "listItems",
      () => encoded("listItems", { pageSize: 3, pageToken: "", filter: "" }),
      bearer,
    ),
    play(
      "listItems",
      () => encoded("listItems", { pageSize: 3, pageToken: "", filter: "sku ~" }),
      bearer,
    ),
    play("batchCreateItems", () => Buffer.concat([newItem(), newItem()]), bearer),
    play("batchCreateItems", newItem, reader),
    play("syncItems", () => bodies.deleteAction(randomUUID()), bearer),
    play("syncItems", () => bodies.deleteAction(randomUUID()), {}),
    play("deleteItem", () => encoded("deleteItem", { id: randomUUID() }), bearer),
  ];
}

/** Calls that have begun for certain, as they have been answered once, and then go wrong. */
function broken(harness: Harness, service: Service): readonly Play[] {
  let session: ClientHttp2Session | undefined;
  let streams = 0;
  const newSession = (): ClientHttp2Session => {
    const made = connect(`http://${service.address}`);
    made.on("error", () => {});
    harness.onEnd(() => made.destroy());
    return made;
  };
  const shared = (): ClientHttp2Session => {
    if (session === undefined || session.closed || streams % streamsPerConnection === 0) {
      // What is open on it may end.
      session?.close();
      session = newSession();
    }
    streams += 1;
    return session;
  };
  async function begin(
    on: ClientHttp2Session,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Begun> {
    const stream = on.request({
      ":method": "POST",
      ":path": itemPaths.syncItems,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${service.token()}`,
      ...headers,
    });
    stream.on("error", () => {});
    const answered = new Promise<void>((resolve) => stream.once("data", () => resolve()));
    const ended = new Promise<status>((resolve) => {
      const take = ({ "grpc-status": code }: IncomingHttpHeaders): void => {
        if (code !== undefined) {
          resolve(Number(code));
          stream.close();
        }
      };
      stream.once("response", take).once("trailers", take);
      stream.once("close", () => resolve(status.CANCELLED));
    });
    stream.write(bodies.deleteAction(randomUUID()));
    // On a busy machine its time may be over before the first answer.
    await Promise.race([answered, ended]);
    const end = ended.then((code) => ["syncItems", statusCodeInfo(code).goName] as const);
    return { stream, end };
  }
  return [
    async () => {
      const { stream, end } = await begin(shared());
      stream.close(8);
      return end;
    },
    async () => {
      const own = newSession();
      const { end } = await begin(own);
      own.destroy();
      return end;
    },
    async () => (await begin(shared(), { "grpc-timeout": "400m" })).end,
  ];
}

interface Begun {
  readonly stream: ClientHttp2Stream;
  /** How it ended, as its caller knows: CANCELLED if nobody said otherwise. */
  readonly end: ReturnType<Play>;
}
