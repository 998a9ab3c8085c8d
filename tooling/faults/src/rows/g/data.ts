import { once as onceEmitted } from "node:events";
import { connect } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import type { CreateItemRequest, Item } from "@grpc-kit/generated-protos/examples/items";
import { all, codeOf, type ItemStub, once, openItems } from "../../harness/item-stub.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { tally } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { bodies, itemPaths, newItem } from "../../wire/items.ts";

function withEntry(key: string, value: string): { readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set(key, value);
  return { metadata };
}

async function skusLike(items: ItemStub, prefix: string): Promise<readonly string[]> {
  const request = { pageSize: 1_000, pageToken: "", filter: `sku : "${prefix}"` };
  return (await all(items.listItems(request))).map(({ sku }) => sku);
}

export const halfABatch: Row = {
  id: "G13",
  fault: "A batch is cut after each of its messages: cancelled, and with its connection",
  promise: "Nothing of it is created; whole it is created once",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const size = harness.isQuick ? 5 : 20;
    const prefix = `half-${crypto.randomUUID().slice(0, 8)}`;
    const codes: string[] = [];
    for (let cut = 0; cut <= size; cut += 1) {
      const batch = Array.from({ length: size }, (_, n) => newItem(`${prefix}-${cut}-${n}`));
      const caller = new AbortController();
      async function* half(): AsyncGenerator<CreateItemRequest> {
        yield* batch.slice(0, cut);
        // What was sent is on its way by then.
        await new Promise((resolve) => setTimeout(resolve, 10));
        caller.abort();
      }
      codes.push(await codeOf(items.batchCreateItems(half(), { signal: caller.signal })));
      await sendAndBreak(service, batch.slice(0, cut));
    }
    const half = await skusLike(items, prefix);
    const whole = Array.from({ length: size }, (_, n) => newItem(`${prefix}-whole-${n}`));
    await items.batchCreateItems(whole);
    const { length } = await skusLike(items, `${prefix}-whole`);
    return {
      measured: `${2 * (size + 1)} cuts (${tally(codes)}), ${half.length} items left by them; whole ${length} of ${size}`,
      misses: [
        ...missUnless(half.length === 0, `${half.length} items of cut batches were created`),
        ...missUnless(length === size, `of the whole batch ${length} items were created`),
      ],
    };
  },
};

/** Sends the beginning of a batch, and ends the connection without a word. */
async function sendAndBreak(service: Service, items: readonly CreateItemRequest[]): Promise<void> {
  const session = connect(`http://${service.address}`);
  session.on("error", () => {});
  const stream = session.request({
    ":method": "POST",
    ":path": itemPaths.batchCreateItems,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${service.token()}`,
  });
  stream.on("error", () => {});
  for (const item of items) {
    stream.write(bodies.createItem(item));
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  const closed = onceEmitted(session, "close");
  session.destroy();
  await closed;
}

export const sameKey: Row = {
  id: "G14",
  fault: "50 callers send the same idempotency key at once, and one another request with it",
  promise: "One effect, and the same answer for all; INVALID_ARGUMENT for the other request",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const [keys, callers] = harness.isQuick ? [3, 20] : [40, 50];
    const prefix = `key-${crypto.randomUUID().slice(0, 8)}`;
    const misses: string[] = [];
    const others: string[] = [];
    for (let n = 0; n < keys; n += 1) {
      const key = crypto.randomUUID();
      const request = newItem(`${prefix}-${n}`);
      const create = () => items.createItem(request, withEntry("idempotency-key", key));
      const answers = await Promise.all(Array.from({ length: callers }, create));
      answers.push(await create());
      const ids = new Set(answers.map(({ id }) => id));
      misses.push(...missUnless(ids.size === 1, `key ${n} got ${ids.size} answers`));
      const other = items.createItem(newItem(), withEntry("idempotency-key", key));
      others.push(await codeOf(other));
    }
    const { length } = await skusLike(items, prefix);
    return {
      measured: `${keys} keys by ${callers} callers: ${length} items; other requests: ${tally(others)}`,
      misses: [
        ...misses,
        ...missUnless(length === keys, `there are ${length} items`),
        ...missUnless(
          others.every((code) => code === "INVALID_ARGUMENT"),
          `other requests with a known key ended ${tally(others)}`,
        ),
      ],
    };
  },
};

export const lostUpdates: Row = {
  id: "G15",
  fault: "100 callers change the same item at once, each with the etag that it has read",
  promise: "No change is lost: the losers are told ABORTED, and read again",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const [writers, changes] = harness.isQuick ? [10, 2] : [100, 3];
    const { id, quantity } = await items.createItem(newItem());
    const codes: string[] = [];
    async function read(): Promise<{ item: Item; etag: string }> {
      let etag = "";
      const item = await items.getItem(
        { id },
        {
          onStatus: ({ metadata }) => {
            etag = String(metadata.get("etag")[0]);
          },
        },
      );
      return { item, etag };
    }
    await Promise.all(
      Array.from({ length: writers }, async () => {
        for (let done = 0; done < changes; ) {
          const { item, etag } = await read();
          const update = { id, quantity: item.quantity + 1 };
          const code = await codeOf(items.updateItem(update, withEntry("if-match", etag)));
          codes.push(code);
          done += code === "OK" ? 1 : 0;
          if (code !== "OK" && code !== "ABORTED") {
            return;
          }
        }
      }),
    );
    const { item } = await read();
    const wanted = quantity + writers * changes;
    return {
      measured: `${tally(codes)}; ${item.quantity - quantity} of ${writers * changes} changes are there`,
      misses: missUnless(
        item.quantity === wanted,
        `the quantity is ${item.quantity}, and not ${wanted}`,
      ),
    };
  },
};

export const movingPages: Row = {
  id: "G16",
  fault: "Items come and go while others are listed page by page; a page token is tampered with",
  promise:
    "What was there all the time is listed once, in order; INVALID_ARGUMENT for a false token",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const prefix = `page-${crypto.randomUUID().slice(0, 8)}`;
    const count = harness.isQuick ? 100 : 2_000;
    const stay = Array.from({ length: count }, (_, n) =>
      newItem(`${prefix}-stay-${String(n).padStart(5, "0")}`),
    );
    const go = Array.from({ length: count }, (_, n) => newItem(`${prefix}-go-${n}`));
    const mixed = stay.flatMap((item, n) => [item, go[n] ?? item]);
    const { createdIds } = await items.batchCreateItems(mixed);
    const doomed = createdIds.filter((_, n) => n % 2 === 1);
    const seen: string[] = [];
    let pageToken = "";
    let pages = 0;
    const tampered: string[] = [];
    do {
      const request = { pageSize: Math.ceil(count / 10), pageToken, filter: `sku : "${prefix}"` };
      const page = await all(
        items.listItems(request, {
          onStatus: ({ metadata }) => {
            pageToken = String(metadata.get("next-page-token")[0] ?? "");
          },
        }),
      );
      seen.push(...page.map(({ sku }) => sku).filter((sku) => sku.includes("-stay-")));
      pages += 1;
      if (pageToken !== "") {
        const middle = Math.floor(pageToken.length / 2);
        const other = pageToken[middle] === "A" ? "B" : "A";
        const wrong = `${pageToken.slice(0, middle)}${other}${pageToken.slice(middle + 1)}`;
        tampered.push(await codeOf(all(items.listItems({ ...request, pageToken: wrong }))));
      }
      await Promise.all(
        doomed.splice(-Math.ceil(count / 20)).map((id) => codeOf(items.deleteItem({ id }))),
      );
      await items.createItem(newItem(`${prefix}-new-${pages}`));
    } while (pageToken !== "");
    const wanted = stay.map(({ sku }) => sku);
    const isWhole = seen.length === count && seen.every((sku, n) => sku === wanted[n]);
    return {
      measured: `${pages} pages: ${new Set(seen).size} of ${count} items that stayed, ${seen.length - new Set(seen).size} twice; false tokens: ${tally(tampered)}`,
      misses: [
        ...missUnless(isWhole, "the items that stayed were not listed once each, in order"),
        ...missUnless(
          tampered.length > 0 && tampered.every((code) => code === "INVALID_ARGUMENT"),
          `false tokens ended ${tally(tampered)}`,
        ),
      ],
    };
  },
};
