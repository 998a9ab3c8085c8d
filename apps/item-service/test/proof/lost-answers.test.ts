import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { createItem, newItem } from "../serve.ts";
import { skusIn } from "./items-database.ts";
import { startLossyProxy } from "./lossy-proxy.ts";
import { keyOf, stubOfLane } from "./mixed-load.ts";
import { serveWatched } from "./watched-items.ts";

const batch = ["a", "b", "c"].map(newItem);

describe.each([true, false])(
  "a write whose answer is lost, with an idempotency key: %s",
  (isKeyed) => {
    it.each(["CreateItem", "BatchCreateItems"])(
      "G12: %s is done once, and its caller is told what it can be",
      async (method) => {
        const items = await serveWatched();
        const proxy = await startLossyProxy(items.address);
        const token = items.token ?? "";
        const client = stubOfLane({ target: proxy.address, token, isKeyed });
        await createItem(client, "before");
        const call = { metadata: keyOf(isKeyed) };
        proxy.loseAnswers();
        const answer =
          method === "CreateItem"
            ? client.createItem(newItem("a"), call).then(({ id }) => [id])
            : client.batchCreateItems(batch, call).then(({ createdIds }) => createdIds);
        answer.catch(() => {});
        const skus = method === "CreateItem" ? ["a"] : ["a", "b", "c"];
        await expect.poll(() => skusIn(items.databasePath)).toEqual(["before", ...skus]);
        proxy.cut();
        if (isKeyed) {
          // Sent again by the stub, it is told what was done.
          const found = await Promise.all((await answer).map((id) => items.client.getItem({ id })));
          expect(found.map(({ sku }) => sku)).toEqual(skus);
        } else {
          await expect(answer).rejects.toMatchObject({ code: status.UNAVAILABLE, attempts: 1 });
        }
        expect(skusIn(items.databasePath)).toEqual(["before", ...skus]);
      },
    );
  },
);
