import type { DescMessage } from "@bufbuild/protobuf";
import type { Contract } from "./contracts.ts";
import type { MessageCodec, MessageValue } from "./message-value.ts";
import { protobufEsCodec } from "./protobuf-es-codec.ts";
import { protobufjsCodec } from "./protobufjs-codec.ts";

interface GeneratedMessage {
  encode(value: MessageValue): { finish(): Uint8Array };
  decode(bytes: Uint8Array): MessageValue;
}

/** The generated code of a message; throws if there is none. */
export async function tsProtoCodec(
  contract: Contract,
  message: DescMessage,
): Promise<MessageCodec> {
  const name = message.typeName.slice(message.file.proto.package.length + 1).replaceAll(".", "_");
  const module = await contract.load(message.file);
  const generated = module[name] as GeneratedMessage | undefined;
  if (generated === undefined) throw new Error(`no ts-proto codec for ${message.typeName}`);
  return {
    encode: (value) => generated.encode(value).finish(),
    decode: (bytes) => generated.decode(bytes),
  };
}

export const implementations = ["ts-proto", "protobufjs", "protobuf-es"] as const;

/** What encodes and decodes a message, in each implementation. */
export async function codecsOf(
  contract: Contract,
  message: DescMessage,
): Promise<Record<(typeof implementations)[number], MessageCodec>> {
  return {
    "ts-proto": await tsProtoCodec(contract, message),
    protobufjs: protobufjsCodec(contract, message),
    "protobuf-es": protobufEsCodec(message),
  };
}
