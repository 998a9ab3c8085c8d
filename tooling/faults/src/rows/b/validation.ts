import { randomUUID } from "node:crypto";
import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import {
  BatchCreateResponse,
  type CreateItemRequest,
  ItemSyncResponse,
} from "@grpc-kit/generated-protos/examples/items";
import fc from "fast-check";
import { fuzz } from "../../fuzz/fuzz.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { unframed } from "../../wire/framing.ts";
import { encoded, itemPaths, newItem, upsert } from "../../wire/items.ts";
import { type WireCaller, wireCaller } from "../../wire/wire-calls.ts";

const nothing = Buffer.alloc(0);
const characters = (count: number, character = "x"): string => character.repeat(count);

// At the bounds and a step beyond, by what items.proto says.
const fields = {
  name: fc.constantFrom(
    "",
    "x",
    characters(200),
    characters(201),
    characters(200, "💡"),
    characters(201, "💡"),
    "  ",
    "a\0",
  ),
  description: fc.constantFrom(
    "",
    characters(2_000),
    characters(2_001),
    characters(2_000, "💡"),
    "a\0",
  ),
  sku: fc.constantFrom("", "x", "a b", "é", characters(64), characters(65)),
  quantity: fc.constantFrom(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1),
  price: fc.constantFrom(
    Number.NaN,
    -0.01,
    -Infinity,
    Infinity,
    0,
    -0,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
  ),
};

/** An item with one or two fields at a bound. */
const items: fc.Arbitrary<CreateItemRequest> = fc
  .tuple(
    fc.record(fields),
    fc.subarray(Object.keys(fields) as (keyof typeof fields)[], { minLength: 1, maxLength: 2 }),
  )
  .map(([all, chosen]) => ({
    ...newItem(),
    ...Object.fromEntries(chosen.map((name) => [name, all[name]])),
  }));

function isSku(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}

/** The fields that break a rule, worked out from items.proto alone. */
function brokenFields({
  name,
  description,
  sku,
  quantity,
  price,
}: CreateItemRequest): readonly string[] {
  const isText = (text: string): boolean => !text.includes("\0");
  const rules = {
    name: [...name].length >= 1 && [...name].length <= 200 && name.trim() !== "" && isText(name),
    description: [...description].length <= 2_000 && isText(description),
    sku: isSku(sku),
    quantity: quantity >= 0,
    price: price >= 0 && Number.isFinite(price),
  };
  return Object.entries(rules).flatMap(([field, holds]) => (holds ? [] : [field]));
}

/** The field that each way of creating an item complains of first; "" if it takes it. */
async function verdicts(caller: WireCaller, item: CreateItemRequest): Promise<readonly string[]> {
  const own = (): CreateItemRequest =>
    isSku(item.sku) ? { ...item, sku: skuLike(item.sku) } : item;
  const unary = await caller.call(itemPaths.createItem, encoded("createItem", own()));
  const batch = await caller.call(itemPaths.batchCreateItems, encoded("batchCreateItems", own()));
  const sync = await caller.call(itemPaths.syncItems, encoded("syncItems", upsert(own())));
  const detail = ErrorDetail.decode(
    Buffer.from(String(unary.headers["error-detail-bin"] ?? ""), "base64"),
  );
  const [error] = BatchCreateResponse.decode(unframed(batch.body)[0] ?? nothing).errors;
  const answer = ItemSyncResponse.decode(unframed(sync.body)[0] ?? nothing);
  return [
    fieldOf(unary.name === "OK" ? undefined : detail),
    fieldOf(error),
    fieldOf(answer.success ? undefined : answer.error),
  ];
}

/** Another sku of the same length, so that no two items have one. */
function skuLike(sku: string): string {
  return (randomUUID() + randomUUID()).slice(0, sku.length);
}

function fieldOf(detail: ErrorDetail | undefined): string {
  // A sku of one character is soon taken, and was in order.
  if (detail === undefined || detail.code === "SkuTakenError") {
    return "";
  }
  // An upsert's fields are those of the item that it has.
  return detail.field.replace(/^upsert\./, "");
}

export const validation: Row = {
  id: "B12",
  fault: "fields at their bounds and beyond: length, NaN, negative, 2,147,483,647",
  promise:
    "INVALID_ARGUMENT that names the field; the same verdict by CreateItem, BatchCreateItems and SyncItems",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    harness.onEnd(caller.close);
    let refused = 0;
    const result = await fuzz(harness, {
      cases: items,
      quickRuns: 96,
      wholeRuns: 1_000,
      check: async (item) => {
        const broken = brokenFields(item);
        const found = await verdicts(caller, item);
        refused += broken.length > 0 ? 1 : 0;
        const isRight = found.every((field) =>
          broken.length === 0 ? field === "" : broken.includes(field),
        );
        return isRight && new Set(found).size === 1
          ? undefined
          : `breaks ${broken.join() || "no rule"}, and the methods complain of ${found.map((field) => field || "nothing").join()}`;
      },
    });
    const sizes: string[] = [];
    for (const pageSize of [-(2 ** 31), -1, 0, 1_001, 2 ** 31 - 1]) {
      const request = encoded("listItems", { pageSize, pageToken: "", filter: 'sku = "none"' });
      const { name, message } = await caller.call(itemPaths.listItems, request);
      const isRight =
        pageSize < 0
          ? name === "INVALID_ARGUMENT" && message.startsWith("page_size: ")
          : name === "OK";
      sizes.push(...missUnless(isRight, `a page_size of ${pageSize} is ${name}: ${message}`));
    }
    return {
      measured: `${result.runs} items by seed ${result.seed}, ${refused} of them wrong; 5 sizes of a page`,
      misses: [...result.misses, ...sizes],
    };
  },
};
