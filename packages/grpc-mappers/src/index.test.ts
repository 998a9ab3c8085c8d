import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("exports no more than this", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toMatchInlineSnapshot(`
    [
      "bytes",
      "copy",
      "createFieldMask",
      "createMapper",
      "createPageTokens",
      "createValidator",
      "decimal",
      "duration",
      "durationAsMs",
      "enumNames",
      "int32",
      "int64",
      "int64AsNumber",
      "lazy",
      "list",
      "mapValues",
      "money",
      "moneyAsDecimal",
      "nested",
      "nullable",
      "oneof",
      "optional",
      "pageSize",
      "renamed",
      "requestValidators",
      "timestamp",
      "timestampAsDate",
      "timestampAsNanoseconds",
      "uint32",
      "uint64",
    ]
  `);
  expect(Object.keys(await import("./page-token.ts")).sort()).toMatchInlineSnapshot(`
    [
      "createPageTokens",
      "pageSize",
    ]
  `);
  expect(Object.keys(await import("./validator.ts")).sort()).toMatchInlineSnapshot(`
    [
      "createValidator",
      "requestValidators",
    ]
  `);
});

it("loads no grpc-js", async () => {
  const loads = async (specifier: string): Promise<string> => {
    const script = `await import("${specifier}");
      const { cache } = process.getBuiltinModule("module").createRequire(process.cwd() + "/");
      console.log(Object.keys(cache).some((path) => path.includes("@grpc/grpc-js")));`;
    const flags = ["--conditions=@grpc-kit/source", "--input-type=module", "--eval", script];
    return (await promisify(execFile)(process.execPath, flags)).stdout.trim();
  };
  expect(await loads("@grpc-kit/testing/fixtures")).toBe("true");
  expect(await loads("@grpc-kit/grpc-mappers")).toBe("false");
});
