import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import {
  type Item,
  ItemServiceClient,
  type ListItemsRequest,
} from "@grpc-kit/generated-protos/examples/items";
import { type Engine, figuresOf, inFlight, measure, startEngine } from "@grpc-kit/testing/bench";
import type { GroupOptions, MeasureGroup, TimeScenario } from "../result.ts";
import { makeItemDatabase, makeToken } from "./item-database.ts";

/** An item-service over so many items. */
interface Service {
  readonly rows: number;
  readonly engine: Engine;
  readonly client: ItemServiceClient;
  readonly metadata: Metadata;
}

interface Page {
  readonly items: readonly Item[];
  readonly nextToken: string;
}

interface Query {
  readonly title: string;
  readonly per: "page" | "item";
  readonly expected: number;
  readonly request: (service: Service, middle: string) => ListItemsRequest;
  readonly isRight: (item: Item, service: Service) => boolean;
}

const queries: readonly Query[] = [
  {
    title: "ListItems, the first page of 50",
    per: "page",
    expected: 50,
    request: () => ({ pageSize: 50, pageToken: "", filter: "" }),
    isRight: ({ sku }) => sku <= "box-0000050",
  },
  {
    title: "ListItems, a page of 50 in the middle",
    per: "page",
    expected: 50,
    request: (_service, pageToken) => ({ pageSize: 50, pageToken, filter: "" }),
    isRight: ({ sku }, { rows }) => sku > skuAt(rows / 2) && sku <= skuAt(rows / 2 + 50),
  },
  {
    title: "ListItems, the first page of 50 where one item in ten is asked for",
    per: "page",
    expected: 50,
    request: () => ({ pageSize: 50, pageToken: "", filter: "quantity = 7" }),
    isRight: ({ quantity }) => quantity === 7,
  },
  {
    title: "ListItems, the item of one SKU",
    per: "page",
    expected: 1,
    request: ({ rows }) => ({ pageSize: 50, pageToken: "", filter: `sku = "${skuAt(rows / 2)}"` }),
    isRight: ({ sku }, { rows }) => sku === skuAt(rows / 2),
  },
  {
    title: "ListItems, a stream of 1,000 items",
    per: "item",
    expected: 1_000,
    request: () => ({ pageSize: 1_000, pageToken: "", filter: "" }),
    isRight: ({ sku }) => sku <= "box-0001000",
  },
];

function skuAt(row: number): string {
  return `box-${String(row).padStart(7, "0")}`;
}

function nameOf(rows: number): string {
  return `${rows.toLocaleString("en")} rows`;
}

/** What a page of items costs an item-service whose table grows. */
export const measureTables: MeasureGroup = async (options) => {
  const folder = await mkdtemp(join(tmpdir(), "grpc-kit-bench-"));
  const services: Service[] = [];
  try {
    const token = await makeToken(folder);
    for (const rows of options.isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]) {
      services.push(await startService(folder, rows, token, options.progress));
    }
    return await measureQueries(services, options);
  } finally {
    await Promise.all(services.map(stopService));
    await rm(folder, { recursive: true });
  }
};

async function startService(
  folder: string,
  rows: number,
  token: string,
  progress: GroupOptions["progress"],
): Promise<Service> {
  const file = join(folder, `${rows}.db`);
  await makeItemDatabase(file, rows, (inserted) => {
    progress(`growth: ${inserted.toLocaleString("en")} of ${nameOf(rows)}`);
  });
  const engine = await startEngine(new URL("item-service.ts", import.meta.url), file);
  const address = `127.0.0.1:${engine.port}`;
  const client = new ItemServiceClient(address, credentials.createInsecure());
  const metadata = new Metadata({ waitForReady: true });
  metadata.set("authorization", `Bearer ${token}`);
  return { rows, engine: { ...engine, name: nameOf(rows) }, client, metadata };
}

/** At once: there is nothing that it would have to save. */
async function stopService({ engine, client }: Service): Promise<void> {
  const ended = once(engine.child, "exit");
  client.close();
  engine.session.destroy();
  engine.child.kill("SIGKILL");
  await ended;
}

async function measureQueries(
  services: readonly Service[],
  { rounds, isQuick, progress }: GroupOptions,
): Promise<readonly TimeScenario[]> {
  const middles = new Map<Engine, string>();
  for (const service of services) {
    progress(`growth: reading up to the middle of ${service.engine.name}`);
    middles.set(service.engine, await findMiddle(service));
  }
  const engines = services.map(({ engine }) => engine);
  const byEngine = new Map(services.map((service) => [service.engine, service]));
  const scenarios: TimeScenario[] = [];
  for (const query of queries) {
    progress(`growth: ${query.title}`);
    const calls = isQuick ? 5 : query.per === "item" ? 20 : 200;
    const count = query.per === "item" ? calls * query.expected : calls;
    const run = async (engine: Engine): Promise<void> => {
      const service = byEngine.get(engine) as Service;
      const request = query.request(service, middles.get(engine) ?? "");
      await inFlight(1, calls, async () => check(await list(service, request), query, service));
    };
    const costs = await measure(engines, rounds, { count, run });
    const { title, per } = query;
    const baseline = engines[0]?.name ?? "";
    const figures = figuresOf(costs, baseline);
    scenarios.push({ group: "growth", title, per, unit: "µs", baseline, figures });
  }
  return scenarios;
}

/** The token of the page that begins after half of the items. */
async function findMiddle(service: Service): Promise<string> {
  const middle = service.rows / 2;
  const pageSize = Math.min(middle, 1_000);
  let pageToken = "";
  for (let read = 0; read < middle; read += pageSize) {
    pageToken = (await list(service, { pageSize, pageToken, filter: "" })).nextToken;
  }
  return pageToken;
}

async function list({ client, metadata }: Service, request: ListItemsRequest): Promise<Page> {
  const call = client.listItems(request, metadata, { deadline: Date.now() + 60_000 });
  let nextToken = "";
  call.on("status", ({ metadata: trailers }) => {
    nextToken = String(trailers.get("next-page-token")[0] ?? "");
  });
  const items: Item[] = [];
  for await (const item of call) {
    items.push(item);
  }
  return { items, nextToken };
}

function check({ items }: Page, { title, expected, isRight }: Query, service: Service): void {
  if (items.length !== expected || !items.every((item) => isRight(item, service))) {
    throw new Error(`${title}: ${expected} items were due, got ${items.length}, or others`);
  }
}
