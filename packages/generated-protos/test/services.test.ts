import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type DescMessage, type DescService, isFieldSet } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import type { MethodDefinition } from "@grpc/grpc-js";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { type Contract, contracts, servicesOf } from "./contracts.ts";
import { messageArbitrary } from "./message-arbitrary.ts";
import type { MessageValue } from "./message-value.ts";

type Definition = Record<string, MethodDefinition<MessageValue, MessageValue>>;

async function definitionOf(contract: Contract, service: DescService): Promise<Definition> {
  const module = await contract.load(service.file);
  return module[`${service.name}Service`] as Definition;
}

/** Expects what the serializer returns to be the encoder's own bytes, and to be read back. */
function expectRoundTrip(
  message: DescMessage,
  serialize: (value: MessageValue) => Buffer,
  deserialize: (bytes: Buffer) => MessageValue,
): void {
  const finish = vi.spyOn(BinaryWriter.prototype, "finish");
  fc.assert(
    fc.property(messageArbitrary(message), (value) => {
      const buffer = serialize(value);
      const encoded = finish.mock.results.at(-1)?.value as Uint8Array<ArrayBuffer>;
      strictEqual(Buffer.isBuffer(buffer), true);
      strictEqual(buffer.buffer, encoded.buffer);
      strictEqual(buffer.byteOffset, encoded.byteOffset);
      strictEqual(buffer.byteLength, encoded.byteLength);
      deepStrictEqual(deserialize(buffer), value);
    }),
  );
}

for (const contract of contracts) {
  for (const service of servicesOf(contract)) {
    it(`${service.typeName} has the methods of its descriptor and no others`, async () => {
      const definition = await definitionOf(contract, service);
      const expected = service.methods.map(({ localName, name, proto }) => [
        localName,
        expect.objectContaining({
          path: `/${service.typeName}/${name}`,
          requestStream: proto.clientStreaming,
          responseStream: proto.serverStreaming,
        }),
      ]);
      expect(definition).toEqual(Object.fromEntries(expected));
    });

    it.each(service.methods)(
      `Property 1: ${service.typeName}.$name serializes without a copy and back (1.5)`,
      async ({ localName, input, output }) => {
        const method = (await definitionOf(contract, service))[localName];
        if (method === undefined) throw new Error(`no method ${localName}`);
        expectRoundTrip(input, method.requestSerialize, method.requestDeserialize);
        expectRoundTrip(output, method.responseSerialize, method.responseDeserialize);
      },
    );

    // The others are copies of other projects' protos.
    if (!/^(common|examples|fixtures)\//.test(service.file.name)) continue;
    it(`${service.typeName} states the idempotency of each method`, () => {
      const { idempotencyLevel } = MethodOptionsSchema.field;
      const silent = service.methods.filter(
        ({ proto }) => !proto.options || !isFieldSet(proto.options, idempotencyLevel),
      );
      expect(silent).toEqual([]);
    });
  }
}
