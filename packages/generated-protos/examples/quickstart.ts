import { Item, ItemServiceService } from "@grpc-kit/generated-protos/examples/items";

const item = Item.create({ name: "Desk lamp", createdAt: { seconds: 1_770_091_506n, nanos: 7 } });
const bytes = Item.encode(item).finish();
console.log(bytes.length, Item.decode(bytes).createdAt);
console.log(ItemServiceService.getItem.path);
