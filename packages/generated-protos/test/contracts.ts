import {
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { fileDescriptorSet as publishedDescriptors } from "@grpc-kit/generated-protos/descriptors";
import { fileDescriptorSet as fixtureDescriptors } from "@grpc-kit/testing/fixtures/descriptors";

/** A set of protos whose generated code is under test. */
export interface Contract {
  readonly name: string;
  /** The serialised FileDescriptorSet. */
  readonly descriptors: Uint8Array;
  readonly registry: FileRegistry;
  /** Imports the generated module of a proto file. */
  readonly load: (file: DescFile) => Promise<Record<string, unknown>>;
}

function contract(
  name: string,
  descriptors: Uint8Array,
  specifierOf: (protoWithoutSuffix: string) => string,
): Contract {
  return {
    name,
    descriptors,
    registry: createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors)),
    load: (file) => import(specifierOf(file.name)),
  };
}

export const published: Contract = contract(
  "published",
  publishedDescriptors(),
  (file) => `../src/gen/${file}.ts`,
);

export const fixtures: Contract = contract("fixtures", fixtureDescriptors(), (file) =>
  file === "fixtures/kinds" ? "@grpc-kit/testing/fixtures" : `@grpc-kit/testing/fixtures/${file}`,
);

export const contracts: readonly Contract[] = [published, fixtures];

/** Every message, those declared in messages included. */
export function messagesOf({ registry }: Contract): DescMessage[] {
  return [...registry].filter((type) => type.kind === "message");
}

export function servicesOf({ registry }: Contract): DescService[] {
  return [...registry].filter((type) => type.kind === "service");
}

/** The message with this name. */
export function messageOf({ registry }: Contract, typeName: string): DescMessage {
  const message = registry.getMessage(typeName);
  if (message === undefined) throw new Error(`there is no message ${typeName}`);
  return message;
}
