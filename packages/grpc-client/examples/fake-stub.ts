import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import type { Stub } from "@grpc-kit/grpc-client";
import { createFakeStub } from "@grpc-kit/grpc-client/testing";
import { isGrpcCallError, StatusError } from "@grpc-kit/grpc-status";

// What is tested: it takes a stub, and does not know which.
async function nameOf(items: Stub<ItemServiceService>, id: string): Promise<string> {
  try {
    return (await items.getItem({ id })).name;
  } catch (error) {
    if (isGrpcCallError(error) && error.code === status.NOT_FOUND) {
      return "nothing";
    }
    throw error;
  }
}

test("names an item", async () => {
  const { stub, calls } = createFakeStub(ItemServiceService, {
    getItem: async ({ id }) => Item.create({ id, name: "a lamp" }),
  });
  assert.equal(await nameOf(stub, "7"), "a lamp");
  assert.deepEqual(calls[0]?.requests, [{ id: "7" }]);
});

test("has a name for an item that is not there", async () => {
  const { stub } = createFakeStub(ItemServiceService, {
    getItem: () => {
      throw new StatusError(status.NOT_FOUND, "there is no such item");
    },
  });
  assert.equal(await nameOf(stub, "8"), "nothing");
});

test("passes on that the service is away", async () => {
  const { stub, failNext } = createFakeStub(ItemServiceService);
  failNext(ItemServiceService.getItem, status.UNAVAILABLE);
  await assert.rejects(nameOf(stub, "7"), { code: status.UNAVAILABLE });
});
