import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import {
  DoubleRulesSchema,
  type FieldRules,
  FieldRulesSchema,
  field as fieldRules,
  file_buf_validate_validate,
  Int32RulesSchema,
  StringRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const { STRING, INT32, DOUBLE } = FieldDescriptorProto_Type;

/** CreateItemRequest with rules for protovalidate, which read them from the options of a proto. */
export function createItemDescriptor(): DescMessage {
  const field = (
    name: string,
    number: number,
    type: FieldDescriptorProto_Type,
    rules: FieldRules["type"],
  ) => {
    const options = create(FieldOptionsSchema);
    setExtension(options, fieldRules, create(FieldRulesSchema, { type: rules }));
    const label = FieldDescriptorProto_Label.OPTIONAL;
    return create(FieldDescriptorProtoSchema, {
      name,
      number,
      type,
      label,
      jsonName: name,
      options,
    });
  };
  const text = (rules: { minLen?: bigint; maxLen?: bigint; pattern?: string }) =>
    ({ case: "string", value: create(StringRulesSchema, rules) }) as const;
  const min = { case: "gte", value: 0 } as const;
  const file = create(FileDescriptorProtoSchema, {
    name: "create_item.proto",
    package: "bench",
    syntax: "proto3",
    dependency: ["buf/validate/validate.proto"],
    messageType: [
      {
        name: "CreateItemRequest",
        field: [
          field("name", 1, STRING, text({ minLen: 1n, maxLen: 200n })),
          field("description", 2, STRING, text({ maxLen: 2_000n })),
          field("sku", 3, STRING, text({ pattern: "^[A-Za-z0-9._-]{1,64}$" })),
          field("quantity", 4, INT32, {
            case: "int32",
            value: create(Int32RulesSchema, { greaterThan: min }),
          }),
          field("price", 5, DOUBLE, {
            case: "double",
            value: create(DoubleRulesSchema, { greaterThan: min }),
          }),
        ],
      },
    ],
  });
  const imports = withImports(file_buf_validate_validate);
  const registry = createFileRegistry(file, (name) =>
    imports.find(({ proto }) => proto.name === name),
  );
  const message = registry.getMessage("bench.CreateItemRequest");
  if (message === undefined) {
    throw new Error("there is no message bench.CreateItemRequest");
  }
  return message;
}

function withImports(file: DescFile): readonly DescFile[] {
  return [file, ...file.dependencies.flatMap(withImports)];
}
