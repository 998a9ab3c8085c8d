import { create, fromBinary } from "@bufbuild/protobuf";
import { createValidator as createProtovalidate } from "@bufbuild/protovalidate";
import { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import * as v from "valibot";
import * as z from "zod";
import { createValidator } from "../src/index.ts";
import { createItemDescriptor } from "./create-item-descriptor.ts";
import type { Row } from "./run.ts";

const sku = /^[A-Za-z0-9._-]{1,64}$/;

const byZod = createValidator<CreateItemRequest>()(
  z.object({
    name: z.string().min(1).max(200),
    description: z.string().max(2_000),
    sku: z.string().regex(sku),
    quantity: z.int32().min(0),
    price: z.number().min(0),
  }),
);

const byValibot = createValidator<CreateItemRequest>()(
  v.object({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    description: v.pipe(v.string(), v.maxLength(2_000)),
    sku: v.pipe(v.string(), v.regex(sku)),
    quantity: v.pipe(v.number(), v.integer(), v.minValue(0)),
    price: v.pipe(v.number(), v.minValue(0)),
  }),
);

const request: CreateItemRequest = {
  name: "Desk lamp",
  description: "A lamp for desks",
  sku: "lamp-1",
  quantity: 10,
  price: 24.9,
};

export function validationRows(): readonly Row[] {
  const descriptor = createItemDescriptor();
  const protovalidate = createProtovalidate();
  const message = create(descriptor, { ...request });
  const bytes = CreateItemRequest.encode(request).finish();
  const bad = { ...request, name: "", quantity: -1 };
  const badMessage = create(descriptor, { ...bad });
  return [
    [
      "validate a request",
      {
        zod: () => byZod.violations(request),
        valibot: () => byValibot.violations(request),
        "protovalidate, of a message ready": () => protovalidate.validate(descriptor, message),
        "protovalidate, made of ts-proto's": () =>
          protovalidate.validate(descriptor, create(descriptor, { ...request })),
        "protovalidate, decoded": () =>
          protovalidate.validate(descriptor, fromBinary(descriptor, bytes)),
      },
    ],
    [
      "find two violations",
      {
        zod: () => byZod.violations(bad),
        valibot: () => byValibot.violations(bad),
        "protovalidate, of a message ready": () => protovalidate.validate(descriptor, badMessage),
      },
    ],
  ];
}
