import {
  copy,
  createMapper,
  moneyAsDecimal,
  type ProtobufMapper,
  renamed,
  timestampAsDate,
} from "../src/index.ts";

export interface Item {
  readonly id: string;
  readonly createdAt: Date;
  readonly price: { readonly currencyCode: string; readonly amount: string };
}

export interface ItemMessage {
  id: string;
  createdAt: { seconds: bigint; nanos: number } | undefined;
  unitPrice: { currencyCode: string; units: bigint; nanos: number } | undefined;
}

export const itemMapper: ProtobufMapper<Item, ItemMessage> = createMapper<Item, ItemMessage>()({
  id: copy,
  createdAt: timestampAsDate,
  price: renamed("unitPrice", moneyAsDecimal),
});

export const item: Item = {
  id: "a1",
  createdAt: new Date(1_770_000_000_123),
  price: { currencyCode: "EUR", amount: "24.9" },
};

export const itemMessage: ItemMessage = {
  id: "a1",
  createdAt: { seconds: 1_770_000_000n, nanos: 123_000_000 },
  unitPrice: { currencyCode: "EUR", units: 24n, nanos: 900_000_000 },
};

export const badMessage: ItemMessage = { id: "a1", createdAt: undefined, unitPrice: undefined };
export const badItem: Item = { ...item, createdAt: new Date(Number.NaN) };
