import { Item as ItemMessage } from "@grpc-kit/generated-protos/examples/items";
import { copy, createMapper, int32, timestampAsDate } from "../src/index.ts";
import type { Row } from "./run.ts";

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

const item: Item = {
  id: "0d7ba2b5-6f0c-4ae0-9f4f-6e1c8a4bb001",
  name: "Desk lamp",
  description: "A lamp for desks",
  sku: "lamp-1",
  quantity: 10,
  price: 24.9,
  isActive: true,
  createdAt: new Date(1_770_000_000_123),
  updatedAt: new Date(1_770_000_009_123),
};

const itemMapper = createMapper<Item, ItemMessage>()({
  id: copy,
  name: copy,
  description: copy,
  sku: copy,
  quantity: copy,
  price: copy,
  isActive: copy,
  createdAt: timestampAsDate,
  updatedAt: timestampAsDate,
});

function toProtoByHand(entity: Item): ItemMessage {
  return {
    id: entity.id,
    name: entity.name,
    description: entity.description,
    sku: entity.sku,
    quantity: entity.quantity,
    price: entity.price,
    isActive: entity.isActive,
    createdAt: timestampAsDate.toProto(entity.createdAt),
    updatedAt: timestampAsDate.toProto(entity.updatedAt),
  };
}

function fromProtoByHand(message: ItemMessage): Item {
  return {
    id: message.id,
    name: message.name,
    description: message.description,
    sku: message.sku,
    quantity: message.quantity,
    price: message.price,
    isActive: message.isActive,
    createdAt: timestampAsDate.fromProto(message.createdAt),
    updatedAt: timestampAsDate.fromProto(message.updatedAt),
  };
}

/** Maps messages of other shapes first, so that no code is compiled for one shape alone. */
function warmUp(): void {
  for (let fieldCount = 3; fieldCount < 10; fieldCount += 1) {
    const names = Array.from({ length: fieldCount }, (_, index) => `field${fieldCount}_${index}`);
    type Message = Record<"a", number>;
    const fields = Object.fromEntries(names.map((name, index) => [name, index % 2 ? copy : int32]));
    const mapper = createMapper<Message, Message>()(fields as Record<"a", typeof int32>);
    const entity = Object.fromEntries(names.map((name, index) => [name, index])) as Message;
    for (let index = 0; index < 20_000; index += 1) {
      mapper.fromProto(mapper.toProto(entity));
    }
  }
}

export function mappingRows(): readonly Row[] {
  warmUp();
  const message = itemMapper.toProto(item);
  const bytes = ItemMessage.encode(message).finish();
  return [
    [
      "entity to message",
      {
        "by hand": () => toProtoByHand(item),
        createMapper: () => itemMapper.toProto(item),
      },
    ],
    [
      "entity to bytes",
      {
        "by hand": () => ItemMessage.encode(toProtoByHand(item)).finish(),
        createMapper: () => ItemMessage.encode(itemMapper.toProto(item)).finish(),
      },
    ],
    [
      "message to entity",
      {
        "by hand": () => fromProtoByHand(message),
        createMapper: () => itemMapper.fromProto(message),
      },
    ],
    [
      "bytes to entity",
      {
        "by hand": () => fromProtoByHand(ItemMessage.decode(bytes)),
        createMapper: () => itemMapper.fromProto(ItemMessage.decode(bytes)),
      },
    ],
  ];
}
