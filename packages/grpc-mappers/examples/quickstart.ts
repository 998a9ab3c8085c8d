import { randomBytes } from "node:crypto";
import { CreateItemRequest, Item as ItemMessage } from "@grpc-kit/generated-protos/examples/items";
import {
  copy,
  createMapper,
  createPageTokens,
  createValidator,
  int32,
  timestampAsDate,
} from "@grpc-kit/grpc-mappers";
import type { ValidationError } from "@grpc-kit/grpc-status/errors";
import * as z from "zod";

// An entity of the domain, which knows nothing of protobuf.
interface Item {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

// One converter for each field. Leave one out, and it does not compile.
const itemMapper = createMapper<Item, ItemMessage>()({
  id: copy,
  name: copy,
  description: copy,
  sku: copy,
  quantity: int32,
  price: copy,
  isActive: copy,
  createdAt: timestampAsDate,
  updatedAt: timestampAsDate,
});

// The rules of a request, by a library of your choice. Each field has one.
const createItemValidator = createValidator<CreateItemRequest>()(
  z.object({
    name: z.string().min(1).max(200),
    description: z.string().max(2_000),
    sku: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
    quantity: z.int32().min(0),
    price: z.number().min(0),
  }),
);

const now = new Date("2026-02-03T04:05:06.789Z");
const item: Item = {
  id: "a1",
  name: "Desk lamp",
  description: "",
  sku: "lamp-1",
  quantity: 10,
  price: 24.9,
  isActive: true,
  createdAt: now,
  updatedAt: now,
};

// There and back, over the wire.
const bytes = ItemMessage.encode(itemMapper.toProto(item)).finish();
console.log(itemMapper.fromProto(ItemMessage.decode(bytes)).createdAt.toISOString());

// What is wrong with a message is told field by field, by the names in the proto: INVALID_ARGUMENT.
function printViolations(check: () => void): void {
  try {
    check();
  } catch (error) {
    console.log((error as ValidationError).violations);
  }
}
printViolations(() => itemMapper.fromProto(ItemMessage.create({ quantity: 1 })));
printViolations(() => createItemValidator.validate(CreateItemRequest.create({ quantity: -1 })));

// A page token hides where a list went on, and is good for the same query only.
const pageTokens = createPageTokens<{ afterId: string }>({ secrets: [randomBytes(32)] });
const token = pageTokens.create({ afterId: item.id }, { filter: "quantity < 10" });
console.log(pageTokens.read(token, { filter: "quantity < 10" }));
